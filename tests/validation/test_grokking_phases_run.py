"""The grokking phases in a reduced form: what can be asked, what a run writes, and what is read again."""

import json
import shlex
from dataclasses import replace

import numpy as np
import pytest

from geneft_theory import InvalidInput
from geneft_theory.grokking import ideal_accuracy
from tests.validation.layout import require_layout
from validation.cli.main import build_parser
from validation.experiments import grokking_phases, grokking_phases_report
from validation.experiments.grokking_phases import (
    GrokkingPhasesOptions,
    ideal_training_seeds,
    members,
    networks,
    options_from,
    record_steps,
    replicates,
)
from validation.experiments.grokking_phases_theory import theory
from validation.experiments.presentation import command_of
from validation.experiments.running import open_folder
from validation.operations import training_set
from validation.report.grokking_phases import decay_diagram_figure, splits_figure
from validation.report.specimen_grokking_phases import DECAYS, RATES, specimen_decay_diagram, specimen_splits

SMALL = {
    "seeds": 2,
    "splits": 3,
    "steps": 60,
    "delay": 20,
    "width": 20,
    "eta_encoder": (1e-3, 1e-2),
    "eta_decoder": (1e-3, 1e-2),
    "eta_decoder_decayed": (1e-3, 1e-2),
    "weight_decays_b": (0.0, 5.0),
    "weight_decays_c": (0.0, 8.0),
    "weight_decays_d": (0.0, 20.0),
}


def small(**changes):
    return GrokkingPhasesOptions(**SMALL | changes)


@pytest.mark.parametrize("preset", grokking_phases.PRESETS)
def test_every_network_of_the_reduced_form_is_one_of_the_full_form(preset):
    options = options_from(preset)
    full = set(networks(options))
    assert len(full) == len(networks(options))
    assert set(networks(grokking_phases_report.reduced(options))) < full
    assert record_steps(options)[-1] == options.steps


def test_the_axes_of_the_paper():
    options = options_from("paper")
    shapes = {"a": (13, 13), "b": (16, 11), "c": (16, 11), "d": (16, 11)}
    for name, shape in shapes.items():
        axes = grokking_phases.DIAGRAMS[name].axes
        assert tuple(len(options.axis(name, axis)) for axis in axes) == shape
    assert len(networks(options)) <= 10 * (169 + 3 * 176) + 1000
    assert options.eta_encoder[0] == options.eta_decoder_decayed[0] == 1e-5
    assert options.eta_encoder[-1] == options.eta_decoder_decayed[-1] == 1e-2


def test_ideal_training_sets_imply_all_answers_and_random_ones_are_one_a_network():
    options = small(diagrams=("b", "d"), training_sets=("ideal", "random"), sets=3)
    for (diagram, sets), settings in members(options):
        if sets == "ideal":
            assert ideal_accuracy(training_set(settings)) == 1
        if sets == "random":
            assert settings.training_seed == settings.seed
        assert (settings.operation == "symmetric-group:3") == (diagram == "d")
    assert len(replicates(options, "b", "ideal")) == len(replicates(options, "b", "random")) == 6
    assert len({seed for seed, _ in replicates(options, "b", "ideal")}) == 3
    # Which sets are ideal depends on the sweep's own seed, and the first ones are the same however many are asked for.
    assert ideal_training_seeds("addition:10", 45, 2) == ideal_training_seeds("addition:10", 45, 5)[:2]
    assert ideal_training_seeds("addition:10", 45, 9) != ideal_training_seeds("addition:10", 45, 9, 1)


