"""The fitted boundary: against independent optimisers, exact ranges, symmetries, and simulated phase diagrams."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from geneft_theory import InvalidInput
from validation.measure import boundary_shift, fit_boundary, fit_firth
from validation.measure.line_quotients import TILT, intercept, log_ratio, separated_points

RATES = np.geomspace(1e-4, 1e-1, 7)
U, V = np.meshgrid(np.log10(RATES), np.log10(RATES), indexing="ij")


def penalised(beta, design, successes, trials):
    """Minus Firth's objective, written trial by trial."""
    linear = design @ beta
    p = 1 / (1 + np.exp(-linear))
    information = (design * (trials * p * (1 - p))[:, None]).T @ design
    likelihood = successes @ np.log(p) + (trials - successes) @ np.log1p(-p)
    return -likelihood - 0.5 * np.linalg.slogdet(information)[1]


@given(st.integers(0, 10**6))
def test_firths_fit_is_the_maximum_that_another_optimiser_finds(seed):
    generator = np.random.default_rng(seed)
    design = np.column_stack([np.ones(8), generator.normal(size=(8, 2))])
    trials = generator.integers(1, 6, 8)
    successes = generator.integers(0, trials + 1)
    beta, covariance = fit_firth(design, successes, trials)
    best = minimize(penalised, np.zeros(3), (design, successes, trials), "BFGS", options={"gtol": 1e-8})
    assert penalised(beta, design, successes, trials) <= best.fun + 1e-9
    np.testing.assert_allclose(beta, best.x, atol=2e-4, rtol=2e-4)
    assert np.all(np.linalg.eigvalsh(covariance) > 0)


def test_firths_fit_of_one_proportion_is_the_known_one():
    """With an intercept alone, Jeffreys' prior adds half a success and half a failure."""
    for successes, trials in ((0, 5), (3, 7), (4, 4)):
        beta, covariance = fit_firth([[1.0]], [successes], [trials])
        p = (successes + 0.5) / (trials + 1)
        assert beta[0] == pytest.approx(math.log(p / (1 - p)), abs=1e-8)
        assert covariance[0, 0] == pytest.approx(1 / (trials * p * (1 - p)), rel=1e-7)


def test_a_batch_of_fits_is_a_loop():
    generator = np.random.default_rng(1)
    design = np.column_stack([np.ones(6), generator.normal(size=(6, 2))])
    trials = generator.integers(1, 9, (4, 6))
    successes = generator.integers(0, trials + 1)
    together = fit_firth(design, successes, trials)[0]
    for row in range(4):
        np.testing.assert_allclose(together[row], fit_firth(design, successes[row], trials[row])[0], atol=1e-7)


@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(-2, 2))
def test_the_gradient_of_a_reading_is_its_derivative(seed, along, u):
    beta = np.random.default_rng(seed).normal(size=3) + np.array([0, 2, -2])
    for quotient in (TILT, log_ratio(along), intercept(u)):
        value, slopes = quotient(beta)
        step = 1e-6
        ends = [quotient(beta + sign * step * np.eye(3))[0] for sign in (1, -1)]
        np.testing.assert_allclose(slopes, (ends[0] - ends[1]) / (2 * step), rtol=1e-4, atol=1e-6 * (1 + abs(value)))


@given(st.floats(30, 60), st.floats(-0.9, 0.9))
def test_the_extent_of_separating_lines_holds_the_true_one(angle, offset):
    """A step along any line: what the grid leaves open is an interval around the truth, narrower than two cells."""
    across = (V - U - offset) + (U + V + 5) * math.tan(math.radians(45 - angle))
    line = fit_boundary(RATES, RATES, np.stack([across < 0] * 2), bootstrap=100).line
    low, high = log_ratio().extent(line.separated, line.coefficients)
    assert low <= offset <= high < low + 2 * 0.5
    assert line.log_ratio.low <= low + 1e-9
    assert line.log_ratio.high >= high - 1e-9
    assert line.angle.low <= angle <= line.angle.high
    assert line.log_ratio.standard_error >= (high - low) / math.sqrt(12) - 1e-9
    assert line.misplaced == 0


def test_an_extent_can_be_computed_by_hand():
    """Lines that pass v = 0 at u = p in [0, 1] and v = 1 at u = q in [1, 3]: u = p + (q - p) v."""
    design = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 3, 1]], dtype=float)
    signed = separated_points(design, np.ones(4), np.array([0, 1, 0, 1]))
    one = np.array([-0.5, 1.0, -1.5])
    # (1 - (q - p)) / (1 + (q - p)), -2 p / (1 + (q - p)), and v at u = 1/2, which no steep line reaches.
    assert TILT.extent(signed, one) == pytest.approx((-0.5, 1.0))
    assert log_ratio().extent(signed, one) == pytest.approx((-2.0, 0.0))
    assert intercept(0.5).extent(signed, one)[0] == -math.inf


