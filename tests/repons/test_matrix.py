"""A pair in d dimensions: what is conserved, what it decides, and the law for Gaussian starts."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.stats import f as f_distribution

from geneft_theory import InvalidInput, catalogue
from geneft_theory.repons import matrix, pair
from geneft_theory.symbolic import GradientFlow

seeds = st.integers(0, 2**32 - 1)
rates = st.floats(0.05, 5)


def draw(seed, outputs, dimension, count=None):
    rng = np.random.default_rng(seed)
    leading = () if count is None else (count,)
    return rng.normal(size=(*leading, outputs, dimension)), rng.normal(size=(*leading, dimension))


def integrate(decoder, separation, eta_decoder, eta_encoder, time, hessian=None):
    """Follow the pair with SciPy's integrator; `hessian` is a function of time."""
    outputs, dimension = decoder.shape

    def velocity(t, state):
        a, r = state[: outputs * dimension].reshape(outputs, dimension), state[outputs * dimension :]
        weight = np.eye(outputs) if hessian is None else hessian(t)
        pull = weight @ a @ r
        return np.concatenate([(-2 * eta_decoder * np.outer(pull, r)).ravel(), -eta_encoder * (a.T @ pull)])

    start = np.concatenate([decoder.ravel(), separation])
    end = solve_ivp(velocity, (0, time), start, method="LSODA", rtol=1e-10, atol=1e-13).y[:, -1]
    return end[: outputs * dimension].reshape(outputs, dimension), end[outputs * dimension :]


@given(seeds, st.integers(1, 4), st.integers(1, 3), rates, rates)
def test_the_matrix_is_conserved_for_any_weighting_of_the_outputs(seed, outputs, dimension, eta_decoder, eta_encoder):
    decoder, separation = draw(seed, outputs, dimension)
    left, right = np.random.default_rng(seed + 1).normal(size=(2, outputs, outputs))
    # An indefinite one would lead to infinity in finite time.
    hessian = lambda t: np.cos(9 * t) ** 2 * left @ left.T + np.sin(9 * t) ** 2 * right @ right.T  # noqa: E731
    before = matrix.invariant(decoder, separation, eta_decoder, eta_encoder)
    after = matrix.invariant(
        *integrate(decoder, separation, eta_decoder, eta_encoder, 0.5, hessian), eta_decoder, eta_encoder
    )
    np.testing.assert_allclose(after, before, atol=1e-8 * (1 + np.abs(before).max()))


@given(seeds, st.integers(1, 4), st.integers(1, 3), rates, rates)
def test_the_end_of_an_integration_is_the_predicted_one(seed, outputs, dimension, eta_decoder, eta_encoder):
    decoder, separation = draw(seed, outputs, dimension)
    state = (decoder, separation, eta_decoder, eta_encoder)
    # The slowest direction relaxes at a rate proportional to the distance from a tie.
    gap = np.abs(np.linalg.eigvalsh(matrix.invariant(*state))).min()
    time = min(60 / (eta_decoder * eta_encoder * max(gap, 0.02)), 1e5)
    _, end = integrate(*state, time)
    predicted = matrix.final_vector(*state)
    assert np.linalg.norm(predicted) == pytest.approx(float(matrix.final_separation(*state)), abs=1e-12)
    if matrix.collapses(*state):
        assert np.all(predicted == 0)
        # Closer to a tie than the time allows for, it falls as t^(-1/2) only.
        assert np.linalg.norm(end) < (1e-6 if gap > 0.02 else 4 / np.sqrt(eta_decoder * time))
    elif gap > 0.02:
        np.testing.assert_allclose(end, predicted, atol=1e-6 * np.linalg.norm(separation))


