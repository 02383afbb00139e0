"""The figures: what they draw is what was measured, they say how large the samples are, and they fit their page."""

import os
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from geneft_theory.errors import InvalidInput
from tests.validation.layout import require_layout
from validation.measure import mean_band
from validation.networks import MODES
from validation.report import (
    accuracy_data,
    accuracy_figure,
    critical_fraction_figure,
    figure_bytes,
    gap_figure,
    goldilocks_data,
    goldilocks_figure,
    mode_label,
    palette,
    relation_label,
    specimen,
)

MANY_RELATIONS = (
    "modulo:2",
    "modulo:3",
    "random:0.3:1:symmetric",
    "expression:(i * 7 + j) % 11 < 5 and i + 3 < j and $x_$",
    "equivalence:10,10,10",
)


def datasets(relations=tuple(specimen.INVENTED_CRITICAL_FRACTIONS), modes=specimen.MODES):
    return (
        specimen.specimen_results(relations, modes),
        specimen.specimen_theory(relations),
        specimen.specimen_measured(relations, modes),
    )


def texts(figure):
    return [text.get_text() for text in figure.texts]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def lines(axes, colour):
    return [line for line in axes.lines if line.get_color() == colour]


def figures():
    results, theory, measured = datasets()
    many = datasets(MANY_RELATIONS, tuple(MODES))
    yield "accuracy", accuracy_figure(results, theory, measured, "modulo:3")
    yield "accuracy, one seed", accuracy_figure(results.isel(seed=[0]), theory, measured, "greater-than")
    yield "accuracy, long name", accuracy_figure(*many, MANY_RELATIONS[3])
    yield "accuracy, one fraction", accuracy_figure(results.isel(fraction=[7]), theory, measured, "modulo:5")
    yield "gap", gap_figure(measured)
    yield "gap, many", gap_figure(many[2])
    yield "critical fraction", critical_fraction_figure(measured, theory)
    yield "critical fraction, many", critical_fraction_figure(many[2], many[1])
    yield "goldilocks", goldilocks_figure(specimen.specimen_goldilocks())
    yield "goldilocks, one cell", goldilocks_figure(specimen.specimen_goldilocks((2,), (50,)))
    yield "goldilocks, one seed", goldilocks_figure(specimen.specimen_goldilocks(range(9), (5, 10, 20, 50), seeds=1))


@pytest.mark.parametrize("figure", [pytest.param(figure, id=name) for name, figure in figures()])
def test_everything_fits_on_the_page_and_no_part_covers_another(figure):
    require_layout(figure)


def test_accuracy_points_are_means_over_seeds_with_student_intervals():
    results, theory, measured = datasets()
    data = accuracy_data(results, theory, measured, "modulo:3", "difference")
    for name in ("accuracy", "held_out_accuracy"):
        band = mean_band(results[name].sel(relation="modulo:3", mode="difference").values, axis=-1)
        np.testing.assert_allclose(data[name].values[0], band.mean, rtol=0, atol=1e-15)
        np.testing.assert_allclose(data[f"{name}_low"].values[0], band.low, rtol=0, atol=1e-15)
        np.testing.assert_allclose(data[f"{name}_high"].values[0], band.high, rtol=0, atol=1e-15)
    left, right = accuracy_figure(results, theory, measured, "modulo:3", "difference").axes
    colour = palette.mode_style("difference").colour
    for axes, name in ((left, "accuracy"), (right, "held_out_accuracy")):
        drawn = next(line for line in lines(axes, colour) if line.get_marker() == "s")
        np.testing.assert_allclose(drawn.get_xdata(), data["fraction"].values)
        np.testing.assert_allclose(drawn.get_ydata(), data[name].values[0])


def test_intervals_are_drawn_within_zero_and_one():
    results, theory, measured = datasets()
    results["accuracy"][:] = np.array([1.0, 0.9, 1.0, 1.0, 1.0, 1.0])
    left = accuracy_figure(results, theory, measured, "modulo:3", "concatenation").axes[0]
    bars = left.collections[-1].get_segments()
    assert max(bar[:, 1].max() for bar in bars) == 1.0
    assert min(bar[:, 1].min() for bar in bars) < 0.95


