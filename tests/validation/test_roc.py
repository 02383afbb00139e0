"""ROC areas: the Mann-Whitney statistic, whatever the groups, and errors that know the groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.stats import mannwhitneyu

from geneft_theory.errors import InvalidInput
from validation.measure import compare, roc_area, roc_band, roc_curve

CASES = st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40).filter(
    lambda cases: len({positive for _, positive, _ in cases}) == 2
)


def columns(cases):
    scores, positive, groups = map(np.array, zip(*cases, strict=True))
    return scores.astype(float), positive, groups


@given(CASES)
def test_the_area_is_the_mann_whitney_statistic(cases):
    scores, positive, groups = columns(cases)
    area = roc_area(scores, positive, groups)
    statistic = mannwhitneyu(scores[positive], scores[~positive], method="asymptotic").statistic
    assert area.value == pytest.approx(statistic / (positive.sum() * (~positive).sum()), abs=1e-12)
    assert (area.positives, area.negatives) == (positive.sum(), (~positive).sum())


@given(CASES)
def test_the_area_lies_under_the_curve(cases):
    scores, positive, groups = columns(cases)
    # Fine enough to hit every corner from both sides: the curve's corners lie at multiples of 1 / negatives.
    corners = np.arange((~positive).sum() + 1) / (~positive).sum()
    places = np.unique(np.clip(np.concatenate([corners - 1e-9, corners]), 0, 1))
    under = trapezoid(roc_curve(scores, positive, places), places)
    assert under == pytest.approx(roc_area(scores, positive, groups).value, abs=1e-7)


@given(CASES)
def test_only_the_order_counts_and_the_other_kind_mirrors_it(cases):
    scores, positive, groups = columns(cases)
    area = roc_area(scores, positive, groups).value
    stretched = np.where(scores == scores.max(), np.inf, np.where(scores == scores.min(), -np.inf, 7 * scores + 1))
    if scores.max() > scores.min():
        assert roc_area(stretched, positive, groups).value == pytest.approx(area, abs=1e-12)
    assert roc_area(-scores, positive, groups).value == pytest.approx(1 - area, abs=1e-12)
    assert roc_area(scores, ~positive, groups).value == pytest.approx(1 - area, abs=1e-12)


def test_strata_are_compared_within_only():
    scores, positive = [1.0, 2.0, 30.0, 40.0], [True, False, False, True]
    assert roc_area(scores, positive, ["a", "a", "b", "b"]).value == 0.5
    inside = roc_area(scores, positive, ["a", "a", "b", "b"], strata=[0, 0, 1, 1])
    assert inside.value == 0.5
    shifted = roc_area([2.0, 1.0, 30.0, 40.0], positive, ["a", "a", "b", "b"], strata=[0, 0, 1, 1])
    assert shifted.value == 1.0
    assert roc_area([2.0, 1.0, 30.0, 40.0], positive, ["a", "a", "b", "b"]).value == 0.75
    with pytest.raises(InvalidInput, match="strata must lie within one group each"):
        roc_area(scores, positive, ["a", "b", "b", "b"], strata=[0, 0, 1, 1])


def clustered(random, groups=12, size=30):
    """Cases whose score and kind share a random effect of their group; the true area is that of independent cases."""
    effect = random.normal(size=groups)
    positive = random.random((groups, size)) < 0.5
    scores = random.normal(size=(groups, size)) + positive + 1.5 * effect[:, None]
    return scores.ravel(), positive.ravel(), np.repeat(np.arange(groups), size)


def test_the_standard_error_is_that_of_groups_not_of_cases():
    """Over 200 data sets the mean bootstrap error agrees with the spread of the areas; that of single cases does not.

    A standard deviation from 200 draws is known to 5 %; three of these are allowed, and 10 % that the bootstrap of 12
    groups may be off by itself.
    """
    random = np.random.default_rng(5)
    made = [clustered(random) for _ in range(200)]
    areas = [roc_area(*each, bootstrap=200) for each in made]
    spread = np.std([area.value for area in areas], ddof=1)
    assert np.mean([area.standard_error for area in areas]) == pytest.approx(spread, rel=0.25)
    single = [
        roc_area(scores, kind, np.arange(scores.size), bootstrap=100).standard_error for scores, kind, _ in made[:5]
    ]
    assert np.mean(single) < 0.8 * spread


def test_intervals_cover_the_truth_as_often_as_they_say():
    """The truth is the mean over many data sets; of 200 intervals at 95 %, binomially 190 ± 3.1 cover it."""
    random = np.random.default_rng(6)
    truth = np.mean([roc_area(*clustered(random), bootstrap=100).value for _ in range(400)])
    areas = [roc_area(*clustered(random), bootstrap=300) for _ in range(200)]
    covered = sum(area.low <= truth <= area.high for area in areas)
    assert 176 <= covered <= 200


def test_two_scores_of_the_same_cases_are_compared_pairwise():
    random = np.random.default_rng(7)
    scores, positive, groups = clustered(random, groups=20)
    better = roc_area(scores + 0.5 * positive, positive, groups)
    worse = roc_area(scores, positive, groups)
    gain = better.exceeds(worse)
    assert gain.value == pytest.approx(better.value - worse.value)
    assert gain.standard_error < 0.5 * np.hypot(better.standard_error, worse.standard_error)
    assert worse.exceeds(worse).standard_error == 0
    with pytest.raises(InvalidInput, match="other must be an area over the same cases"):
        better.exceeds(roc_area(scores, positive, groups, bootstrap=200))


def test_the_band_holds_the_curve_and_narrows_with_groups():
    random, places = np.random.default_rng(8), np.linspace(0, 1, 11)
    widths = []
    for groups in (6, 60):
        cases = clustered(random, groups=groups)
        low, high = roc_band(*cases, places)
        curve = roc_curve(cases[0], cases[1], places)
        assert np.all((low - 1e-12 <= curve) & (curve <= high + 1e-12))
        widths.append((high - low).mean())
    assert widths[1] < 0.6 * widths[0]


def test_what_cannot_be_compared_has_no_value():
    nothing = roc_area([1.0, 2.0], [True, True], [0, 1])
    assert (nothing.value, nothing.standard_error, nothing.estimate) == (None, None, None)
    assert nothing.exceeds(nothing) is None
    assert compare(0.5, nothing.estimate, "area", side="more than").verdict == "not measured"
    single = roc_area([1.0, 2.0], [True, False], [0, 0])
    assert (single.value, single.standard_error, single.low) == (0.0, None, None)
    assert np.isnan(roc_curve([1.0], [True], [0.5])).all()
    assert np.isnan(roc_band([1.0, 2.0], [True, False], [0, 0], [0.5])).all()
    assert np.isnan(roc_band([1.0, 2.0], [True, True], [0, 1], [0.5])).all()
    assert set(single.to_dict()) >= {"value", "low", "positives", "groups"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [True, False], [0]), "scores and positive must be of one length"),
        (([], [], []), "at least 1"),
        (([np.nan, 1.0], [True, False], [0, 1]), "scores must be numbers; got nan"),
        (([2.0, 1.0], [True, False], [0]), "groups must hold one label a case"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(InvalidInput, match=message):
        roc_area(*arguments)
    with pytest.raises(InvalidInput, match="false_positive_rates must lie in"):
        roc_curve([2.0, 1.0], [True, False], [1.5])
    with pytest.raises(InvalidInput, match="bootstrap must be an integer >= 100"):
        roc_area([2.0, 1.0], [True, False], [0, 1], bootstrap=5)