@given(seeds, st.integers(1, 5), st.integers(1, 4), rates, rates)
def test_it_agrees_with_the_eigenvalues_of_the_invariant(seed, outputs, dimension, eta_decoder, eta_encoder):
    state = (*draw(seed, outputs, dimension), eta_decoder, eta_encoder)
    conserved = matrix.invariant(*state)
    values, vectors = np.linalg.eigh(conserved)
    rounding = 1e-13 * np.abs(values).max()
    if abs(values[0]) > rounding:
        assert matrix.collapses(*state) == (values[0] > 0)
        assert (matrix.margin(*state) > 0) == (values[0] > 0)
    left = max(0.0, -float(values[0]))
    assert matrix.final_separation(*state) ** 2 == pytest.approx(eta_encoder * left, abs=10 * eta_encoder * rounding)
    if left > 1e-3:
        vector = matrix.final_vector(*state)
        assert vector @ state[1] > 0
        np.testing.assert_allclose(np.abs(vectors[:, 0] @ vector), np.linalg.norm(vector), rtol=1e-9)


@given(st.floats(-3, 3), st.floats(-3, 3), rates, rates)
def test_one_dimension_is_the_pair(a, c, eta_decoder, eta_encoder):
    assert matrix.invariant([[a]], [c], eta_decoder, eta_encoder)[0, 0] == pytest.approx(
        float(pair.invariant(a, c, eta_decoder, eta_encoder)), abs=1e-12
    )
    _, left = pair.final(a, c, eta_decoder, eta_encoder)
    assert matrix.final_vector([[a]], [c], eta_decoder, eta_encoder)[0] == pytest.approx(float(left), abs=2e-7)


@given(seeds, st.floats(0.01, 100), st.floats(0.01, 100))
def test_units_of_time_and_length_and_rotations_change_nothing(seed, faster, longer):
    decoder, separation = draw(seed, 3, 2)
    margin, left = matrix.margin(decoder, separation, 0.7, 0.3), matrix.final_separation(decoder, separation, 0.7, 0.3)
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(2, 2)))
    mix, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    same = (mix @ decoder @ turn.T, turn @ separation, 0.7 * faster, 0.3 * faster)
    assert matrix.margin(*same) == pytest.approx(float(margin), abs=1e-9)
    assert matrix.final_separation(*same) == pytest.approx(float(left), abs=1e-7)
    # Longer embeddings and a smaller decoder at the same outputs: the rates scale with the squares.
    rescaled = (decoder / longer, separation * longer, 0.7 / longer**2, 0.3 * longer**2)
    assert matrix.margin(*rescaled) == pytest.approx(float(margin), abs=1e-9)
    assert matrix.final_separation(*rescaled) == pytest.approx(float(left) * longer, abs=1e-7 * longer)


@given(seeds, st.floats(1.01, 10))
def test_a_faster_decoder_collapses_less_and_leaves_more(seed, factor):
    state = draw(seed, 3, 2)
    assert matrix.margin(*state, factor, 1) == pytest.approx(float(matrix.margin(*state, 1, 1)) - np.log(factor))
    assert matrix.final_separation(*state, factor, 1) >= matrix.final_separation(*state, 1, 1) - 1e-12


def test_directions_out_of_reach():
    # One output pulls along its own direction only.
    np.testing.assert_allclose(matrix.final_vector([[2.0, 0.0]], [0.1, 0.5], 1e-9, 1), [0, 0.5], atol=1e-8)
    assert matrix.margin([[1, 2, 2]], [0.1, 0.2, 0.2], 1, 1) > 0
    assert matrix.margin([[1, 2, 2]], [0.1, 0.2, 0.2 + 1e-12], 1, 1) == -np.inf
    # Rank and range are decided up to rounding: a combination of two rows is in reach, whatever the rounding.
    rng = np.random.default_rng(0)
    decoder = rng.normal(size=(1000, 2, 4))
    within = 0.01 * np.einsum("mk,mkd->md", rng.normal(size=(1000, 2)), decoder)
    assert np.all(np.isfinite(matrix.margin(decoder, within, 1, 1)))
    assert np.all(matrix.margin(decoder, rng.normal(size=(1000, 4)), 1, 1) == -np.inf)