def test_theory_is_black_lines_and_the_critical_fraction_a_vertical():
    results, theory, measured = datasets()
    left, right = accuracy_figure(results, theory, measured, "modulo:5").axes
    ideal, estimate = lines(left, palette.THEORY)
    np.testing.assert_array_equal(ideal.get_ydata(), theory["ideal_accuracy"].sel(relation="modulo:5"))
    expected = theory["accuracy_estimate"].sel(relation="modulo:5")
    inside = (expected["fine_fraction"] >= 0.02) & (expected["fine_fraction"] <= 0.9)
    np.testing.assert_array_equal(estimate.get_ydata(), expected[inside])
    (held_out,) = lines(right, palette.THEORY)
    np.testing.assert_array_equal(held_out.get_ydata(), theory["ideal_held_out_accuracy"].sel(relation="modulo:5"))
    critical = float(theory["critical_fraction"].sel(relation="modulo:5"))
    for axes in (left, right):
        assert critical in [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1]


def test_accuracy_figure_says_question_answer_and_sample_sizes():
    results, theory, measured = datasets()
    figure = accuracy_figure(results, theory, measured, "modulo:3")
    question, answer, note = texts(figure)
    assert question == "How much data does “equal modulo 3” need?"
    crossing = measured["critical_fraction"].sel(relation="modulo:3", mode="concatenation")
    assert f"{float(crossing):.3f}" in answer
    assert "0.100" in answer
    for size in ("n = 30 symbols", "6 seeds", "4000 training steps", "200 random training sets"):
        assert size in note.replace("\n", " ")
    assert any("networks, squared difference" in entry for entry in legend(figure))


def test_modes_that_were_not_run_are_left_out():
    results, theory, measured = datasets()
    figure = accuracy_figure(results, theory, measured, "complete-bipartite:10")
    assert [entry for entry in legend(figure) if entry.startswith("networks,")] == ["networks, concatenation"]
    with pytest.raises(InvalidInput, match="mode must be one of concatenation; got 'difference'"):
        accuracy_figure(results, theory, measured, "complete-bipartite:10", "difference")


def test_an_unfinished_run_is_drawn_with_the_seeds_it_has():
    results, theory, measured = datasets()
    whole = accuracy_data(results, theory, measured, "modulo:3", "concatenation")
    results["accuracy"].loc[{"fraction": 0.1, "seed": [2, 3, 4, 5]}] = np.nan
    results["accuracy"].loc[{"fraction": 0.2, "seed": [1, 2, 3, 4, 5]}] = np.nan
    results["accuracy"].loc[{"fraction": 0.3}] = np.nan
    part = accuracy_data(results, theory, measured, "modulo:3", "concatenation")
    assert part["seeds"].values[0].tolist() == [6, 6, 6, 2, 6, 1, 0, 6, 6, 6, 6]
    run = results["accuracy"].sel(relation="modulo:3", mode="concatenation", fraction=0.1).values[:2]
    assert part["accuracy"].sel(fraction=0.1).item() == pytest.approx(run.mean())
    assert np.isnan(part["accuracy_low"].sel(fraction=0.2).item())
    assert np.isnan(part["accuracy"].sel(fraction=0.3).item())
    np.testing.assert_array_equal(part["held_out_accuracy"], whole["held_out_accuracy"])
    assert "1 to 6 seeds" in texts(accuracy_figure(results, theory, measured, "modulo:3"))[2]


@pytest.mark.parametrize(
    ("fractions", "phrase"),
    [(slice(0, 3), "do not reach accuracy 0.9 up to p = 0.06"), (slice(8, 11), "above accuracy 0.9 from the smallest")],
)
def test_a_threshold_that_is_not_crossed_is_said_in_words(fractions, phrase):
    results, theory, measured = datasets()
    measured["critical_fraction"][:] = np.nan
    figure = accuracy_figure(results.isel(fraction=fractions), theory, measured, "greater-than")
    assert phrase in texts(figure)[1].replace("\n", " ")
    assert "threshold 0.9" in legend(figure)


def test_a_critical_fraction_that_is_no_fraction_is_said_and_not_drawn():
    results, theory, measured = datasets()
    theory["critical_fraction"][:] = 2.3
    theory["critical_fraction"].loc["modulo:5"] = 0.0
    assert "critical fraction" not in " ".join(legend(accuracy_figure(results, theory, measured, "modulo:5")))
    figure = accuracy_figure(results, theory, measured, "modulo:3")
    assert "2.30 (more than all pairs)" in texts(figure)[1].replace("\n", " ")
    assert figure.axes[0].get_xlim()[1] < 1.2


