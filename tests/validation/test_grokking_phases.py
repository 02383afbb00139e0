"""That the conclusions on the phases of networks that learn operations follow from their numbers."""

import itertools
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from geneft_theory.grokking import addition, symmetric_group
from validation.experiments.grokking_phases import DIAGRAMS
from validation.experiments.grokking_phases_conclusions import (
    agreement_rows,
    boundary_rows,
    conclude,
    phase_rows,
    splits_rows,
)
from validation.experiments.grokking_phases_diagrams import agreement, cases_of, consistency, splits_of
from validation.experiments.grokking_phases_half import half_rate
from validation.experiments.grokking_phases_released import BUDGET, COUNTS, LETTERS, MAP_B, released_phases
from validation.experiments.grokking_phases_theory import hopeless_by_labels
from validation.measure import clustered_interval, wilson_interval

RATES = np.geomspace(1e-5, 1e-2, 16).round(9)
DECAYS = np.arange(11.0)
TIMES = {
    "generalization": (100.0, 200.0),
    "grokking": (100.0, 1100.0),
    "memorization": (100.0, np.nan),
    "confusion": (np.nan, 500.0),
}
THEORY = xr.Dataset({"hopeless": 0.27, "hopeless_error": 0.003, "hopeless_labels": 0.27}, attrs={"draws": 20_000})


def made_up(rows, steps=BUDGET):
    """Results from rows (diagram, kind, first value, second value, training seed, seed, phase, ideal accuracy)."""
    columns = list(zip(*rows, strict=True))
    diagrams = [str(each) for each in columns[0]]
    axes = [DIAGRAMS[each].axes if each else ("eta_encoder", "eta_decoder") for each in diagrams]
    coords = {name: np.zeros(len(rows)) for name in ("eta_encoder", "eta_decoder", "weight_decay_decoder")}
    for row, (names, *values) in enumerate(zip(axes, columns[2], columns[3], strict=True)):
        for name, value in zip(names, values, strict=True):
            coords[name][row] = value
    times = np.array([TIMES[phase] for phase in columns[6]])
    return xr.Dataset(
        {
            "steps_to_train_threshold": ("network", times[:, 0]),
            "steps_to_test_threshold": ("network", times[:, 1]),
            "diverged": ("network", np.zeros(len(rows), dtype=bool)),
            "ideal_accuracy": ("network", list(columns[7])),
        },
        {
            "diagram": ("network", diagrams),
            "training_sets": ("network", list(columns[1])),
            "training_seed": ("network", list(columns[4])),
            "seed": ("network", list(columns[5])),
            **{name: ("network", values) for name, values in coords.items()},
        },
        {"steps": steps, "delay": 1000},
    )


def diagram(phase, name="b", first=RATES[::3], second=DECAYS[::2], sets=(0,), seeds=8, kind="ideal"):
    """Rows of a diagram whose phases are a function of both values and of the number of the replicate."""
    replicates = list(itertools.product(sets, range(seeds)))
    return [
        (name, kind, u, v, t, s, phase(u, v, number), 1.0)
        for u, v in itertools.product(first, second)
        for number, (t, s) in enumerate(replicates)
    ]


def as_claimed(rate, decay, number):
    """The paper's picture along decoder rates: generalization, grokking, memorization, and confusion if decayed."""
    place = math.log10(rate) + 0.01 * number
    if place > -3.3:
        return "confusion" if decay > 5 else "memorization"
    return "generalization" if place < -4.5 else "grokking"


def mirrored(rate, decay, number):
    """The same with slow and fast exchanged."""
    return as_claimed(1e-7 / rate, decay, number)


def by_words(found):
    return {verdict.claim.split(": ", 1)[1]: verdict for verdict in found}


def test_what_is_as_the_paper_says_agrees():
    found = by_words(conclude(made_up(diagram(as_claimed)), THEORY))
    judged = {
        claim: each.verdict for claim, each in found.items() if "released" not in claim and "more weight" not in claim
    }
    assert len(judged) == 6
    assert set(judged.values()) == {"agrees"}
    gained = next(each for claim, each in found.items() if claim.startswith("share of memorization"))
    assert gained.measured == 1
    assert gained.standard_error > 0