def test_limits():
    assert matrix.margin([[1.0]], [0.0], 1, 1) == np.inf
    assert matrix.collapses([[0.0]], [0.0], 1, 1)
    assert matrix.final_separation([[0.0, 0.0]], [3.0, 4.0], 1, 1) == 5
    np.testing.assert_array_equal(matrix.final_vector([[0.0, 0.0]], [3.0, 4.0], 1, 1), [3, 4])
    # An exact tie: a^2/(2 eta_A) = c^2/eta_x without rounding.
    assert matrix.margin([[2.0]], [1.0], 2, 1) == 0
    assert matrix.collapses([[2.0]], [1.0], 2, 1)
    assert matrix.final_separation([[2.0]], [1.0], 2, 1) == 0
    # Extreme scales neither overflow nor lose the answer.
    assert matrix.final_separation([[1e-90]], [1e-90], 1, 1) == pytest.approx(1e-90 * np.sqrt(0.5))
    assert matrix.collapses([[1e100]], [1e-300], 1e100, 1e-100)
    assert np.isfinite(matrix.margin([[1e100]], [1e-300], 1e-100, 1e100))
    assert np.isfinite(matrix.invariant([[1e100]], [1e100], 1e-100, 1e-100)).all()


@given(st.floats(1e-12, 0.5))
def test_a_small_remainder_keeps_its_digits(left):
    # sqrt(eta_x |lambda_min|) by a rounded eigenvalue would be wrong from 1e-8 on: M has entries of size 1.
    decoder, separation = np.diag([1.0, 0.0]) * np.sqrt(2), np.array([0.5, left])
    # 0.25/(1 + c^2) + left^2/c^2 = 1, the root written without cancellation.
    rest = 0.75 - left**2
    square = 2 * left**2 / (rest + np.hypot(rest, 2 * left))
    assert matrix.final_separation(decoder, separation, 1, 1) == pytest.approx(np.sqrt(square), rel=1e-13)


def test_everything_broadcasts_and_a_batch_equals_a_loop():
    decoder, separation = draw(1, 2, 3, 5)
    eta = np.array([0.1, 1.0, 3.0])[:, None]
    for function in (matrix.invariant, matrix.margin, matrix.collapses, matrix.final_separation, matrix.final_vector):
        batch = function(decoder, separation, eta, 0.5, [1, 2, 3, 4, 5])
        assert batch.shape[:2] == (3, 5)
        for i, j in np.ndindex(3, 5):
            one = function(decoder[j], separation[j], eta[i, 0], 0.5, j + 1)
            np.testing.assert_allclose(batch[i, j], one, rtol=1e-12, atol=1e-14)