def diagram(seeds, angle, place, steep, spread, seed):
    """Draw outcomes around a line, with a displacement common to each seed."""
    generator = np.random.default_rng(seed)
    normal = np.sin(np.radians(angle)), -np.cos(np.radians(angle))
    u, v = U + 2.5, V + 2.5
    distance = normal[0] * (u + place / 2) + normal[1] * (v - place / 2)
    linear = np.clip(steep * (distance + generator.normal(0, spread, (seeds, 1, 1))), -50, 50)
    return (generator.random((seeds, *U.shape)) < 1 / (1 + np.exp(-linear))).astype(float)


def test_intervals_cover_and_errors_are_honest():
    """50 diagrams with scattered seeds: at least 43 of 50 intervals cover (4 standard errors below 95 % is 41.3)."""
    covered, z = np.zeros(2), []
    for seed in range(50):
        line = fit_boundary(RATES, RATES, diagram(10, 60, 0.4, 8, 0.2, seed), bootstrap=200).line
        covered += [line.angle.low <= 60 <= line.angle.high, line.log_ratio.low <= 0.4 <= line.log_ratio.high]
        z.append([line.estimate("angle").z(60), line.estimate("log_ratio").z(0.4)])
    assert covered.min() >= 43
    # The mean of 50 z values of unit variance lies within 4 / sqrt(50) of 0.
    assert np.abs(np.mean(z, axis=0)).max() < 4 / math.sqrt(50)
    assert np.sqrt(np.mean(np.square(z), axis=0)).max() < 1.5


@given(st.floats(20, 80), st.integers(0, 1000))
def test_readings_of_one_line_belong_together(angle, seed):
    line = fit_boundary(RATES, RATES, diagram(4, angle, 0.3, 4, 0.1, seed), bootstrap=100).line
    b0, b1, b2 = line.coefficients
    u, v = line.middle
    assert line.slope.value == pytest.approx(-b1 / b2)
    assert line.slope.value == pytest.approx(math.tan(math.radians(line.angle.value)))
    on_the_line = u + 0.7, line.intercept.value + line.slope.value * (u + 0.7)
    assert b0 + b1 * (on_the_line[0] - u) + b2 * (on_the_line[1] - v) == pytest.approx(0, abs=1e-9)
    for along in (-0.5, 0.0, 0.8):
        ratio = line.log_ratio_at(along)
        half = (ratio.value - (v - u)) / 2
        assert b0 + b1 * (along - half) + b2 * (along + half) == pytest.approx(0, abs=1e-9)
        assert ratio.low <= ratio.value <= ratio.high
    assert line.log_ratio == line.log_ratio_at(0)


@given(st.integers(0, 1000))
def test_symmetries_of_the_plane(seed):
    """Other units of the rates shift the place; exchanging the axes and the phases mirrors the line."""
    outcome = diagram(4, 55, 0.3, 4, 0.1, seed)
    line = fit_boundary(RATES, RATES, outcome, bootstrap=100).line
    scaled = fit_boundary(RATES * 10, RATES * 1000, outcome, bootstrap=100).line
    assert scaled.angle.value == pytest.approx(line.angle.value)
    assert scaled.log_ratio.value == pytest.approx(line.log_ratio.value + 2)
    assert scaled.log_ratio.standard_error == pytest.approx(line.log_ratio.standard_error)
    mirrored = fit_boundary(RATES, RATES, 1 - outcome.transpose(0, 2, 1), bootstrap=100).line
    assert mirrored.slope.value == pytest.approx(1 / line.slope.value, rel=1e-5)
    assert mirrored.log_ratio.value == pytest.approx(-line.log_ratio.value, abs=1e-5)
    turned = fit_boundary(RATES, RATES, 1 - outcome, bootstrap=100).line
    assert turned.turned
    assert not line.turned
    assert turned.angle.value == pytest.approx(line.angle.value - 180, abs=1e-4)
    assert turned.slope.value == pytest.approx(line.slope.value, rel=1e-5)


def test_a_vertical_and_a_horizontal_boundary_have_directions_too():
    vertical = fit_boundary(RATES, RATES, np.stack([U > -2.3, U > -2.8])).line
    assert vertical.angle.value == pytest.approx(90, abs=1e-3)
    assert (vertical.slope.low, vertical.slope.high) == (-math.inf, math.inf)
    horizontal = fit_boundary(RATES, RATES, np.stack([V < -2.3, V < -2.8])).line
    assert horizontal.angle.value == pytest.approx(0, abs=1e-3)
    assert horizontal.slope.low < 0 < horizontal.slope.high
    assert horizontal.intercept.value == pytest.approx(-2.5, abs=0.3)


