"""Ends, rates, limits, merging and exact solutions: statements of aligning representations in numbers."""

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from geneft_theory import Status, alignment, catalogue
from geneft_theory.alignment.derivations import closure, fate
from geneft_theory.symbolic import GradientFlow
from tests.alignment.linear_networks import run, start, state
from tests.alignment.values import stated

RATES = (0.3, 0.5, 0.2)
positive = st.floats(0.05, 5)


@given(st.floats(-20, 20), st.floats(0.01, 10))
def test_the_end_is_a_fixed_point_by_both_formulas(A_high, low):
    end = stated("final_distance.stable", invariant=A_high, low=low)
    assert end > 0
    assert end**2 - A_high * end - low**2 == pytest.approx(0, abs=1e-12 * (end**2 + low**2))
    root = stated("final_distance", invariant=A_high, low=low)
    assert root == pytest.approx(end, abs=1e-14 * (abs(A_high) + low))


def test_the_root_form_cancels_and_the_other_one_does_not():
    values = {"invariant": -1e9, "low": 1e-2}
    assert stated("final_distance.stable", **values) == pytest.approx(1e-13, rel=1e-12)
    assert stated("final_distance", **values) == 0


def test_a_common_solver_leaves_the_domain_of_the_three_equations_where_the_closed_form_does_not():
    rates = {"eta_h": 0.01, "eta_y": 0.01, "X": 1}
    start = (0.01, 0.0025, 0.03785534)
    motion = closure.state_motion()
    symbols = list(motion)
    numbers = dict(zip(sympy.symbols("eta_h eta_y X", positive=True), (0.01, 0.01, 1), strict=True))
    numbers[sympy.Symbol("Y", nonnegative=True)] = 0.5
    velocity = sympy.lambdify(symbols, [motion[symbol].rhs.subs(numbers) for symbol in symbols])
    with np.errstate(all="ignore"):
        found = solve_ivp(lambda t, state: velocity(*state), (0, 200), start)
    assert found.y[0].min() < 0
    h, _, _ = alignment.trajectory(np.linspace(0, 200, 1000), *start, Y=0.5, **rates)
    assert h.min() >= 0


def numerical_rates(A_high, low, eta_y, ratio, X, Y, beta, c):
    """Return the eigenvalues of the regular form, linearised by differences."""

    def velocity(place):
        values = {"beta": place[0], "c": place[1], "eta_y": eta_y}
        return np.array(
            [
                stated("regular.beta", invariant=A_high, eta_h=ratio * eta_y, X=X, **values),
                stated("regular.c", Y=Y, **values),
            ]
        )

    place, step = np.array([beta, c]), 1e-5
    columns = [(velocity(place + step * e) - velocity(place - step * e)) / (2 * step) for e in np.eye(2)]
    return np.sort(np.linalg.eigvals(np.array(columns).T).real)


@pytest.mark.parametrize("A_high", [-0.7, 0.1, 0.4])
def test_rates_are_half_of_the_published_ones(A_high):
    # CORRECTED: Eqs. 26-32 of the follow-up are twice as large.
    eta_y, ratio, X, Y = 0.3, 0.8, 1.0, 0.5
    low = np.sqrt(ratio * X * Y)
    spread = np.hypot(A_high, 2 * low)
    end = stated("final_distance", invariant=A_high, low=low)
    saddle = 2 * numerical_rates(A_high, low, eta_y, ratio, X, Y, 0.0, 0.0)
    expected = [
        stated(f"rates.{name}", invariant=A_high, spread=spread, eta_y=eta_y) for name in ("contraction", "escape")
    ]
    np.testing.assert_allclose(saddle, expected, atol=1e-8)
    solution = -numerical_rates(A_high, low, eta_y, ratio, X, Y, np.sqrt(end), Y / np.sqrt(end))
    expected = [
        stated("rates.approach", final_distance=end, eta_y=eta_y),
        stated("rates.approach.slow", spread=spread, eta_y=eta_y),
    ]
    np.testing.assert_allclose(np.sort(solution), np.sort(expected), atol=1e-8)
    assert expected[0] == pytest.approx(stated("rates.escape", invariant=A_high, spread=spread, eta_y=eta_y))


