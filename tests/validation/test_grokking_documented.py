"""That what the page on grokking says of networks is in the stored results: each number here stands there, rounded."""

from pathlib import Path

import numpy as np
import pytest

from validation.experiments.grokking_phases_conclusions import can_tell
from validation.experiments.grokking_phases_diagrams import splits_of
from validation.experiments.grokking_rate_conclusions import conclude
from validation.experiments.grokking_transformer_conclusions import condition, halfway
from validation.reproduce import require_reproduction, stored_result
from validation.reproduce.verdicts import verdicts

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "grokking.md").read_text(encoding="utf-8").split())


def said(words):
    assert words in PAGE, words


@pytest.fixture(scope="module")
def cases():
    stored = stored_result(require_reproduction("grokking-structure"))
    concluded, _ = conclude(stored.results, stored.theory)
    return {(each.case.loss, each.case.optimizer): each for each in concluded}


def test_the_slopes(cases):
    quoted = {
        ("cross_entropy", "adamw"): r"$-0.36 \pm 0.05$",
        ("mean_squared_error", "adamw"): r"$-0.6 \pm 0.2$",
        ("cross_entropy", "sgd"): r"$-0.95 \pm 0.10$",
        ("mean_squared_error", "sgd"): r"$-0.46 \pm 0.10$",
    }
    for key, words in quoted.items():
        said(words)
        digits = len(words.split()[0].split(".")[1])
        found = cases[key].slope
        assert f"$-{-found.value:.{digits}f} \\pm {found.standard_error:.{digits}f}$" == words
    said(r"$-0.35 \pm 0.09$")
    in_sum = cases["mean_squared_error", "adamw"].slope_of_sum
    assert (round(in_sum.value, 2), round(in_sum.standard_error, 2)) == (-0.35, 0.09)
    of_sum = cases["cross_entropy", "sgd"]
    said("sum of the code it is half of that")
    assert of_sum.slope_of_sum.value / of_sum.slope.value == pytest.approx(0.5, abs=0.1)


def test_what_is_said_of_a_slope_is_what_its_verdicts_say():
    """Regression under AdamW is told neither from -1 nor from 0; classification from both."""
    found = {verdict.claim: verdict.verdict for verdict in verdicts(require_reproduction("grokking-structure"))}
    steps = "AdamW: the steps to structure go like 1/lambda_3, slope of the logarithms (paper's convention)"
    sooner = "AdamW: structure comes sooner where lambda_3 is larger"
    assert (found[f"regression, {steps}"], found[f"regression, {sooner}"]) == ("agrees", "undecided")
    assert (found[f"classification, {steps}"], found[f"classification, {sooner}"]) == ("disagrees", "agrees")


def test_who_forms_structure(cases):
    each = list(cases.values())
    said("of 120 networks whose training set does not force it two form it all the same, both classifiers on the same")
    unforced = {key: np.argwhere(one.case.structured & ~one.case.forced).tolist() for key, one in cases.items()}
    assert sum((~one.case.forced).sum() for one in each) == 120
    assert [len(places) for places in unforced.values()] == [0, 0, 1, 1]
    assert unforced["cross_entropy", "adamw"] == unforced["cross_entropy", "sgd"]
    said("between 38 and 67 % of the networks")
    shares = [one.row["forced"]["share"] for one in each]
    assert (round(100 * min(shares)), round(100 * max(shares))) == (38, 67)
    said("between 0.59 and 0.79")
    halves = [one.threshold.value for one in each]
    assert (round(min(halves), 2), round(max(halves), 2)) == (0.59, 0.79)
    said("about 1.3 times steps times learning rate")
    speeds = [cases[loss, "adamw"].row["median_speed"] for loss in ("mean_squared_error", "cross_entropy")]
    assert speeds == pytest.approx([1.3, 1.3], abs=0.06)


def test_random_training_sets():
    splits = splits_of(stored_result(require_reproduction("grokking-fig6")).results)
    told = can_tell(splits)
    said("*no* network generalizes from one of those; from the others, 58 % do")
    assert np.mean(~told) > 0.25
    assert not splits.learned[~told].any()
    assert round(100 * splits.learned[told].mean()) == 58


def test_transformers():
    stored = stored_result(require_reproduction("grokking-transformers"))
    usual = condition(stored.results, 1.0, 0.0)
    said("its top lies before generalization, which comes on the way down")
    curves = usual["effective_dimension_curve"].transpose("seed", "step").values
    tops = usual["step"].values[curves.argmax(axis=1)]
    assert (tops < usual["steps_to_test_threshold"].values).all()
    assert (halfway(usual) > curves[:, 0]).all()
    found = verdicts(require_reproduction("grokking-transformers"))
    said("Both regularizers shorten the delay, as published")
    assert {verdict.verdict for verdict in found if "shortens" in verdict.claim} == {"agrees"}