def test_outputs_that_the_loss_does_not_curve_in_do_not_count():
    rng = np.random.default_rng(3)
    decoder, separation = np.array([[2.0, 0.3], [2.1, -0.2], [1.9, 0.1]]), np.array([0.6, 0.4])
    root = rng.normal(size=(3, 3)) - 0.0
    root -= root.mean(axis=0)
    hessian = root @ root.T
    np.testing.assert_allclose(hessian @ np.ones(3), 0, atol=1e-12)
    part = matrix.trained_part(decoder, hessian)
    np.testing.assert_allclose(part, decoder - decoder.mean(axis=0), atol=1e-12)
    a, r = integrate(decoder, separation, 1.0, 1.0, 3e4, lambda t: hessian)
    # The mean over outputs does not train, M is conserved, and yet it is the trained part that decides.
    np.testing.assert_allclose(a.mean(axis=0), decoder.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(matrix.invariant(a, r, 1, 1), matrix.invariant(decoder, separation, 1, 1), atol=1e-8)
    np.testing.assert_allclose(r, matrix.final_vector(part, separation, 1, 1), atol=1e-6)
    assert np.linalg.norm(r) > 1.2 * matrix.final_separation(decoder, separation, 1, 1)


def test_a_hessian_that_fades_away_stops_the_pair_on_the_way():
    decoder, separation = np.array([[1.0]]), np.array([0.4])
    assert matrix.collapses(decoder, separation, 0.1, 0.1)
    _, r = integrate(decoder, separation, 0.1, 0.1, 200, lambda t: np.array([[np.exp(-t)]]))
    assert r[0] > 0.3


def test_a_cluster_slows_nothing_but_the_decoder():
    # One repon and N coincident partners, each with its own gradient, the weighted centroid at zero.
    size, eta_decoder, eta_encoder = 3, 0.4, 0.9
    rng = np.random.default_rng(5)
    decoder, half = rng.normal(size=(3, 2)), 2 * rng.normal(size=2)
    places = np.vstack([2 * half * size / (size + 1), *[-2 * half / (size + 1)] * size])

    def velocity(t, state):
        a, x = state[:6].reshape(3, 2), state[6:].reshape(-1, 2)
        out = x @ a.T
        return np.concatenate([(-eta_decoder * out.T @ x).ravel(), (-eta_encoder * out @ a).ravel()])

    start = np.concatenate([decoder.ravel(), places.ravel()])
    end = solve_ivp(velocity, (0, 2000), start, method="LSODA", rtol=1e-10, atol=1e-13).y[6:, -1].reshape(-1, 2)
    predicted = matrix.final_vector(decoder, half, eta_decoder, eta_encoder, size)
    assert np.linalg.norm(predicted) > 0.05
    np.testing.assert_allclose((end[0] - end[1]) / 2, predicted, atol=1e-6)


@given(seeds, st.integers(1, 3), st.integers(0, 4), rates, rates, st.floats(0.3, 3), st.integers(1, 5))
def test_the_probability_is_the_share_of_gaussian_starts(seed, dimension, extra, eta_decoder, eta_encoder, sigma, size):
    draws, outputs = 4000, dimension + extra
    decoder, separation = draw(seed, outputs, dimension, draws)
    share = matrix.collapses(decoder * sigma, separation, eta_decoder, eta_encoder, size).mean()
    law = matrix.collapse_probability(eta_decoder, eta_encoder, dimension, outputs, sigma, 1, size)
    # Four standard errors of the mean of 4000 draws.
    assert abs(share - law) <= 4 * np.sqrt(law * (1 - law) / draws)


@given(st.integers(1, 6), st.integers(0, 30), rates, rates, st.floats(0.1, 10), st.floats(0.1, 10))
def test_the_probability_is_the_f_law(dimension, extra, eta_decoder, eta_encoder, sigma_a, sigma_c):
    outputs = dimension + extra
    square = (sigma_a / sigma_c) ** 2 * eta_encoder / (2 * eta_decoder)
    law = f_distribution.cdf(square * (extra + 1) / dimension, dimension, extra + 1)
    arguments = {
        "eta_decoder": eta_decoder,
        "eta_encoder": eta_encoder,
        "dimension": dimension,
        "outputs": outputs,
        "sigma_a": sigma_a,
        "sigma_c": sigma_c,
    }
    probability = matrix.collapse_probability(**arguments)
    assert probability == pytest.approx(law, abs=1e-12)
    assert catalogue["repons.matrix.collapse_probability"](**arguments) == pytest.approx(law, abs=1e-12)
    if 1e-6 < probability < 1 - 1e-6:
        ratio = matrix.critical_ratio(probability, dimension, outputs, sigma_a, sigma_c)
        assert ratio == pytest.approx(eta_decoder / eta_encoder, rel=1e-6)


@given(rates, rates, st.floats(0.1, 10), st.floats(0.1, 10), st.integers(1, 10))
def test_one_dimension_and_one_output_is_the_arctangent_law(eta_decoder, eta_encoder, sigma_a, sigma_c, size):
    law = pair.collapse_probability(eta_decoder, eta_encoder, sigma_a, sigma_c, size)
    mine = matrix.collapse_probability(eta_decoder, eta_encoder, 1, 1, sigma_a, sigma_c, size)
    assert mine == pytest.approx(float(law), abs=1e-12)
    assert matrix.critical_ratio(law, 1, 1, sigma_a, sigma_c, size) == pytest.approx(
        eta_decoder / eta_encoder, rel=1e-7
    )


def test_more_outputs_and_fewer_dimensions_collapse_more():
    law = matrix.collapse_probability(1, 1, np.arange(1, 6)[:, None], np.arange(1, 12))
    assert np.all(np.diff(law, axis=1) >= 0)
    assert np.all(np.diff(law, axis=0) <= 0)
    assert np.all(law[np.tril_indices(5, -1)] == 0)
    assert matrix.collapse_probability(1e-100, 1e100, 2, 3, 1e300, 1e-300) == 1
    assert 0 <= matrix.collapse_probability(1e100, 1e-100, 1, 1, 1e-300, 1e300) < 1e-200
    assert np.isfinite(matrix.critical_ratio([1e-30, 1 - 1e-15], 1, 40, 1e50, 1e-50)).all()


def test_the_invariants_of_a_pair_are_those_of_the_matrix_and_no_others():
    eta_decoder, eta_encoder = sympy.symbols("eta_A eta_x", positive=True)
    decoder = sympy.Matrix(2, 2, sympy.symbols("a_0:4", real=True))
    half = sympy.Matrix(2, 1, sympy.symbols("r_0:2", real=True))
    # Rates 2 eta_A for A and eta_x for r of the potential |A r|^2/2.
    flow = GradientFlow(
        ((decoder * half).T * (decoder * half))[0] / 2,
        dict.fromkeys(decoder, 2 * eta_decoder) | dict.fromkeys(half, eta_encoder),
    )
    conserved = decoder.T * decoder / (2 * eta_decoder) - half * half.T / eta_encoder
    assert all(flow.rate_of_change(entry) == 0 for entry in conserved)
    found = flow.polynomial_invariants(2)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: matrix.invariant([1, 2], [1], 1, 1), r"decoder must have shape \(..., p, d\); got \(2,\)"),
        (lambda: matrix.invariant(np.zeros((0, 2)), [1, 2], 1, 1), r"decoder must have shape"),
        (lambda: matrix.invariant([[1, 2]], 3, 1, 1), r"separation must have shape \(..., d\); got \(\)"),
        (lambda: matrix.margin([[1, 2]], [1], 1, 1), "must agree in their last axis"),
        (lambda: matrix.collapses([[1]], [1], -1, 1), r"eta_decoder must lie in \[1e-100, 1e\+100\]; got -1"),
        (lambda: matrix.collapses([[1]], [1], 1, 0), r"eta_encoder must lie in \[1e-100, 1e\+100\]; got 0"),
        (lambda: matrix.collapses([[1e101]], [1], 1, 1), r"decoder must lie in \[-1e\+100, 1e\+100\]"),
        (lambda: matrix.final_separation([[1]], [1], 1, 1, 0), r"cluster must lie in \[1, inf\); got 0"),
        (lambda: matrix.final_vector([[1]], [1], 1, 1, 1.5), "cluster must be an integer >= 1; got 1.5"),
        (lambda: matrix.invariant(np.ones((2, 1, 1)), np.ones((3, 1)), 1, 1), "must have shapes that broadcast"),
        (lambda: matrix.trained_part([[1], [1]], [[1, 2], [0, 1]]), "hessian must be symmetric"),
        (lambda: matrix.trained_part([[1], [1]], [[1, 0], [0, -1]]), "hessian must be symmetric"),
        (lambda: matrix.trained_part([[1]], [[1, 0], [0, 1]]), r"hessian must have shape \(..., p, p\)"),
        (lambda: matrix.collapse_probability(1, 1, 0, 1), r"dimension must lie in \[1, inf\); got 0"),
        (lambda: matrix.collapse_probability(1, 1, 1, 1.5), "outputs must be an integer >= 1; got 1.5"),
        (lambda: matrix.collapse_probability(1, 1, 1, 1, 0), r"sigma_a must lie in \(0, inf\); got 0"),
        (lambda: matrix.critical_ratio(1), r"probability must lie in \[1e-30, 1\); got 1"),
        (lambda: matrix.critical_ratio(0.5, 3, 2), "outputs must be >= dimension for a collapse to be possible; got 2"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises(InvalidInput, match=message):
        call()