def test_a_network_leaves_the_saddle_at_the_stated_rate_and_not_at_twice_it():
    # One output, tiny aligned weights with A_high = 0: the logarithm of h grows at eta_y h(oo), measured in a network.
    eta_h = eta_y = 0.5
    encoder, decoder = np.array([[1e-4]]), np.array([[1e-4]])
    given = (encoder, decoder, np.zeros(1), np.ones(1), np.ones(1))
    early, late = run(given, eta_h, eta_y, 1.0, 6.0, 300), run(given, eta_h, eta_y, 1.0, 10.0, 500)
    growth = np.log(late[0].item() ** 2 / early[0].item() ** 2) / 4
    rate = stated("rates.escape", invariant=0, spread=2.0, eta_y=eta_y)
    assert growth / rate == pytest.approx(1, abs=1e-3)
    assert 2 * rate / growth == pytest.approx(2, abs=2e-3)


def test_one_output_approaches_along_the_cone():
    eta_y, A_high, low = 0.5, -0.6, 0.5
    # r X = 1, Y = low^2.
    spread = np.hypot(A_high, 2 * low)
    end = stated("final_distance", invariant=A_high, low=low)
    h = 0.9 * end
    y = h * (h - A_high)
    w = y - np.sqrt(y) * low
    times = np.array([40.0, 44.0])
    distance = np.abs(alignment.trajectory(times, h, y, w, eta_y, eta_y, 1, low**2)[2])
    measured = np.log(distance[0] / distance[1]) / 4
    assert measured == pytest.approx(stated("rates.approach.slow", spread=spread, eta_y=eta_y), rel=1e-6)
    assert stated("rates.approach", final_distance=end, eta_y=eta_y) < measured


@pytest.mark.parametrize("rho", [1e-3, 0.03, 0.3])
def test_the_rich_limit_is_off_by_rho(rho):
    exact = stated("final_distance.stable", invariant=2 * rho, low=1.0)
    assert exact / float(stated("regime.rich", low=1.0)) - 1 == pytest.approx(rho, rel=rho)
    assert stated("regime", invariant=2 * rho, low=1.0) == pytest.approx(rho)


@pytest.mark.parametrize("rho", [3.0, 10.0, 100.0])
def test_the_other_limits_are_better_the_further_out(rho):
    high = 2 * rho
    lazy = stated("regime.lazy", invariant=high, low=1.0) / stated("final_distance.stable", invariant=high, low=1.0)
    dominated = stated("regime.decoder_dominated", invariant=-high, low=1.0)
    dominated /= stated("final_distance.stable", invariant=-high, low=1.0)
    assert abs(lazy - 1) < rho**-4
    assert abs(dominated - 1) < rho**-2


def draw_networks(gain, layers, width, slope, number, seed):
    """Return squared distances at the last hidden layer and the output of Xavier networks, with inputs -1 and 0."""
    generator = np.random.default_rng(seed)
    hidden = np.full((number, 1), -1.0)
    for _ in range(layers):
        fan_in = hidden.shape[1]
        weights = generator.normal(0, gain * np.sqrt(2 / (fan_in + width)), (number, width, fan_in))
        hidden = np.einsum("nij,nj->ni", weights, hidden)
        hidden = np.where(hidden > 0, hidden, slope * hidden)
    head = generator.normal(0, gain * np.sqrt(2 / (width + 1)), (number, width))
    return (hidden**2).sum(axis=1), np.einsum("ni,ni->n", head, hidden) ** 2


