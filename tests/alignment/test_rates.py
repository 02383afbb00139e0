"""Rates from a history: recovered from the system's own course, their intervals, and when there is nothing to find."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory import InvalidInput
from geneft_theory.alignment.history import History
from geneft_theory.alignment.rates import RatesNotIdentifiable, estimate_rates, integral_estimates
from geneft_theory.alignment.trajectory import loss, trajectory

powers = st.floats(-1, 1).map(lambda power: 10**power)
REFERENCE = {"h": 0.01, "y": 1e-4, "w": -0.00697107, "eta_h": 0.002, "eta_y": 0.01, "X": 1.0, "Y": 0.5}


def run(t, **change):
    arguments = REFERENCE | change
    return History(t, *trajectory(t, **arguments), arguments["X"], arguments["Y"])


@given(
    st.floats(-5, 0.3).map(lambda power: 10**power),
    st.floats(-4, 0).map(lambda power: 10**power),
    st.floats(-1, 1),
    st.floats(-4, -1).map(lambda power: 10**power),
    st.floats(-4, -1).map(lambda power: 10**power),
    powers,
    powers,
    st.integers(20, 300),
)
def test_the_rates_of_the_systems_own_course_come_back(h, slope, cosine, eta_h, eta_y, X, Y, count):
    y, low = slope * h, np.sqrt(eta_h / eta_y * X * Y)
    t = np.linspace(0, 4 * np.log(4 + low / h) / (eta_y * (low + h)), count)
    history = run(t, h=h, y=y, w=y - cosine * np.sqrt(y * Y), eta_h=eta_h, eta_y=eta_y, X=X, Y=Y)
    found = estimate_rates(history)
    # Much better than the 1e-3 that is promised: nothing but rounding stands between.
    assert found.eta_h.value == pytest.approx(eta_h, rel=1e-6)
    assert found.eta_y.value == pytest.approx(eta_y, rel=1e-6)
    assert found.ratio.value == pytest.approx(eta_h / eta_y, rel=1e-6)
    assert found.identifiable
    assert min(found.r_squared.values()) > 1 - 1e-9


@pytest.mark.parametrize("y", [0.1, 0.5])
def test_identical_targets_have_rates_too(y):
    found = estimate_rates(run(np.linspace(0, 1000, 101), h=0.5, y=y, w=y, eta_h=0.01, eta_y=0.02, Y=0.0))
    assert (found.eta_h.value, found.eta_y.value) == (pytest.approx(0.01, rel=1e-6), pytest.approx(0.02, rel=1e-6))


def test_a_start_in_the_wrong_order_has_rates_too():
    """w changes its sign on the way, where integral estimates have little to divide by."""
    found = estimate_rates(run(np.linspace(0, 2000, 201), h=0.01, y=0.0025, w=0.03785534, eta_h=0.01, eta_y=0.01))
    assert (found.eta_h.value, found.eta_y.value) == (pytest.approx(0.01, rel=1e-6), pytest.approx(0.01, rel=1e-6))


def test_integrals_are_exact_up_to_the_trapezoidal_rule():
    coarse, fine = (np.array(integral_estimates(run(np.arange(0, 3001, step)))) for step in (40, 20))
    off = np.abs(np.array([coarse, fine]) / [0.002, 0.01] - 1)
    assert np.all(off[1] < 1e-5)
    assert np.all(off[0] / off[1] > 3)


def test_time_and_scale_only_change_units():
    t = np.linspace(0, 3000, 61)
    per_step = estimate_rates(run(t))
    per_learning_rate = estimate_rates(History(t * 0.05, *trajectory(t, **REFERENCE), 1.0, 0.5))
    later = estimate_rates(History(t + 1e3, *trajectory(t, **REFERENCE), 1.0, 0.5))
    assert per_learning_rate.eta_h.value == pytest.approx(per_step.eta_h.value / 0.05, rel=1e-9)
    assert per_learning_rate.eta_y.value == pytest.approx(per_step.eta_y.value / 0.05, rel=1e-9)
    assert later.eta_y.value == pytest.approx(per_step.eta_y.value, rel=1e-9)


def test_the_mean_has_a_rate_of_its_own():
    t = np.linspace(0, 3000, 301)
    h, y, w = trajectory(t, **REFERENCE)
    found = estimate_rates(History(t, h, y, w, 1, 0.5, loss(y, w, 0.5, 0.25 * np.exp(-2 * 0.004 * t))))
    assert found.eta_mean is not None
    assert found.eta_mean.value == pytest.approx(0.004, rel=1e-6)
    assert estimate_rates(History(t, h, y, w, 1, 0.5, loss(y, w, 0.5))).eta_mean is None
    assert estimate_rates(History(t, h, y, w, 1, 0.5)).eta_mean is None


def disturbed(generator, t, memory, size):
    """Return a history whose vectors are longer or shorter by a random factor that is forgotten by `memory` a time."""
    h, y, w = trajectory(t, **REFERENCE)
    noise = np.zeros((2, len(t)))
    state = generator.standard_normal(2)
    for index in range(1, len(t)):
        state = memory * state + np.sqrt(1 - memory**2) * generator.standard_normal(2)
        noise[:, index] = size * state
    longer = 1 + noise
    return History(t, h * longer[0] ** 2, y * longer[1] ** 2, y * longer[1] ** 2 - (y - w) * longer[1], 1.0, 0.5)


@pytest.mark.parametrize(
    ("memory", "least"),
    [
        # In 300 such runs, nominal 95 % intervals of the two rates held 94 % and 95 %, and 90 % and 88 % where a
        # deviation lasts for half a stretch. Here are 40, with four standard errors of room below.
        (0.0, 0.94 - 4 * np.sqrt(0.94 * 0.06 / 40)),
        (0.95, 0.88 - 4 * np.sqrt(0.88 * 0.12 / 40)),
    ],
)
def test_intervals_hold_the_truth(memory, least):
    generator = np.random.default_rng(7)
    t = np.linspace(0, 4000, 200)
    held = np.zeros(2)
    for _ in range(40):
        found = estimate_rates(disturbed(generator, t, memory, 0.03))
        for index, (rate, truth) in enumerate(((found.eta_h, 0.002), (found.eta_y, 0.01))):
            low, high = rate.interval()
            held[index] += low < truth < high
    assert np.all(held / 40 > least)


def test_intervals_are_those_of_student():
    found = estimate_rates(disturbed(np.random.default_rng(0), np.linspace(0, 4000, 100), 0, 0.02))
    rate = found.eta_h
    assert rate.degrees == 4
    low, high = rate.interval(0.95)
    assert np.log(high / rate.value) == pytest.approx(2.7764451 * rate.log_standard_error, rel=1e-6)
    assert low * high == pytest.approx(rate.value**2)
    assert rate.span() == pytest.approx(high / low)
    assert rate.interval(0.5)[0] > low
    assert str(rate).startswith(f"{rate.value:.4g} (")
    for level in (0, 1, -1, np.nan):
        with pytest.raises(InvalidInput, match="level must"):
            rate.interval(level)


@pytest.mark.parametrize("h", [3.0, 10.0])
def test_a_lazy_run_does_not_determine_its_rates(h):
    """h hardly moves by itself, so that a drift of 5 % that no theory knows decides what is fitted."""
    t = np.linspace(0, 4000, 200)
    distances, y, w = trajectory(t, h, 0.01 * h, 0.01 * h, 0.002, 0.01, 1.0, 0.5)
    drifting = distances * (1 - 0.05 * np.tanh(t / 500))
    with pytest.warns(RatesNotIdentifiable, match="smaller initial scale"):
        found = estimate_rates(History(t, drifting, y, w, 1.0, 0.5))
    assert not found.identifiable
    # The same drift does no harm where the run is rich.
    distances, y, w = trajectory(t, **REFERENCE)
    drifting = distances * (1 - 0.05 * np.tanh(t / 500))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate_rates(History(t, drifting, y, w, 1.0, 0.5))
    assert found.identifiable
    assert found.ratio.value == pytest.approx(0.2, rel=0.11)


def test_a_run_at_rest_knows_nothing():
    at_rest = History([0, 1, 2, 3, 4], [1.0] * 5, [0.5] * 5, [0.0] * 5, 1.0, 0.5)
    with pytest.warns(RatesNotIdentifiable):
        found = estimate_rates(at_rest)
    assert found.eta_h.span() == np.inf
    assert np.isnan(found.r_squared["h"])
    assert np.all(np.isnan(found.integral))


def test_the_shortest_history_has_an_interval():
    found = estimate_rates(run(np.array([0.0, 800.0, 1600.0, 2400.0])))
    assert found.eta_h.value == pytest.approx(0.002, rel=1e-6)
    assert found.eta_h.degrees == 2


GOOD = {"times": [0, 1, 2, 3], "h": [1.0] * 4, "y": [0.5] * 4, "w": [0.0] * 4, "X": 1.0, "Y": 0.5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": [], "h": [], "y": [], "w": []}, "history must hold at least 4 times; got 0"),
        ({"times": [0], "h": [1.0], "y": [0.5], "w": [0.0]}, "history must hold at least 4 times; got 1"),
        ({"times": [0, 1, 1, 2]}, "times must rise"),
        ({"times": [3, 2, 1, 0]}, "times must rise"),
        ({"times": [0, 1, 2, np.nan]}, "times must lie"),
        ({"h": [1.0] * 3}, "history must have one row"),
        ({"h": [[1.0] * 4]}, "history must have one row"),
        ({"times": 0.0, "h": 1.0, "y": 0.5, "w": 0.0}, "history must have one row"),
        ({"h": [0.0, 1.0, 1.0, 1.0]}, "h at the first time must lie"),
        ({"h": [1.0, -1.0, 1.0, 1.0]}, "h must lie"),
        ({"y": [0.5, 0.5, 0.5, -0.5]}, "y must lie"),
        ({"y": [0.5, 0.5, 0.5, np.nan]}, "y must lie"),
        ({"w": [0.0, 0.0, 0.0, np.inf]}, "w must lie"),
        ({"w": [0.0, 0.0, 0.0, 2.0]}, r"w must satisfy \|y - w\| <= sqrt\(y Y\)"),
        ({"X": 0.0}, "X must lie"),
        ({"X": [1.0, 1.0]}, "X must be a single number"),
        ({"Y": -0.5}, "Y must lie"),
        ({"loss": [0.1, 0.1]}, "history must have one row"),
        ({"loss": [0.1, 0.1, 0.1, -0.1]}, "loss must lie"),
    ],
)
def test_a_bad_history_is_refused(change, message):
    with pytest.raises(InvalidInput, match=rf"^{message}[^\n]*$"):
        History(**(GOOD | change))


def test_a_history_is_asked_for():
    for function in (estimate_rates, integral_estimates):
        with pytest.raises(InvalidInput, match=r"^history must be a History; got \[0, 1\]$"):
            function([0, 1])