def test_where_no_training_set_is_ideal_it_is_said():
    with pytest.raises(InvalidInput, match=r"sets must be at most 0, as many ideal training sets of 3 pairs"):
        ideal_training_seeds("addition:10", 3, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"diagrams": ()}, "diagrams must name at least one of a, b, c, d"),
        ({"diagrams": ("a", "a")}, "diagrams must name at least one of a, b, c, d, each once"),
        ({"diagrams": ("e",)}, "diagrams must be one of a, b, c, d"),
        ({"training_sets": ("official",)}, "training_sets must be one of ideal, random"),
        ({"training_sets": ()}, "training_sets must name at least one"),
        ({"sets": 0}, "sets must be an integer >= 1"),
        ({"seeds": 1}, "seeds must be an integer >= 2"),
        ({"seeds": 2.5}, "seeds must be an integer"),
        ({"splits": 1}, "splits must be 0, or at least 2"),
        ({"splits": -1}, "splits must be an integer >= 0"),
        ({"eta_encoder": (1e-3,)}, "eta_encoder must be increasing numbers, at least 2"),
        ({"eta_decoder": (1e-3, 1e-4)}, "eta_decoder must be increasing"),
        ({"eta_decoder_decayed": (0.0, 1e-4)}, "eta_decoder_decayed must lie in"),
        ({"eta_encoder": (1e-3, float("nan"))}, "eta_encoder must"),
        ({"weight_decays_b": (-1.0, 0.0)}, "weight_decays_b must lie in"),
        ({"weight_decays_d": (1.0, 1.0)}, "weight_decays_d must be increasing"),
        ({"steps": 0}, "steps must be an integer >= 1"),
        ({"delay": 0}, "delay must be an integer >= 1"),
        ({"width": 0}, "width must be an integer >= 1"),
        ({"sweep_seed": -1}, "sweep_seed must be an integer >= 0"),
    ],
)
def test_bad_options_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        small(**change)


def ask(words):
    from validation.cli.experiments import grokking_phases as command

    return command.choose(build_parser().parse_args(["run", "grokking-phases", *words]))[1]


def test_the_command_line_reaches_every_option(tmp_path):
    words = ["--diagrams", "d,a", "--training-sets", "random", "--sets", "2", "--seeds", "3", "--splits", "5"]
    words += ["--eta-encoder", "1e-3,2e-3", "--eta-decoder", "3e-3,4e-3", "--eta-decoder-decayed", "1e-4,5e-4"]
    words += ["--weight-decays-b", "0,1", "--weight-decays-c", "0,2", "--weight-decays-d", "0,3"]
    words += ["--width", "30", "--steps", "70", "--delay", "50", "--sweep-seed", "5"]
    options = ask(words)
    assert options == GrokkingPhasesOptions(
        diagrams=("d", "a"),
        training_sets=("random",),
        sets=2,
        seeds=3,
        splits=5,
        eta_encoder=(1e-3, 2e-3),
        eta_decoder=(3e-3, 4e-3),
        eta_decoder_decayed=(1e-4, 5e-4),
        weight_decays_b=(0.0, 1.0),
        weight_decays_c=(0.0, 2.0),
        weight_decays_d=(0.0, 3.0),
        width=30,
        steps=70,
        delay=50,
        sweep_seed=5,
    )
    assert ask([]) == options_from("quick")
    # The command on the report asks the same again.
    folder = open_folder("grokking-phases", "quick", options, tmp_path / "run")
    assert ask(shlex.split(command_of(folder))[3:]) == options


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    options = small(diagrams=("a", "b", "c", "d"), sets=2)
    folder = open_folder("grokking-phases", "quick", options, tmp_path_factory.mktemp("runs") / "small")
    return folder, options, grokking_phases_report.run(folder, options, None)


def test_a_run_writes_everything(finished):
    folder, options, summary = finished
    assert summary["networks"] == len(networks(options))
    assert len(summary["phases"]) == 4 * 4
    # One line for 6a, two decays for each of the others.
    assert len(summary["boundaries"]) == 1 + 3 * 2
    for name in ("phases", "boundaries", "agreement", "splits", "verdicts"):
        assert json.loads((folder.tables / f"{name}.json").read_text()) == json.loads(
            json.dumps(summary[name], allow_nan=False)
        )
    names = {f"diagram-{name}-ideal" for name in "abcd"} | {"random-training-sets"}
    assert {path.stem for path in folder.figures.glob("*.png")} == names
    page = folder.report.read_text(encoding="utf-8")
    assert "liu2022grokking" in page
    assert "ideal_accuracy" in (folder.tables / "networks.csv").read_text().splitlines()[0]
    text = grokking_phases_report.as_text(summary)
    assert text.count("\n") > len(summary["verdicts"])
    assert "With 4 seeds hardly anything" in page