def test_gap_dots_lie_at_the_gaps():
    measured = specimen.specimen_measured()
    axes = gap_figure(measured).axes[0]
    for mode in measured["mode"].values:
        colour = palette.mode_style(str(mode)).colour
        (dots,) = [line for line in lines(axes, colour) if line.get_marker() == palette.mode_style(str(mode)).marker]
        np.testing.assert_array_equal(dots.get_xdata(), measured["gap"].sel(mode=mode))
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "complete bipartite, part of 10"


def test_gap_needs_a_gap():
    measured = specimen.specimen_measured()
    measured["gap"][:] = np.nan
    with pytest.raises(InvalidInput, match="got none"):
        gap_figure(measured)


def test_critical_fractions_lie_at_the_measured_values_and_arrows_at_the_ends_of_the_range():
    _, theory, measured = datasets()
    for name in ("critical_fraction", "critical_fraction_low", "critical_fraction_high"):
        measured[name].loc[{"relation": ["modulo:3", "modulo:5"], "mode": "concatenation"}] = np.nan
    measured["status"] = measured["gap"].notnull().astype(str).str.replace("True", "reached").astype("<U20")
    measured["status"].loc[{"relation": "modulo:3", "mode": "concatenation"}] = "not reached"
    measured["status"].loc[{"relation": "modulo:5", "mode": "concatenation"}] = "always exceeded"
    figure = critical_fraction_figure(measured, theory)
    style = palette.mode_style("concatenation")
    drawn = [line for line in lines(figure.axes[0], style.colour) if line.get_marker() == style.marker]
    hollow = [line.get_xdata()[0] for line in drawn if line.get_markerfacecolor() == "white"]
    assert hollow == [0.9, 0.02]
    full = [line.get_xdata()[0] for line in drawn if line.get_markerfacecolor() != "white"]
    assert full == measured["critical_fraction"].sel(mode="concatenation").values[2:].tolist()
    # Nothing is moved along the axis that is read: every mode of a relation has its own line in that relation's row.
    predicted = [segment[0, 0] for segment in figure.axes[0].collections[0].get_segments()]
    assert predicted == theory["critical_fraction"].values.tolist()
    assert len({line.get_ydata()[0] for line in drawn}) == 4
    # Of the 10 combinations that were run, 2 lie beyond the range; the last relation has one mode only.
    assert texts(figure)[1].startswith("8 of 10 cases cross accuracy 0.9")


def test_goldilocks_map_names_mean_and_standard_error_of_each_cell():
    results = specimen.specimen_goldilocks()
    data = goldilocks_data(results)
    figure = goldilocks_figure(results)
    cells = [text.get_text() for text in figure.axes[1].texts]
    assert len(cells) == 18
    cell = data.isel(depth=2, width=1)
    values = results["held_out_accuracy"].isel(relation=0, fraction=0, depth=2, width=1).values
    assert cell["held_out_accuracy"].item() == pytest.approx(values.mean())
    assert cell["held_out_accuracy_standard_error"].item() == pytest.approx(values.std(ddof=1) / np.sqrt(5))
    assert f"{values.mean():.3f}\n± {values.std(ddof=1) / np.sqrt(5):.3f}" in cells
    assert "best constant answer, 0.667" in legend(figure)
    assert "5 seeds" in texts(figure)[2]


def test_goldilocks_asks_which_where_several_were_run():
    results = specimen.specimen_goldilocks()
    two = results.reindex(relation=["modulo:3", "greater-than"], fill_value=0.5)
    with pytest.raises(InvalidInput, match=r"relation must be one of modulo:3, greater-than; got None"):
        goldilocks_figure(two)
    assert goldilocks_data(two, relation="modulo:3").equals(goldilocks_data(results))
    with pytest.raises(InvalidInput, match=r"fraction must be one of 0\.3; got 0\.5"):
        goldilocks_figure(results, fraction=0.5)


@pytest.mark.parametrize("missing", ["accuracy", "held_out_accuracy"])
def test_missing_variables_are_named(missing):
    results, theory, measured = datasets()
    with pytest.raises(InvalidInput, match=f"results must have a variable {missing} "):
        accuracy_figure(results.drop_vars(missing), theory, measured, "modulo:3")
    with pytest.raises(InvalidInput, match="got dimensions"):
        accuracy_figure(results.isel(seed=0), theory, measured, "modulo:3")
    with pytest.raises(InvalidInput, match="relation must be one of"):
        accuracy_figure(results, theory, measured, "modulo:7")