def test_what_is_the_other_way_round_disagrees():
    found = by_words(conclude(made_up(diagram(mirrored)), THEORY))
    assert {each.verdict for claim, each in found.items() if "minus" in claim} == {"disagrees", "undecided"}
    assert {each.verdict for claim, each in found.items() if "faster decoder" in claim} == {"disagrees"}


def test_what_two_replicates_contradict_each_other_in_is_undecided():
    def phase(rate, decay, number):
        return as_claimed(rate, decay, 0) if number % 2 else mirrored(rate, decay, 0)

    found = by_words(conclude(made_up(diagram(phase)), THEORY))
    assert {each.verdict for claim, each in found.items() if "minus" in claim} == {"undecided"}


def test_the_order_along_weight_decay():
    """Generalization, then grokking, then memorization, and the other way round."""
    order = ["generalization", "grokking", "memorization"]

    def upwards(rate, decay, number):
        return order[int(decay + number % 2) // 4] if decay < 11 else "confusion"

    def downwards(rate, decay, number):
        return upwards(rate, 10 - decay, number)

    for phase, verdict in ((upwards, "agrees"), (downwards, "disagrees")):
        found = by_words(conclude(made_up(diagram(phase)), THEORY))
        assert {each.verdict for claim, each in found.items() if "more weight" in claim} == {verdict}
        assert {each.verdict for claim, each in found.items() if "faster decoder" in claim} == {"not measured"}


def test_the_order_of_phases_is_not_measured_where_they_do_not_meet():
    found = by_words(conclude(made_up(diagram(lambda rate, decay, number: "memorization")), THEORY))
    assert {each.verdict for claim, each in found.items() if "faster decoder" in claim} == {"not measured"}


@pytest.mark.parametrize(
    ("slope", "ratio", "verdicts"),
    [(1.0, 0.22, ["agrees", "agrees"]), (3.0, 0.055, ["disagrees", "agrees"]), (1.0, 5.0, ["agrees", "disagrees"])],
)
def test_the_line_of_diagram_a(slope, ratio, verdicts):
    rates = np.geomspace(1e-5, 1e-2, 7)

    def phase(encoder, decoder, number):
        line = -3.5 + math.log10(ratio) + slope * (math.log10(encoder) + 3.5) + 0.08 * (number - 3.5)
        return "memorization" if math.log10(decoder) > line else "generalization"

    results = made_up(diagram(phase, "a", rates, rates))
    assert [each.verdict for each in conclude(results, THEORY)[:2]] == verdicts
    (row,) = boundary_rows(cases_of(results))
    assert row["slope"] == pytest.approx(slope, rel=0.1)
    assert row["slope_low"] < row["slope"] < row["slope_high"]


def test_a_map_drawn_from_our_own_frequencies_agrees_and_another_does_not():
    """Networks that have the released phase with probability 0.8 in every cell, or never."""
    first, second = RATES, DECAYS
    there = released_phases(first, second)
    generator = np.random.default_rng(0)

    def alike(rate, decay, number):
        i, j = np.argmin(np.abs(first - rate)), int(decay)
        return there[i, j] if generator.random() < 0.8 else generator.choice(sorted(TIMES))

    def unlike(rate, decay, number):
        i, j = np.argmin(np.abs(first - rate)), int(decay)
        return "confusion" if there[i, j] != "confusion" else "grokking"

    claims = []
    for phase in (alike, unlike):
        results = made_up(diagram(phase, first=first, second=second))
        (seen,) = agreement_rows(cases_of(results), BUDGET)
        claims.append((conclude(results, THEORY)[-1], seen))
    (agreeing, seen), (differing, other) = claims
    assert seen["cells"] == 176
    # A map of single draws agrees with probability 0.8 + 0.2/4; the map itself is what they agree with.
    assert seen["one_replicate"] == pytest.approx(0.85, abs=0.05)
    assert (differing.verdict, other["released"], other["one_replicate"]) == ("disagrees", 0, 1)
    assert agreeing.theory == pytest.approx(seen["one_replicate"])
    short = conclude(made_up(diagram(alike, first=first, second=second), steps=4000), THEORY)[-1]
    assert short.verdict == "not measured"


def test_a_single_replicate_of_ours_agrees_with_the_others():
    """The rule applied to a map that really is one of ours: the expected share is met, to four standard deviations."""
    generator = np.random.default_rng(1)
    draw = generator.choice(sorted(TIMES), p=[0.5, 0.3, 0.1, 0.1], size=(9, 16, 11))
    results = made_up(
        [
            ("b", "ideal", u, v, 0, k, draw[k, i, j], 1.0)
            for k in range(9)
            for i, u in enumerate(RATES)
            for j, v in enumerate(DECAYS)
        ]
    )
    (case,) = cases_of(results)
    seen = agreement(case)
    # The most frequent of 8 is the true mode more often than not; then a draw agrees with probability 1/2.
    assert 0.3 < seen.expected < 0.52
    assert seen.spread == pytest.approx(math.sqrt(seen.expected * (1 - seen.expected) / 176), rel=0.9)


def test_phases_that_table_1_leaves_out_are_confusion():
    (case,) = cases_of(made_up(diagram(lambda rate, decay, number: "confusion")))
    assert set(np.unique(case.phases)) == {"confusion"}


def test_frequencies_of_several_training_sets_are_of_both_levels():
    def phase(rate, decay, number):
        return "memorization" if number < 20 else "generalization"

    alone = cases_of(made_up(diagram(phase, seeds=40)))[0]
    several = cases_of(made_up(diagram(phase, sets=(0, 1, 6, 8), seeds=10)))[0]
    random = [
        (d, "random", *axes, number, number, p, i) for number, (d, _, *axes, _, _, p, i) in enumerate(several_rows())
    ]
    assert alone.shares.low[0, 0, 2] == pytest.approx(wilson_interval(20, 40)[0])
    assert several.shares.low[0, 0, 2] == pytest.approx(clustered_interval([10, 10, 0, 0], [10] * 4)[0])
    assert several.shares.low[0, 0, 2] < alone.shares.low[0, 0, 2]
    assert (alone.several_sets, several.several_sets) == (False, True)
    assert not cases_of(made_up(random))[0].several_sets
    errors = [phase_rows([case])[2]["standard_error"] for case in (alone, several)]
    assert errors[1] > 3 * errors[0]


def several_rows():
    """One network in each of 4 cells on a training set of its own."""
    return diagram(as_claimed, first=RATES[:2], second=DECAYS[:2], seeds=1)


def test_half_rates_are_where_half_memorize():
    generator = np.random.default_rng(2)
    rates = np.geomspace(1e-4, 1e-2, 9)
    chance = 1 / (1 + np.exp(-5 * (np.log10(rates) + 3.2)))
    found = half_rate(rates, (generator.random((60, 9)) < chance).astype(float))
    assert found.status == "fitted"
    assert abs(found.value + 3.2) < 4 * found.standard_error < 0.4
    assert found.low < found.value < found.high
    assert found.learned == 540


@pytest.mark.parametrize(
    ("each", "status"),
    [
        ([1, 1, 1], "only memorization"),
        ([0, 0, np.nan], "only generalization"),
        ([np.nan] * 3, "nothing learned"),
        ([1, 0, 0], "falling"),
    ],
)
def test_where_there_is_no_half_rate_it_is_said_why(each, status):
    found = half_rate(np.array([1e-4, 1e-3, 1e-2]), np.array([each] * 4, dtype=float))
    assert (found.status, math.isnan(found.value)) == (status, True)


def test_half_rates_at_odds_with_the_grid():
    rates = np.array([1e-4, 1e-3, 1e-2])
    one = np.array([[np.nan, 0, np.nan], [np.nan, 1, np.nan]])
    assert half_rate(rates, one).status == "one rate"
    beyond = np.array([[1.0, 1, 1]] * 9 + [[0.0, 1, 1]])
    assert half_rate(rates, beyond).status == "below the grid"
    assert half_rate(rates, 1 - beyond[:, ::-1]).status == "above the grid"
    step = half_rate(rates, np.array([[0.0, 0, 1]] * 5))
    # All replicates agree: what is left open is the gap between two rates.
    assert step.value == pytest.approx(-2.5, abs=0.05)
    assert step.standard_error >= 1 / math.sqrt(12)
    assert step.low <= -3
    assert step.high >= -2


def splits(ideal, learned):
    return [
        ("", "splits", 1e-3, 1e-4, number, number, "generalization" if won else "memorization", accuracy)
        for number, (accuracy, won) in enumerate(zip(ideal, learned, strict=True))
    ]


def test_networks_on_random_training_sets():
    ideal = [0.8] * 30 + [0.9] * 35 + [1.0] * 35
    results = made_up(splits(ideal, [False] * 45 + [True] * 55))
    bound, lucky = conclude(results, THEORY)
    assert (bound.verdict, bound.measured) == ("agrees", pytest.approx(0.45))
    assert (lucky.verdict, lucky.measured) == ("agrees", 0)
    rows = splits_rows(splits_of(results))
    assert [(row["ideal_accuracy"], row["networks"], row["generalizing"]) for row in rows] == [
        (0.8, 30, 0),
        (0.9, 35, 20),
        (1.0, 35, 35),
    ]
    bound, lucky = conclude(made_up(splits(ideal, [True] * 100)), THEORY)
    assert (bound.verdict, lucky.verdict) == ("disagrees", "disagrees")
    assert conclude(made_up(splits([1.0] * 5, [True] * 5)), THEORY)[1].verdict == "not measured"


def test_hopeless_training_sets_are_counted_exactly():
    """Against every training set of a small table, and the best case of the dossier's hypergeometric numbers."""
    operation = addition(4)
    size, hopeless = 7, 0
    choices = list(itertools.combinations(range(10), size))
    for chosen in choices:
        known = set(operation.classes[list(chosen)])
        lost = sum(operation.classes[k] not in known for k in range(10) if k not in chosen)
        hopeless += lost > 3 * 0.1
    assert hopeless_by_labels(operation, size) == pytest.approx(hopeless / len(choices), rel=1e-12)
    assert hopeless_by_labels(symmetric_group(3), 24) < 1e-2
    assert hopeless_by_labels(addition(10), 55) == 0
    # The four labels with a single pair alone: 1 - P(at most one of them held out) of a hypergeometric distribution.
    one = sum(math.comb(4, k) * math.comb(51, 10 - k) for k in (0, 1)) / math.comb(55, 10)
    assert hopeless_by_labels(addition(10), 45) > 1 - one


def test_the_released_map_has_the_counts_of_its_source():
    letters = "".join(MAP_B)
    assert len(letters) == 176
    assert {LETTERS[letter]: letters.count(letter) for letter in LETTERS} == COUNTS["b"]
    assert [sum(count.values()) for count in COUNTS.values()] == [169, 176, 176, 176]


@given(st.integers(0, 10**6), st.floats(-3, 3))
def test_half_rates_move_with_the_rates(seed, decades):
    outcome = np.random.default_rng(seed).choice([0.0, 1.0, np.nan], size=(5, 6)).cumsum(axis=1).clip(0, 1)
    rates = np.geomspace(1e-4, 1e-2, 6)
    one, other = half_rate(rates, outcome), half_rate(rates * 10**decades, outcome)
    assert one.status == other.status
    for name in ("value", "low", "high"):
        assert getattr(other, name) == pytest.approx(getattr(one, name) + decades, abs=1e-6, nan_ok=True)


@given(st.integers(0, 10**6), st.permutations(range(6)))
def test_consistency_does_not_depend_on_the_order_of_replicates(seed, order):
    phases = np.random.default_rng(seed).choice(sorted(TIMES), size=(6, 3, 4))
    found = consistency(phases)
    assert np.all((found >= 0) & (found <= 1))
    assert consistency(phases[order]) == pytest.approx(found[order])


@given(st.integers(2, 8), st.data())
def test_a_higher_threshold_leaves_more_training_sets_hopeless(p, data):
    operation = addition(p)
    size = data.draw(st.integers(1, len(operation.samples) - 1))
    thresholds = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    low, high = (hopeless_by_labels(operation, size, threshold) for threshold in thresholds)
    assert 0 <= low <= high <= 1