@pytest.mark.parametrize(("gain", "slope"), [(0.9, 0.01), (1.3, 0.3), (1.1, 1.0)])
def test_networks_start_where_the_means_say(gain, slope):
    distances, outputs = draw_networks(gain, layers=3, width=20, slope=slope, number=4000, seed=0)
    values = {"gain": gain, "width": 20, "inputs": 1, "slope": slope, "X": 1.0}
    for drawn, expected in (
        (distances, stated("initial_distance", layer=2, **values)),
        (outputs, stated("initial_output", depth=3, outputs=1, **values)),
    ):
        # Four standard errors.
        assert abs(drawn.mean() - expected) < 4 * drawn.std(ddof=1) / np.sqrt(drawn.size)


@given(positive, st.floats(0.01, 1), st.integers(0, 10), st.floats(-1, 1))
def test_the_critical_gain_starts_at_twice_the_rich_distance_whatever_the_inputs(X, low, layer, slope):
    # The distance of the inputs stands in both: left out, as for X = 1, the gain would miss unless X = 1.
    gain = stated("critical_gain", low=low, X=X, layer=layer, slope=slope)
    wide = stated("initial_distance", gain=gain, layer=layer, width=10**9, inputs=1, slope=slope, X=X)
    assert wide == pytest.approx(2 * low, rel=1e-6)
    without = np.sqrt(2 / (1 + slope**2)) * low ** (1 / (2 * (layer + 1)))
    assert (abs(without / gain - 1) < 1e-9) == (abs(X - 1) < 1e-8)


@given(positive, st.floats(-3, 3).filter(lambda A: abs(A) > 1e-3), positive, st.floats(0, 20))
def test_the_course_of_merging_is_that_of_the_three_equations(h, A_high, eta_y, t):
    if h <= A_high:
        h = A_high + h  # y = h (h - A_high) is a square
    y = h * (h - A_high)
    course = stated("merging.trajectory", h=h, invariant=A_high, eta_y=eta_y, t=t)
    now, _, _ = alignment.trajectory(t, h, y, y, eta_y, eta_y, 1, 0)
    assert course == pytest.approx(float(now), rel=1e-9, abs=1e-12)


def test_the_boundary_merges_as_one_over_time():
    times = np.array([1.0, 100.0, 1e4])
    now, _, _ = alignment.trajectory(times, 0.5, 0.25, 0.25, 0.1, 0.1, 1, 0)
    expected = catalogue["alignment.merging.critical"](h=0.5, eta_y=0.1, t=times)
    np.testing.assert_allclose(now, expected, rtol=1e-10)
    assert alignment.merges(0.5, 0.25, 1)


@pytest.mark.parametrize(("outputs", "artefact"), [(1, True), (5, True), (400, False)])
def test_merging_by_the_aligned_theory_is_an_artefact_where_outputs_are_few(outputs, artefact):
    # APPROXIMATION and DERIVED: a linear network of 20 hidden units and identical targets, run to its end.
    hidden = 20
    generator = np.random.default_rng(outputs)
    dh = generator.normal(0, 0.1 if artefact else 0.45, (hidden, 1))
    decoder = generator.normal(0, 0.5 if artefact else 0.05, (outputs, hidden))
    given = (dh, decoder, np.zeros(outputs), np.ones(1), np.zeros(outputs))
    final = state(*run(given, 0.5, 0.5, 1.0, 300.0, 6000)[:2], np.ones(1), given[4])[0]
    h, y, *_ = state(dh, decoder, np.ones(1), given[4])
    largest = np.linalg.eigvalsh(dh @ dh.T - decoder.T @ decoder)[-1]
    exact = sympy.Max(0, largest)
    assert final == pytest.approx(float(exact), abs=1e-6)
    aligned = float(alignment.final_distance(h, y, 1, 1, 0))
    if artefact:
        assert alignment.merges(h, y, 1)
        assert aligned == 0
        assert final > 0.3 * h
    else:
        assert aligned == pytest.approx(final, rel=0.05)