def test_every_mode_has_its_own_colour_marker_and_dashes():
    styles = [palette.mode_style(mode) for mode in MODES]
    for distinction in zip(*styles, strict=True):
        assert len(set(distinction)) == len(MODES)
    assert mode_label("equality_head") == "equality head"
    with pytest.raises(InvalidInput, match="mode must be one of"):
        palette.mode_style("sum")


def test_labels_are_one_short_line():
    label = relation_label("ancestor:" + ",".join(["-1"] + ["0"] * 99) + "\n")
    assert len(label) == 44
    assert label.endswith("…")
    assert "\n" not in relation_label("two\nlines")


def test_a_figure_does_not_depend_on_the_users_settings_nor_change_them():
    measured = specimen.specimen_measured()
    usual = figure_bytes(gap_figure(measured))
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black", "svg.hashsalt": "other"}):
        before = dict(matplotlib.rcParams)
        assert figure_bytes(gap_figure(measured)) == usual
        assert dict(matplotlib.rcParams) == before


def test_plotting_state_and_libraries_stay_untouched():
    program = """
import sys
import validation.report
assert not {"matplotlib", "jinja2", "xarray", "torch"} & set(sys.modules)
from validation.report import specimen
validation.report.figure_bytes(validation.report.gap_figure(specimen.specimen_measured()))
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)


def test_what_cannot_be_drawn_is_refused_in_one_line():
    results, theory, measured = datasets()
    with pytest.raises(InvalidInput, match="mode must name at least one of concatenation"):
        accuracy_figure(results, theory, measured, "modulo:3", [])
    with pytest.raises(InvalidInput, match="got no coordinate seed"):
        accuracy_figure(results.drop_vars("seed"), theory, measured, "modulo:3")
    with pytest.raises(InvalidInput, match="theory must have a coordinate fraction"):
        critical_fraction_figure(measured, theory.drop_dims("fraction"))
    with pytest.raises(InvalidInput, match="theory must have a relation with critical_fraction > 0; got none"):
        critical_fraction_figure(measured, theory.assign(critical_fraction=0 * theory["critical_fraction"]))
    results["accuracy"].loc[{"relation": "modulo:3"}] = np.nan
    with pytest.raises(InvalidInput, match="relation must have been run in some mode; got none for modulo:3"):
        accuracy_figure(results, theory, measured, "modulo:3")
    empty = specimen.specimen_goldilocks()
    empty["held_out_accuracy"][:] = np.nan
    with pytest.raises(InvalidInput, match="got only nan"):
        goldilocks_figure(empty)


def test_where_nothing_crosses_the_threshold_no_factor_is_claimed():
    _, theory, measured = datasets()
    for name in ("critical_fraction", "critical_fraction_low", "critical_fraction_high"):
        measured[name][:] = np.nan
    answer = texts(critical_fraction_figure(measured, theory))[1]
    assert answer == "0 of 10 cases cross accuracy 0.9 in the measured range."


def test_a_base_rate_is_drawn_only_where_it_is_known():
    results = specimen.specimen_goldilocks()
    del results.attrs["base_rate"]
    assert not any("constant" in entry for entry in legend(goldilocks_figure(results)))


def test_the_order_of_the_data_does_not_matter():
    results, theory, measured = datasets()
    usual = figure_bytes(accuracy_figure(results, theory, measured, "modulo:3"))
    shuffled = np.random.default_rng(0).permutation(results.sizes["fraction"])
    results, theory = results.isel(fraction=shuffled), theory.isel(fraction=shuffled[::-1])
    assert figure_bytes(accuracy_figure(results, theory, measured, "modulo:3")) == usual
    theory = theory.isel(fine_fraction=slice(None, None, -1), relation=slice(None, None, -1))
    assert figure_bytes(accuracy_figure(results, theory, measured, "modulo:3")) == usual


def test_a_relation_without_an_ideal_learner_is_drawn_without_it():
    results, theory, measured = datasets()
    for name in ("ideal_accuracy", "ideal_accuracy_error", "ideal_held_out_accuracy", "ideal_held_out_accuracy_error"):
        theory[name].loc["modulo:3"] = np.nan
    measured["gap"].loc["modulo:3"] = np.nan
    figure = accuracy_figure(results, theory, measured, "modulo:3")
    assert "ideal learner" not in legend(figure)
    assert texts(figure)[2].replace("\n", " ").endswith("No ideal learner is known for this relation.")
    # Its critical fractions are measured all the same.
    assert texts(critical_fraction_figure(measured, theory))[1].startswith("10 of 10 cases")
