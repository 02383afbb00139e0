"""The flow: closed form against integration, conservation laws along it, limits by name, rates, hitting times."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import InvalidInput, catalogue, grokking
from geneft_theory.grokking import CONVENTIONS, TrainingSet, TrainingSets, addition, modular_addition, symmetric_group

seeds = st.integers(0, 10_000)
conventions = st.sampled_from(sorted(CONVENTIONS))
ONE = [(0, 2), (1, 1)]


def table(p):
    return [(i, j) for i in range(p) for j in range(i, p)]


def drawn(p, size, seed):
    return TrainingSets.draw(addition(p), size=size, draws=1, seed=seed)[0]


def parallelograms(training_set):
    """Return the rows of all permissible parallelograms, by enumeration."""
    pairs, labels, p = training_set.pairs, training_set.labels, training_set.p
    return np.array(
        [
            np.bincount(pairs[q], minlength=p) - np.bincount(pairs[r], minlength=p)
            for q, r in itertools.combinations(range(len(pairs)), 2)
            if labels[q] == labels[r]
        ]
    ).reshape(-1, p)


def velocity(embeddings, rows, divisor):
    """Return minus the gradient of the effective loss, parallelogram by parallelogram."""
    defects = rows @ embeddings
    loss, norm = (defects**2).sum() / divisor, (embeddings**2).sum()
    return -2 * rows.T @ defects / (divisor * norm) + 2 * loss / norm**2 * embeddings


def integrated(t, start, training_set, mean):
    rows = parallelograms(training_set)
    divisor = len(rows) if mean and len(rows) else 1

    def motion(_, flat):
        return velocity(flat.reshape(start.shape), rows, divisor).ravel()

    done = solve_ivp(motion, (0, t[-1]), start.ravel(), t_eval=t, method="DOP853", rtol=1e-11, atol=1e-13)
    assert done.success
    return done.y.T.reshape(-1, *start.shape)


@given(seeds, st.integers(3, 8), st.integers(1, 2), st.floats(0.1, 1), conventions)
def test_the_closed_form_is_the_integrated_flow(seed, p, d, fraction, convention):
    training_set = drawn(p, round(fraction * p * (p + 1) / 2), seed)
    given_embeddings = np.random.default_rng(seed).standard_normal((p, d)) + 0.5
    start = grokking.trajectory(0, given_embeddings, training_set, convention=convention)
    values = np.linalg.eigvalsh(grokking.gram(training_set).astype(float))
    rows = len(parallelograms(training_set))
    norm = (start**2).sum()
    fastest = 2 * values[-1] / (norm * (rows if CONVENTIONS[convention].mean and rows else 1))
    t = np.array([0.1, 1.0, 5.0, 20.0]) / max(fastest, 1e-3)
    closed = grokking.trajectory(t, given_embeddings, training_set, convention=convention)
    followed = integrated(t, start, training_set, CONVENTIONS[convention].mean)
    np.testing.assert_allclose(closed, followed, atol=2e-9 * np.sqrt(norm))


@given(seeds, st.integers(3, 12), st.integers(1, 3), conventions)
def test_the_start_is_normalised_as_the_convention_says(seed, p, d, convention):
    embeddings = 3 * np.random.default_rng(seed).standard_normal((p, d)) - 2
    start = grokking.trajectory(0, embeddings, drawn(p, p, seed), convention=convention)
    wanted = CONVENTIONS[convention]
    if wanted.norm == "as_given":
        np.testing.assert_allclose(start, embeddings, atol=1e-13)
        return
    np.testing.assert_allclose(start.sum(axis=0), 0, atol=1e-13)
    assert (start**2).sum() == pytest.approx({"population": p, "unbiased": p - 1, "unit": 1}[wanted.norm])
    centred = embeddings - embeddings.mean(axis=0)
    np.testing.assert_allclose(start, centred * np.sqrt((start**2).sum() / (centred**2).sum()), atol=1e-12)


@given(seeds, st.integers(3, 10), st.floats(0, 1e12), conventions)
def test_what_is_conserved_along_it(seed, p, t, convention):
    training_set = drawn(p, max(2, p), seed)
    embeddings = np.random.default_rng(seed).standard_normal(p) + 1
    start, later = grokking.trajectory([0, t], embeddings, training_set, convention=convention)
    assert (later**2).sum() == pytest.approx((start**2).sum(), rel=1e-12)
    if CONVENTIONS[convention].norm != "as_given":
        assert abs(later.sum()) < 1e-12
        return
    ramp = np.arange(p) - (p - 1) / 2
    # Every zero mode grows by one factor, at least 1.
    first, second = later.sum() / start.sum(), (ramp @ later) / (ramp @ start)
    assert first == pytest.approx(second, rel=1e-10)
    assert first >= 1 - 1e-12


@given(seeds, st.integers(4, 10))
def test_a_centre_that_is_not_zero_grows_to_its_final_value(seed, p):
    # CORRECTED: it is not conserved.
    embeddings = np.random.default_rng(seed).standard_normal(p) + 1
    ramp = np.arange(p) - (p - 1) / 2
    end = grokking.final(embeddings, TrainingSet.complete(addition(p)), convention="sum_as_given")
    stated = catalogue["grokking.centre.final"](
        centre=embeddings.sum(), slope=ramp @ embeddings, squared_norm=(embeddings**2).sum(), p=p
    )
    assert end.sum() == pytest.approx(float(stated), rel=1e-10)
    assert abs(end.sum()) > abs(embeddings.sum())


@given(seeds, st.floats(0, 10), st.floats(0, 10), conventions)
def test_a_restart_goes_on(seed, first, second, convention):
    training_set = drawn(7, 20, seed)
    embeddings = np.random.default_rng(seed).standard_normal((7, 2))
    once = grokking.trajectory(first + second, embeddings, training_set, convention=convention)
    midway = grokking.trajectory(first, embeddings, training_set, convention=convention)
    np.testing.assert_allclose(
        grokking.trajectory(second, midway, training_set, convention=convention), once, atol=1e-10
    )


@given(seeds, st.integers(1, 55), conventions)
def test_any_time_is_stable_and_the_last_is_the_limit(seed, size, convention):
    training_set = drawn(10, size, seed)
    embeddings = np.random.default_rng(seed).uniform(-0.5, 0.5, (10, 1))
    times = np.array([0, 1e-300, 1e-3, 1, 1e3, 1e6, 1e12, 1e300])
    path = grokking.trajectory(times, embeddings, training_set, convention=convention)
    assert np.all(np.isfinite(path))
    end = grokking.final(embeddings, training_set, convention=convention)
    np.testing.assert_allclose(path[-2:], np.stack([end, end]), atol=1e-12 * np.abs(end).max())
    loss = grokking.effective_loss(path, training_set, convention=convention)
    assert np.all(np.diff(loss) <= 1e-12 * loss[0])
    assert loss[-1] == pytest.approx(0, abs=1e-12 * max(loss[0], 1e-3))
    if grokking.nullity(training_set) == 2:
        assert grokking.rqi(end) == 1


@pytest.mark.parametrize("size", [25, 35, 45, 55])
def test_an_eigenvector_stays_where_it_is_for_all_times(size):
    training_set = drawn(10, size, 4)
    values, vectors = np.linalg.eigh(grokking.gram(training_set).astype(float))
    times = np.array([0, 1.0, 1e6, 1e12])
    for mode in range(10 - len(values[values > 1e-9]), 10):
        start = vectors[:, mode]
        path = grokking.trajectory(times, start, training_set, convention="sum_as_given")
        np.testing.assert_allclose(path, np.broadcast_to(start, path.shape), atol=1e-12)
        loss = grokking.effective_loss(start, training_set, convention="sum_as_given")
        assert loss == pytest.approx(values[mode], rel=1e-12)
        assert loss == pytest.approx(float(catalogue["grokking.stationary"](rate=2 * values[mode], squared_norm=1)))


@given(seeds, st.integers(3, 9), st.integers(1, 3))
def test_the_effective_loss_is_a_mean_of_squares(seed, p, d):
    training_set = drawn(p, p * (p + 1) // 2 - 2, seed)
    embeddings = np.random.default_rng(seed).standard_normal((p, d))
    centred = embeddings - embeddings.mean(axis=0)
    rows = parallelograms(training_set)
    total = ((rows @ embeddings) ** 2).sum() / (centred**2).sum()
    assert grokking.effective_loss(embeddings, training_set, convention="code") == pytest.approx(total, rel=1e-10)
    mean = total / max(len(rows), 1)
    assert grokking.effective_loss(embeddings, training_set) == pytest.approx(mean, rel=1e-10)


@given(seeds, st.floats(0, 3))
def test_reversing_the_symbols_reverses_the_flow(seed, t):
    training_set = drawn(8, 25, seed)
    mirrored = TrainingSet(7 - training_set.pairs, addition(8))
    embeddings = np.random.default_rng(seed).standard_normal(8)
    np.testing.assert_allclose(
        grokking.trajectory(t, embeddings[::-1], mirrored),
        grokking.trajectory(t, embeddings, training_set)[::-1],
        atol=1e-11,
    )


@pytest.mark.parametrize("convention", ["paper", "code"])
def test_amplitude_and_loss_fall_at_the_rates_stated(convention):
    training_set = drawn(10, 45, 0)
    embeddings = np.random.default_rng(1).uniform(-0.5, 0.5, 10)
    rate = grokking.grokking_rate(training_set, convention)
    t = np.array([8.0, 12.0]) / rate
    path = grokking.trajectory(t, embeddings, training_set, convention=convention)
    line = grokking.final(embeddings, training_set, convention=convention)
    distance = np.linalg.norm(path - line, axis=1)
    assert -np.log(distance[1] / distance[0]) / (t[1] - t[0]) == pytest.approx(rate, rel=0.01)
    loss = grokking.effective_loss(path[..., None], training_set, convention=convention)
    of_loss = grokking.grokking_rate(training_set, convention, of="loss")
    assert -np.log(loss[1] / loss[0]) / (t[1] - t[0]) == pytest.approx(of_loss, rel=0.01)
    assert of_loss == 2 * rate


def test_conventions_change_the_clock_and_nothing_else():
    training_set = drawn(10, 45, 2)
    embeddings = np.random.default_rng(3).uniform(-0.5, 0.5, 10)
    ends = {}
    for name, each in CONVENTIONS.items():
        if each.norm == "as_given":
            continue
        rate = grokking.grokking_rate(training_set, name)
        shape = grokking.trajectory(1.5 / rate, embeddings, training_set, convention=name)
        ends[name] = shape / np.linalg.norm(shape)
        assert grokking.hitting_time(embeddings, training_set, convention=name) * rate == pytest.approx(
            grokking.hitting_time(embeddings, training_set) * grokking.grokking_rate(training_set), rel=1e-9
        )
    for shape in ends.values():
        np.testing.assert_allclose(shape, ends["paper"], atol=1e-12)


def test_time_in_embeddings_as_given_is_in_units_of_their_squared_norm():
    training_set = drawn(6, 18, 0)
    embeddings = np.random.default_rng(0).standard_normal(6)
    for scale in (1e-3, 1e3):
        np.testing.assert_allclose(
            grokking.trajectory(2.0 * scale**2, scale * embeddings, training_set, convention="sum_as_given"),
            scale * grokking.trajectory(2.0, embeddings, training_set, convention="sum_as_given"),
            rtol=1e-9,
        )


def test_steps_of_the_two_conventions():
    # The dossier's medians for 45 of 55 pairs at a learning rate of 1e-3, where 3 n_h is 4.7e4 or 1000 steps.
    sets = TrainingSets.draw(addition(10), size=45, draws=4000, seed=5)
    for convention, expected in (("mean_unbiased", 1.56e4), ("code", 334)):
        steps = np.sort(grokking.grokking_steps(sets, 1e-3, convention))
        # A median's interval by ranks, at four standard errors of the rank.
        low, high = steps[[round(2000 - 4 * np.sqrt(1000)), round(2000 + 4 * np.sqrt(1000))]]
        assert low <= expected <= high


@pytest.mark.parametrize(
    ("size", "averaged", "third"), [(23, 0.0405, 0.226), (25, 0.0933, 0.645), (35, 0.350, 4.852), (50, 0.705, 20.27)]
)
def test_median_rates_of_random_training_sets(size, averaged, third):
    sets = TrainingSets.draw(addition(10), size=size, draws=2500, seed=size)
    # By ranks, at four standard errors of the rank.
    middle = [1250 - 100, 1250 + 100]
    for convention, expected in (("mean_unit", averaged), ("sum_unit", 2 * third)):
        low, high = np.sort(grokking.grokking_rate(sets, convention))[middle]
        assert low <= expected <= high


def test_a_rate_of_zero_is_exact():
    sets = TrainingSets.draw(addition(10), size=22, draws=2000, seed=1)
    rate = grokking.grokking_rate(sets)
    np.testing.assert_array_equal(rate == 0, grokking.nullity(sets) > 2)
    assert rate[rate > 0].min() > 1e-4
    assert rate[7] == pytest.approx(grokking.grokking_rate(sets[7]))
    np.testing.assert_array_equal(np.isinf(grokking.grokking_time(sets)), rate == 0)


def test_the_code_s_frozen_norm_makes_the_norm_unstable():
    # The paper's code keeps Z_0 = 9 in the gradient, sums over the whole table and takes Euler steps of 1e-3.
    gram = grokking.gram(TrainingSet.complete(addition(10))).astype(float)
    starts = np.random.default_rng(0).uniform(-0.5, 0.5, (200, 10, 1))
    start = np.stack([grokking.trajectory(0, each, table(10), convention="code")[:, 0] for each in starts])
    growth = {}
    for frozen in (False, True):
        embeddings = start
        for _ in range(3000):
            norm = 9.0 if frozen else (embeddings**2).sum(axis=1, keepdims=True)
            pull = embeddings @ gram
            loss = (embeddings * pull).sum(axis=1, keepdims=True)
            embeddings = embeddings - 1e-3 * (2 * pull / norm - 2 * loss / norm**2 * embeddings)
            embeddings = np.clip(embeddings, -1e6, 1e6)  # some starts diverge
        growth[frozen] = np.sqrt((embeddings**2).sum(axis=1)) / 3 - 1
    assert np.all(growth[False] > 0)
    assert growth[False].max() < 0.004
    assert np.median(growth[True]) > 2 * np.median(growth[False])
    assert np.mean(growth[True] > 0.1) > 0.05


def test_modular_addition_is_driven_to_collapse():
    whole = TrainingSet.complete(modular_addition(5))
    assert grokking.nullity(whole) == 1
    assert grokking.grokking_rate(whole) > 0
    # Without a constant part nothing is left to collapse to, and embeddings end at the slowest mode.
    end = grokking.final(np.arange(5.0) ** 2, whole)
    assert grokking.effective_loss(end, whole, convention="sum_unit") > 0.1
    ones = grokking.final(np.arange(5.0) ** 2, whole, convention="sum_as_given")
    np.testing.assert_allclose(ones, ones[0])


def test_training_sets_without_a_parallelogram_leave_everything_where_it_is():
    for pairs in ([], [(0, 1)], [(0, 0), (0, 1), (4, 4)]):
        embeddings = np.random.default_rng(0).standard_normal((5, 2))
        start, later = grokking.trajectory([0, 1e12], embeddings, pairs)
        np.testing.assert_allclose(later, start, atol=1e-14)
        assert grokking.effective_loss(embeddings, pairs) == 0
        assert grokking.grokking_rate(pairs, p=5) == 0
        assert np.isinf(grokking.hitting_time(embeddings, pairs))
        assert grokking.hitting_time(np.arange(5), pairs) == 0


@given(seeds, st.integers(22, 55), st.integers(1, 2))
def test_the_hitting_time_is_where_rqi_crosses(seed, size, d):
    training_set = drawn(10, size, seed)
    embeddings = np.random.default_rng(seed).uniform(-0.5, 0.5, (10, d))
    t = grokking.hitting_time(embeddings, training_set)
    if np.isinf(t):
        assert grokking.rqi(grokking.final(embeddings, training_set)) <= 0.95
        return
    assert t > 0
    before, after = grokking.trajectory([t * (1 - 1e-9), t * (1 + 1e-9)], embeddings, training_set)
    assert grokking.rqi(before) <= 0.95 < grokking.rqi(after)


@pytest.mark.parametrize("size", [30, 45, 54])
def test_rqi_passes_its_threshold_after_about_four_grokking_times(size):
    # Median 3.5 to 4.3, quartiles 2.8 and 5.1, over training sets with a positive rate and random starts.
    sets = TrainingSets.draw(addition(10), size=size, draws=80, seed=size)
    rates = grokking.grokking_rate(sets)
    generator = np.random.default_rng(size)
    times = [
        grokking.hitting_time(generator.uniform(-0.5, 0.5, (4, 10, 1)), sets[k]) * rate
        for k, rate in enumerate(rates)
        if rate > 0
    ]
    pooled = np.concatenate(times)
    # With an interquartile range of 2.3 and 70 training sets or more, four standard errors of a median are 1.0 at most.
    assert 3.5 - 1.0 < np.median(pooled) < 4.3 + 1.0
    assert np.quantile(pooled, 0.25) > 2.0
    assert np.quantile(pooled, 0.75) < 6.0


def test_an_ensemble_is_its_members():
    embeddings = np.random.default_rng(0).standard_normal((3, 1, 6, 2))
    training_set = drawn(6, 18, 0)
    t = np.array([0.0, 1.0, 10.0, 100.0])
    path = grokking.trajectory(t, embeddings, training_set)
    times = grokking.hitting_time(embeddings[:, 0], training_set)
    assert path.shape == (3, 4, 6, 2)
    for member, moment in np.ndindex(3, 4):
        alone = grokking.trajectory(t[moment], embeddings[member, 0], training_set)
        np.testing.assert_allclose(path[member, moment], alone, atol=1e-14)
    for member in range(3):
        assert times[member] == pytest.approx(float(grokking.hitting_time(embeddings[member, 0], training_set)))


def test_a_plain_list_is_one_dimension():
    embeddings = np.random.default_rng(0).standard_normal(6)
    training_set = drawn(6, 18, 0)
    flat = grokking.trajectory([0, 2.0], embeddings, training_set)
    np.testing.assert_array_equal(flat, grokking.trajectory([0, 2.0], embeddings[:, None], training_set)[..., 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grokking.trajectory(-1, [0, 1, 3], ONE), r"t must lie in \[0, inf\); got -1"),
        (lambda: grokking.trajectory(np.nan, [0, 1, 3], ONE), "t must lie"),
        (lambda: grokking.trajectory(1, [0, np.nan, 3], ONE), "embeddings must lie"),
        (lambda: grokking.trajectory(1, [2, 2, 2], ONE), "must differ between symbols"),
        (lambda: grokking.trajectory(1, [0, 0, 0], ONE, convention="sum_as_given"), "embeddings must have an entry"),
        (lambda: grokking.trajectory(1, [1], [(0, 0)]), "at least 2 symbols"),
        (lambda: grokking.trajectory(1, [0, 1, 3], [(0, 3)]), "pairs must hold symbols"),
        (lambda: grokking.trajectory(1, [0, 1, 3], ONE, convention="papers"), "convention must be one of paper, code"),
        (lambda: grokking.trajectory([1, 2], np.ones((3, 3, 1)), ONE), "embeddings must differ"),
        (lambda: grokking.trajectory([1, 2], np.eye(3)[:, :, None], ONE), "leading axes that broadcast"),
        (lambda: grokking.trajectory(1, [0, 1, 3, 4], TrainingSet(ONE, addition(3))), "embeddings must have shape"),
        (lambda: grokking.trajectory(1, np.arange(6), [], operation=symmetric_group()), "must add embeddings"),
        (lambda: grokking.grokking_rate(ONE, "sum_as_given", p=3), "convention must be one of"),
        (lambda: grokking.grokking_rate(ONE, p=1), "p must be an integer >= 2"),
        (lambda: grokking.grokking_rate(ONE, p=3, of="rqi"), "of must be one of amplitude, loss"),
        (lambda: grokking.grokking_steps(ONE, 0, p=3), "learning_rate must lie"),
        (lambda: grokking.hitting_time([0, 1, 3], ONE, quality_above=1), "quality_above must lie"),
        (lambda: grokking.hitting_time([0, 1], []), "two samples with one label"),
        (lambda: grokking.effective_loss([0, 1, np.inf], ONE), "embeddings must lie"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(InvalidInput, match=message) as refusal:
        call()
    assert "\n" not in str(refusal.value)