def test_the_exact_criterion_is_the_largest_eigenvalue():
    generator = np.random.default_rng(3)
    for _ in range(50):
        decoder, dh = generator.normal(size=(4, 3)), generator.normal(size=3)
        stretch = dh @ np.linalg.pinv(decoder.T @ decoder) @ dh
        largest = np.linalg.eigvalsh(np.outer(dh, dh) - 0.7 * decoder.T @ decoder)[-1]
        assert (largest <= 0) == (stretch <= 0.7)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_shared_continuations_are_one_pair_with_a_slower_decoder(number):
    # N heads of three outputs each, trained on the mean of their losses, are one decoder of 3 N outputs at 1/N.
    generator = np.random.default_rng(number)
    column = generator.normal(0, 0.4, (3 * number, 1))
    tau_h, tau_y = 1.5, 0.7
    beta = np.array([[0.3]])
    target = generator.normal(size=3 * number)
    # In one loss the mean over heads divides everything by N; the encoder's rate undoes that for itself.
    given = (beta, column, np.zeros(3 * number), np.ones(1), target)
    later = run(given, 1 / (2 * tau_h * number), 1 / (2 * tau_y * number), 1.0, 3.0, 2000)

    def conserved(values):
        h, y, *_ = state(values[0], values[1], values[3], values[4])
        return stated("merging.continuations", h=h, y=y / number, continuations=number, tau_h=tau_h, tau_y=tau_y)

    assert conserved(later) == pytest.approx(conserved(given), abs=1e-10)
    assert abs(later[0].item() - 0.3) > 0.01


def test_agreeing_pairs_contract_about_a_fixed_point_as_well():
    # The follow-up's text has it that their distance can only increase there (after its Eq. 49). Equal rates.
    first, second, d, b, y = sympy.symbols("h_1 h_2 d b y", real=True)
    flow = GradientFlow(((b + d * first - y) ** 2 + (b + d * second - y) ** 2) / 4, {first: 2, second: 2, d: 1, b: 1})
    square = (second - first) ** 2
    assert sympy.simplify(flow.rate_of_change(square) + 2 * d**2 * square) == 0


def scalar_values(h, D_0, s, eta_h, eta_y, X):
    """Return U_+ and U_-."""
    mixed = np.sqrt(eta_h * eta_y * X) * s
    both = eta_y * h / 2 + eta_h * X * D_0 / 2
    return both + mixed, both - mixed


@pytest.mark.parametrize("seed", range(2))
def test_one_output_is_solved_for_any_start(seed):
    encoder, decoder, mean, dx, target = start(1, 5, 3, seed=seed, scale=0.8)
    target, decoder = np.abs(target), decoder * (-1) ** seed
    given = (encoder, decoder, mean, dx, target)
    eta_h, eta_y, _ = RATES
    h, y, _, X, Y = state(encoder, decoder, dx, target)
    s, D_0 = (decoder @ encoder @ dx).item(), float((decoder**2).sum())
    upper, lower = scalar_values(h, D_0, s, eta_h, eta_y, X)
    kappa = np.sqrt(eta_h * eta_y * X * Y + upper * lower)
    pull = np.sqrt(eta_h * eta_y * X * Y)
    rates = {"eta_h": eta_h, "eta_y": eta_y, "X": X}
    for time in (0.0, 1.0, 5.0, 30.0):
        values = {"upper_root": (pull + kappa) / upper, "lower_root": (pull - kappa) / upper, "kappa": kappa}
        factor = stated("scalar.q", t=time, **values)
        later = run(given, *RATES, time, 1500)
        shared = {"factor": factor, "growing": upper, "shrinking": lower, **rates}
        distance = stated("scalar.h", h=h, decoder_length=D_0, **shared)
        assert distance == pytest.approx(state(*later[:2], dx, target)[0], abs=1e-9)
        assert stated("scalar.y", **shared) == pytest.approx((later[1] @ later[0] @ dx).item(), abs=1e-9)
    end = run(given, *RATES, 200.0, 5000)
    final = stated(
        "scalar.final_distance",
        invariant=h - eta_h / eta_y * X * D_0,
        h=h,
        decoder_length=D_0,
        dy=s,
        ratio=eta_h / eta_y,
        X=X,
        Y=Y,
    )
    assert final == pytest.approx(state(*end[:2], dx, target)[0], abs=1e-9)
    # Misalignment is not small here: the aligned formula misses.
    assert abs(float(alignment.final_distance(h, y, eta_h / eta_y, X, Y)) - final) > 1e-3