def test_excluded_networks_are_counted_and_not_seen():
    outcome = diagram(5, 50, 0.2, 6, 0.1, 3)
    outcome[:, :, -1] = np.nan
    fit = fit_boundary(RATES, RATES, outcome)
    assert (fit.excluded, fit.generalized + fit.memorized) == (35, 5 * 42)
    alone = fit_boundary(RATES, RATES[:-1], outcome[:, :, :-1])
    assert fit.line.slope.value == pytest.approx(alone.line.slope.value, rel=1e-6)
    assert fit.line.intercept.value == pytest.approx(alone.line.intercept.value, rel=1e-6)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (np.ones((2, 7, 7)), "only generalization"),
        (np.zeros((2, 7, 7)), "only memorization"),
        (np.full((2, 7, 7), np.nan), "nothing learned"),
        (np.where(U[0, 0] == U, (V < -2) * 1.0, np.nan)[None].repeat(2, 0), "too few cells"),
    ],
)
def test_what_does_not_determine_a_line_is_said_to_be_so(outcome, status):
    fit = fit_boundary(RATES, RATES, outcome)
    assert (fit.line, fit.status) == (None, status)


def test_a_shift_is_paired():
    """A displacement common to each seed drops out of a difference, and not of the places."""
    outcome, moved = (diagram(12, 45, place, 30, 0.4, 5) for place in (0.0, 0.5))
    here, there = (fit_boundary(RATES, RATES, each).line for each in (moved, outcome))
    shift = boundary_shift(here, there)
    assert abs(shift.z(0.5)) < 4
    assert shift.standard_error < 0.5 * math.hypot(here.log_ratio.standard_error, there.log_ratio.standard_error)
    assert boundary_shift(there, there).value == 0
    other = fit_boundary(RATES, RATES, outcome[:5]).line
    with pytest.raises(InvalidInput, match="must agree in seeds"):
        boundary_shift(here, other)


def test_the_same_seed_gives_the_same_interval():
    outcome = diagram(6, 50, 0.2, 6, 0.2, 9)
    first, again = (fit_boundary(RATES, RATES, outcome, seed=3).line for _ in range(2))
    assert first.angle == again.angle


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eta_encoder": RATES[::-1]}, "eta_encoder must be at least 2 increasing"),
        ({"eta_decoder": [0.0, 1.0]}, "eta_decoder must lie in"),
        ({"generalized": np.ones((2, 7, 6))}, r"generalized must have shape \(seeds, 7, 7\)"),
        ({"generalized": np.ones((1, 7, 7))}, "at least 2 seeds"),
        ({"generalized": np.full((2, 7, 7), 0.5)}, "generalized must be 1, 0 or nan"),
        ({"generalized": "all"}, "generalized must hold"),
        ({"bootstrap": 10}, "bootstrap must be an integer >= 100"),
        ({"level": 1.0}, "level must lie in"),
    ],
)
def test_bad_input_is_refused(change, message):
    given_ = {"eta_encoder": RATES, "eta_decoder": RATES, "generalized": diagram(2, 45, 0, 5, 0.1, 0)}
    with pytest.raises(InvalidInput, match=message):
        fit_boundary(**(given_ | change))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0], [1.0]], [1], [1]), "must have shape"),
        (([[1.0], [1.0]], [2, 0], [1, 1]), "successes must not exceed trials"),
        (([[1.0, 2.0], [1.0, 3.0]], [0, 1], [0, 4]), "span the 2 columns"),
    ],
)
def test_firth_refuses_what_it_cannot_fit(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        fit_firth(*arguments)


def test_a_line_that_does_not_meet_the_diagonal_has_an_unbounded_place():
    """A seed whose boundary has slope -1 makes resamples parallel to the diagonal along which the place is read."""
    both = np.add.outer(np.arange(7), np.arange(7))
    seeds = np.stack([both > 5.5, U > -2.6, both > 5.5])
    line = fit_boundary(RATES, RATES, seeds).line
    place = line.log_ratio
    assert not np.isnan([place.value, place.low, place.high, place.standard_error]).any()
    for end in (place.low, place.high):
        assert math.isinf(end) or abs(end) < 308
    assert math.isinf(place.low) or math.isinf(place.high)
    assert line.estimate("log_ratio") is None
    assert boundary_shift(line, line) is None or boundary_shift(line, line).value == 0
    assert "not bounded" in str(place)


def test_without_a_trend_there_is_no_line():
    below = U < V
    fit = fit_boundary(RATES, RATES, np.stack([below, ~below]))
    assert (fit.line, fit.status, fit.generalized, fit.memorized) == (None, "no trend", 49, 49)