def test_the_outcome_is_read_again(finished):
    folder, options, summary = finished
    results, predicted = grokking_phases_report.outcome(folder, options)
    assert results.sizes["network"] == len(members(options))
    again = grokking_phases_report.verdicts(results, predicted)
    assert [verdict.to_dict() for verdict in again] == summary["verdicts"]
    assert len(grokking_phases_report.drawings(results, predicted)) == 5
    # A network that belongs to two diagrams was trained once, and is in both.
    rows = {key: [] for key in ("a", "b")}
    for (name, sets), settings in members(options):
        if name in rows and sets == "ideal" and settings.eta_encoder == 1e-3 and not settings.weight_decay_decoder:
            rows[name].append(settings)
    assert set(rows["a"]) == set(rows["b"])
    ideal = results["ideal_accuracy"].values[results["training_sets"].values == "ideal"]
    assert (ideal == 1).all()
    steps = results["steps_taken"].values
    assert np.all((steps > 0) & (steps <= options.steps))


def test_an_outcome_can_be_stored_and_read_again(finished, tmp_path):
    from validation.sweeps import consolidate, read_stored

    folder, options, _ = finished
    results, predicted = grokking_phases_report.outcome(folder, options)
    for dataset in (results, predicted.assign_attrs(schema_version=1)):
        checksum = consolidate(dataset, tmp_path / "stored.nc")
        assert read_stored(tmp_path / "stored.nc", checksum).identical(dataset)


def test_a_diagram_alone_on_random_training_sets(tmp_path):
    options = replace(small(), diagrams=("b",), training_sets=("random",), splits=0)
    folder = open_folder("grokking-phases", "quick", options, tmp_path / "run")
    summary = grokking_phases_report.run(folder, options, None)
    assert summary["splits"] == []
    assert {path.stem for path in folder.figures.glob("*.png")} == {"diagram-b-random"}
    assert "Random training sets</h" not in folder.report.read_text(encoding="utf-8")


def test_what_random_training_sets_allow():
    """That labels which are never shown are nearly the whole reason, and a lower bound."""
    predicted = theory(small())
    labels, share = float(predicted["hopeless_labels"]), float(predicted["hopeless"])
    assert labels == pytest.approx(0.27034, abs=1e-5)
    assert -4 * float(predicted["hopeless_error"]) < share - labels < 0.02


FEW = {"rates": RATES[:2], "decays": DECAYS[:2]}
MANY = {"rates": np.geomspace(1e-5, 1e-2, 16), "decays": np.arange(11.0)}


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(decay_diagram_figure(specimen_decay_diagram()), id="usual"),
        pytest.param(decay_diagram_figure(specimen_decay_diagram(**FEW, fitted=False, released=False)), id="few cells"),
        pytest.param(decay_diagram_figure(specimen_decay_diagram(**MANY)), id="the paper's axes"),
        pytest.param(splits_figure(specimen_splits()), id="splits"),
        pytest.param(splits_figure(specimen_splits().isel(ideal_accuracy=slice(1))), id="one accuracy"),
    ],
)
def test_everything_fits_on_the_page_and_no_part_covers_another(figure):
    require_layout(figure)


def test_shares_fill_their_cells():
    figure = decay_diagram_figure(specimen_decay_diagram())
    area = 0.0
    for collection in figure.axes[0].collections:
        for path in collection.get_paths():
            area += np.ptp(np.log(path.vertices[:4, 0])) * np.ptp(path.vertices[:4, 1])
    (left, right), (bottom, top) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert area == pytest.approx(np.log(right / left) * (top - bottom), rel=1e-6)


def test_intervals_beyond_the_axis_are_cut_off():
    data = specimen_decay_diagram()
    data["half_rate_low"].values[0], data["half_rate_high"].values[0] = 0.0, np.inf
    axes = decay_diagram_figure(data).axes[0]
    line = next(each for each in axes.lines if list(each.get_ydata()) == [0.22, 0.22])
    assert list(line.get_xdata()) == list(axes.get_xlim())


def test_figures_refuse_what_they_cannot_draw():
    data = specimen_decay_diagram()
    with pytest.raises(InvalidInput, match="must have a variable share"):
        decay_diagram_figure(data.drop_vars("share"))
    with pytest.raises(InvalidInput, match="data must hold the phases"):
        decay_diagram_figure(data.isel(phase=slice(3)))
    with pytest.raises(InvalidInput, match="must have a variable networks"):
        splits_figure(specimen_splits().drop_vars("networks"))