@pytest.mark.parametrize(("outputs", "hidden"), [(1, 3), (4, 3)])
def test_the_reduced_system_moves_as_the_network(outputs, hidden):
    encoder, decoder, mean, dx, target = start(outputs, hidden, 2, seed=outputs)
    eta_h, eta_y, _ = RATES
    X, step = dx @ dx, 1e-6
    dh, u = encoder @ dx, decoder.T @ target

    def constant(decoder, dh):
        return 2 / eta_y * decoder.T @ decoder - 2 / (eta_h * X) * np.outer(dh, dh)

    later = run((encoder, decoder, mean, dx, target), *RATES, step, 1)
    matrix = constant(decoder, dh)
    np.testing.assert_allclose(constant(later[1], later[0] @ dx), matrix, atol=1e-9)
    dh_dot = -eta_y / 2 * (eta_h * X / 2 * matrix @ dh + (dh @ dh) * dh) + eta_h * X / 2 * u
    u_dot = eta_y / 2 * dh * (target @ target - dh @ u)
    np.testing.assert_allclose((later[0] @ dx - dh) / step, dh_dot, atol=1e-5)
    np.testing.assert_allclose((later[1].T @ target - u) / step, u_dot, atol=1e-5)


def test_rates_follow_from_increments():
    t = np.linspace(0, 3000, 30_001)
    h, y, w = alignment.trajectory(t, 0.01, 1e-4, -0.00697107, 0.002, 0.01, 1, 0.5)
    # Simpson's rule, whose error is far below the tolerance here.
    area = (w[0] + w[-1] + 4 * w[1::2].sum() + 2 * w[2:-1:2].sum()) * 0.1 / 3
    ends = {"h_first": h[0], "h_last": h[-1]}
    outputs = {"y_first": y[0], "y_last": y[-1]}
    assert stated("estimates.eta_h", **ends, X=1, area=area) == pytest.approx(0.002, rel=1e-9)
    assert stated("estimates.eta_y", **ends, **outputs, area=area) == pytest.approx(0.01, rel=1e-9)
    assert stated("estimates.ratio", **ends, **outputs, X=1) == pytest.approx(0.2, rel=1e-9)


def test_fixed_points_are_three_and_one_is_a_distance():
    roots = sympy.roots(catalogue["alignment.fixed_points"].expression.lhs.subs(dict(_numbers())))
    assert sorted(map(float, roots)) == pytest.approx([(0.3 - np.sqrt(4.09)) / 2, 0, (0.3 + np.sqrt(4.09)) / 2])
    assert fate.spread().rhs.subs(dict(_numbers())) == sympy.sqrt(sympy.Rational(409, 100))


def _numbers():
    statement = catalogue["alignment.fixed_points"]
    yield statement.quantity("invariant").symbol, sympy.Rational(3, 10)
    yield statement.quantity("low").symbol, 1


def test_corrections_and_approximations_say_what_is_wrong():
    for key, statement in catalogue.items():
        if key.startswith("alignment.") and statement.status in (Status.CORRECTED, Status.APPROXIMATION):
            assert statement.note, key


def test_keys_that_functions_cite_exist():
    cited = {key for name in alignment.__all__ for key in getattr(getattr(alignment, name), "cites", ())}
    assert {key for key in cited if key.startswith("alignment")} <= set(catalogue)
    assert len(cited) > 20
