"""The phase diagram in a reduced form, and that its conclusions follow from its numbers."""

import json
import math
import shlex

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg

from geneft_theory import InvalidInput
from validation.cli.main import build_parser
from validation.experiments import learning_rates, learning_rates_report
from validation.experiments.learning_rates import LearningRatesOptions, networks, options_from, record_steps
from validation.experiments.learning_rates_conclusions import conclude
from validation.experiments.learning_rates_diagram import phase_diagram
from validation.experiments.learning_rates_theory import PLACES, initial_widths, theory
from validation.experiments.running import open_folder
from validation.networks import NetworkSettings
from validation.report import phase_diagram_figure, specimen_phases, weight_decay_figure
from validation.report.palette import VERMILLION
from validation.reproduce import reproductions, require_reproduction
from validation.reproduce.registry import experiment_options

RATES = np.geomspace(1e-4, 1e-1, 7)
DIMS = learning_rates_report.DIMS
SMALL = {"n": 9, "seeds": 2, "steps": 40, "record_every": 20, "eta_encoder": (1e-3, 1e-2), "eta_decoder": (1e-3, 1e-2)}


def made_up(place=1.0, slope=1.0, decays=((0.0, 0.0),), seeds=10, speed=1.0, confused=False):
    """Results in which a seed memorizes above a line of its own, moved by every weight decay."""
    u, v = np.meshgrid(np.log10(RATES), np.log10(RATES), indexing="ij")
    own = np.random.default_rng(0).normal(0, 0.1, seeds)
    train = np.full((1, 1, len(decays), 7, 7, seeds), 100.0)
    test = np.empty_like(train)
    for index, moved in enumerate(dict(decays).values()):
        line = place + moved - 2.5 + slope * (u + 2.5)[..., None] + own
        test[0, 0, index] = np.where(v[..., None] < line, 200.0 / (speed if index else 1.0), np.nan)
    if confused:
        train[:, :, :, :, -1] = test[:, :, :, :, -1] = np.nan
    coords = {
        "relation": ["modulo:3"],
        "optimizer": ["adam"],
        "weight_decay_decoder": list(dict(decays)),
        "eta_encoder": RATES,
        "eta_decoder": RATES,
        "seed": np.arange(seeds),
    }
    outcomes = {"steps_to_train_threshold": train, "steps_to_test_threshold": test}
    outcomes |= {"train_accuracy": np.ones_like(train), "diverged": np.zeros_like(train)}
    attrs = {"n": 30, "steps": 8000, "delay": 1000, "fraction": 0.75}
    return xr.Dataset({name: (DIMS, values) for name, values in outcomes.items()}, coords, attrs)


def predicted(**places):
    dims = ("relation", "optimizer", "prediction")
    values = np.array([[[places.get(name.replace(" ", "_"), math.nan) for name in PLACES]]])
    coords = {"relation": ["modulo:3"], "optimizer": ["adam"], "prediction": list(PLACES)}
    return xr.Dataset(
        {"log_ratio": (dims, values), "log_ratio_error": (dims, np.where(values == 0, 0.0, 0.01))},
        coords,
        {"draws": 10},
    )


THEORY = predicted(unit_widths=0.0, initial_widths=-1.0, rule_of_thumb=1.0)


def by_words(conclusions):
    return {verdict.claim.split(": ", 1)[1]: verdict for verdict in conclusions.verdicts}


def test_conclusions_follow_the_numbers():
    verdicts = by_words(conclude(made_up(place=1.0), THEORY))
    assert verdicts["the boundary has slope +1, in degrees"].verdict == "agrees"
    places = {name: verdicts[claim] for name, words in PLACES.items() for claim in verdicts if claim.endswith(words)}
    assert {name: each.verdict for name, each in places.items()} == {
        "unit widths": "disagrees",
        "initial widths": "disagrees",
        "rule of thumb": "agrees",
    }
    assert places["rule of thumb"].measured == pytest.approx(1.0, abs=0.1)


def test_a_steep_boundary_is_not_of_slope_one():
    conclusions = conclude(made_up(place=0.5, slope=3.0), THEORY)
    verdict = by_words(conclusions)["the boundary has slope +1, in degrees"]
    assert verdict.verdict == "disagrees"
    assert verdict.measured == pytest.approx(math.degrees(math.atan(3)), abs=3)


def test_confused_networks_are_left_out_and_counted():
    sure, unsure = (conclude(made_up(confused=confused), THEORY).cases[0] for confused in (False, True))
    assert (sure.fit.excluded, unsure.fit.excluded) == (0, 70)
    assert unsure.fit.line.log_ratio.value == pytest.approx(sure.fit.line.log_ratio.value, abs=0.1)
    diagram = phase_diagram(unsure, THEORY)
    assert float(diagram["share"].sel(phase="confusion").isel(eta_decoder=-1).min()) == 1
    assert int(diagram["learned"].isel(eta_decoder=-1).max()) == 0


def test_weight_decay_is_compared_seed_by_seed():
    still = by_words(conclude(made_up(decays={0.0: 0.0, 0.1: 0.0}, speed=2.0), THEORY))
    shifts = {claim: each for claim, each in still.items() if "weight decay 0.1" in claim}
    assert [each.verdict for each in shifts.values()] == ["agrees", "agrees", "agrees"]
    assert list(shifts.values())[2].measured == pytest.approx(math.log10(2))
    moved = by_words(conclude(made_up(decays={0.0: 0.0, 0.1: 1.0}), THEORY))
    assert [each.verdict for claim, each in moved.items() if "weight decay 0.1" in claim] == [
        "disagrees",
        "disagrees",
        "undecided",
    ]


def test_a_boundary_that_left_the_grid_is_still_seen():
    gone = by_words(conclude(made_up(decays={0.0: 0.0, 1.0: 9.0}), THEORY))
    verdicts = [each.verdict for claim, each in gone.items() if "weight decay 1" in claim]
    assert verdicts[:2] == ["not measured", "disagrees"]


def test_nothing_is_said_of_a_boundary_that_was_never_there():
    conclusions = conclude(made_up(place=9.0, decays={0.0: 0.0, 0.1: 0.0}), THEORY)
    assert conclusions.cases[0].fit.status == "only generalization"
    assert {each.verdict for each in conclusions.verdicts[:-1]} == {"not measured"}


def test_a_turned_boundary_has_no_place():
    results = made_up()
    test = results["steps_to_test_threshold"]
    results["steps_to_test_threshold"] = test.fillna(200.0).where(test.isnull())
    verdicts = by_words(conclude(results, THEORY))
    assert verdicts["the boundary has slope +1, in degrees"].measured == pytest.approx(-135, abs=3)
    assert {each.verdict for claim, each in verdicts.items() if "log10" in claim} == {"not measured"}


def test_half_of_the_steps_is_a_smaller_budget():
    results = made_up()
    late = results["steps_to_test_threshold"].where(results["eta_encoder"] > 1e-3, 5000.0)
    results["steps_to_test_threshold"] = late.where(results["steps_to_test_threshold"].notnull())
    case = conclude(results, THEORY).cases[0]
    assert case.early_fit.generalized < case.fit.generalized
    assert set(np.unique(case.phases)) == {"generalization", "grokking", "memorization"}


def test_every_network_of_the_reduced_form_is_one_of_the_full_form():
    for preset in learning_rates.PRESETS:
        options = options_from(preset)
        full = set(networks(options))
        assert set(networks(learning_rates_report.reduced(options))) < full
        assert len(full) == len(networks(options))


def test_record_steps_resolve_the_delay():
    for preset in learning_rates.PRESETS:
        options = options_from(preset)
        steps = np.array(record_steps(options))
        assert steps[-1] == options.steps
        assert np.diff(steps).max() <= options.record_every <= options.delay / 10
        assert np.all(np.diff(steps) > 0)


def test_theory_is_that_of_the_initial_networks():
    options = LearningRatesOptions(**SMALL, relations=("modulo:3", "greater-than"), optimizers=("adam", "sgd"))
    places = theory(options)["log_ratio"]
    assert places.sel(optimizer="sgd", prediction="unit widths").values == pytest.approx(math.log10(0.5))
    assert places.sel(optimizer="adam", prediction="unit widths").values == pytest.approx(0)
    assert places.sel(prediction="rule of thumb").values == pytest.approx(1)
    assert np.isnan(places.sel(relation="greater-than", prediction="merging")).all()
    widths = [initial_widths(NetworkSettings(relation="modulo:3", n=9, fraction=0.75, seed=seed)) for seed in (0, 1)]
    sign = np.mean([math.log10(a / c) for a, c in widths])
    flow = np.mean([math.log10((a / c) ** 2 / 2) for a, c in widths])
    assert float(places.sel(relation="modulo:3", optimizer="adam", prediction="initial widths")) == pytest.approx(sign)
    assert float(places.sel(relation="modulo:3", optimizer="sgd", prediction="initial widths")) == pytest.approx(flow)


def test_initial_widths_are_those_of_the_plain_network():
    """The derivative of an output by automatic differentiation, at the midpoints of all pairs."""
    import torch

    from validation.networks.reference import ReferenceNetwork

    settings = NetworkSettings(relation="modulo:3", n=5, fraction=0.75, seed=1)
    sigma_a, sigma_c = initial_widths(settings)
    network = ReferenceNetwork(settings).double()
    table = network.embeddings.detach()
    squares, halves = [], []
    for i in range(5):
        for j in range(i + 1, 5):
            halves.append(((table[i] - table[j]) / 2).square().mean())
            for k in range(5):
                for order in (0, 1):
                    place = ((table[i] + table[j]) / 2).requires_grad_()
                    pair = (place, table[k]) if order == 0 else (table[k], place)
                    output = network.decoder(torch.stack(pair, dim=1).flatten())
                    squares.append(torch.autograd.grad(output, place)[0].square().mean())
    assert sigma_a == pytest.approx(math.sqrt(torch.stack(squares).mean()), rel=1e-6)
    assert sigma_c == pytest.approx(math.sqrt(torch.stack(halves).mean()), rel=1e-9)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    options = LearningRatesOptions(**SMALL, optimizers=("adamw", "sgd"), weight_decays=(0.0, 0.5))
    folder = open_folder("learning-rates", "quick", options, tmp_path_factory.mktemp("runs") / "small")
    return folder, options, learning_rates_report.run(folder, options, None)


def test_a_run_writes_everything(finished):
    folder, options, summary = finished
    assert summary["networks"] == len(networks(options)) == 2 * 2 * (4 + 12)
    assert len(summary["boundaries"]) == 4
    assert len(summary["verdicts"]) == 2 * (1 + len(PLACES)) + 2 * 3
    # No infinity and no nan: both are no JSON.
    assert json.loads((folder.tables / "boundaries.json").read_text()) == json.loads(
        json.dumps(summary["boundaries"], allow_nan=False)
    )
    names = {path.stem for path in folder.figures.glob("*.png")}
    assert names == {
        f"modulo-3-{optimizer}{suffix}"
        for optimizer in ("adamw", "sgd")
        for suffix in ("", "-decay-0.5", "-weight-decay")
    }
    page = folder.report.read_text(encoding="utf-8")
    assert "Weight decay of the decoder" in page
    assert "decoder learning rate" in page
    assert "modulo:3" in learning_rates_report.as_text(summary)


def test_an_outcome_can_be_stored_and_read_again(finished, tmp_path):
    from validation.sweeps import consolidate, read_stored

    folder, options, _ = finished
    results, predictions = learning_rates_report.outcome(folder, options)
    for dataset in (results, predictions.assign_attrs(schema_version=1)):
        checksum = consolidate(dataset, tmp_path / "stored.nc")
        assert read_stored(tmp_path / "stored.nc", checksum).identical(dataset)
    assert results.sizes["seed"] == 2
    # Each optimiser keeps the rates that it was run at.
    cases = conclude(results, predictions).cases
    assert [case.phases.shape for case in cases] == [(2, 2, 2)] * 2 + [(2, 4, 3)] * 2
    assert "" not in {str(phase) for case in cases for phase in case.phases.ravel()}


def test_steps_are_recorded_where_they_were_asked_for(finished):
    folder, options, _ = finished
    results, _ = learning_rates_report.outcome(folder, options)
    steps = results["steps_to_train_threshold"].values
    assert set(steps[np.isfinite(steps)]) <= set(record_steps(options))


def figures():
    diagram = specimen_phases.specimen_phase_diagram
    few = {"encoder": specimen_phases.ENCODER[1:5], "decoder": specimen_phases.DECODER[1:6], "seeds": 4}
    flat = {"decoder": specimen_phases.DECODER[:2]}
    yield "many cells", phase_diagram_figure(diagram())
    yield "few cells, no line", phase_diagram_figure(diagram(0.3, **few, fitted=False))
    yield "two rows", phase_diagram_figure(diagram(**flat))
    yield "weight decays", weight_decay_figure([diagram(decay) for decay in (0.0, 0.1, 0.5)])
    yield "no boundary at all", weight_decay_figure([diagram(0.0, fitted=False)])


@pytest.mark.parametrize(("name", "figure"), [pytest.param(*case, id=case[0]) for case in figures()])
def test_everything_fits_on_the_page_and_no_part_covers_another(name, figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    page = figure.bbox.padded(1)
    parts = [axes.get_tightbbox(renderer) for axes in figure.axes]
    parts += [text.get_window_extent(renderer) for text in figure.texts]
    parts += [legend.get_window_extent(renderer) for legend in figure.legends]
    for number, box in enumerate(parts):
        assert box.x0 >= page.x0
        assert box.x1 <= page.x1
        for other in parts[:number]:
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert min(width, height) <= 2, f"{name}: two parts overlap by {width:.1f} x {height:.1f} pixels"


def test_the_axes_are_the_right_way_round():
    """The encoder's rate to the right: a line at a large ratio decoder/encoder runs through the upper left."""
    diagram = specimen_phases.specimen_phase_diagram()
    figure = phase_diagram_figure(diagram)
    for axes in figure.axes:
        assert axes.get_xlabel() == "encoder learning rate"
        assert axes.get_xlim()[0] < diagram["eta_encoder"].values[0] < axes.get_xlim()[1] < 0.1
        assert axes.get_ylim()[0] < diagram["eta_decoder"].values[0]
        assert axes.get_ylim()[1] > 0.1
    left = figure.axes[0]
    assert left.get_ylabel() == "decoder learning rate"
    fit = next(line for line in left.lines if line.get_color() == VERMILLION and line.get_linewidth() > 1)
    np.testing.assert_allclose(fit.get_xdata(), diagram["line_eta_encoder"])
    np.testing.assert_allclose(fit.get_ydata(), diagram["line_eta_decoder"])
    # The cell of the smallest encoder rate and the second largest decoder rate memorizes, its mirror image does not.
    assert float(diagram["share"].sel(phase="memorization")[0, -2]) > 0.8
    assert float(diagram["share"].sel(phase="memorization")[-1, 0]) == 0
    labels = [text.get_text() for text in figure.axes[1].texts]
    assert labels[6] == "–"
    assert labels[-7] == "10/10"


def test_shares_fill_their_cells():
    diagram = specimen_phases.specimen_phase_diagram()
    figure = phase_diagram_figure(diagram)
    areas = 0.0
    for collection in figure.axes[0].collections:
        for path in collection.get_paths():
            corners = np.log(path.vertices[:4])
            areas += np.ptp(corners[:, 0]) * np.ptp(corners[:, 1])
    width, height = (np.ptp(np.log(limits)) for limits in (figure.axes[0].get_xlim(), figure.axes[0].get_ylim()))
    assert areas == pytest.approx(width * height, rel=1e-6)


def test_figures_refuse_what_they_cannot_draw():
    diagram = specimen_phases.specimen_phase_diagram()
    with pytest.raises(InvalidInput, match="must have a variable share"):
        phase_diagram_figure(diagram.drop_vars("share"))
    with pytest.raises(InvalidInput, match="data must hold the phases"):
        phase_diagram_figure(diagram.isel(phase=slice(3)))
    with pytest.raises(InvalidInput, match="at least one"):
        weight_decay_figure([])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relations": ()}, "relations must hold at least one"),
        ({"relations": ("modulo:3", "modulo:3")}, "relation must name each one once"),
        ({"optimizers": ("lion",)}, "optimizer must be one of adam, adamw, sgd"),
        ({"eta_encoder": (1e-3,)}, "eta_encoder must be increasing numbers, at least 2"),
        ({"eta_decoder": (1e-3, 1e-4)}, "eta_decoder must be increasing"),
        ({"eta_decoder_sgd": (0.0, 1.0)}, "eta_decoder_sgd must lie in"),
        ({"weight_decays": (-1.0,)}, "weight_decays must lie in"),
        ({"fraction": 1.0}, "fraction must lie in"),
        ({"fraction": 0.9999}, "fraction must leave pairs"),
        ({"seeds": 1}, "seeds must be an integer >= 2"),
        ({"record_every": 2000}, "record_every must be an integer >= 1 and <= 1000"),
        ({"n": 1}, "n must be an integer >= 2"),
    ],
)
def test_bad_options_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        LearningRatesOptions(**change)


@pytest.mark.parametrize(
    "words",
    [
        ["--preset", "standard", "--seeds", "3"],
        ["--preset", "standard", "--n", "12", "--optimizers", "adamw", "--weight-decays", "0,0.01"],
        ["--eta-encoder", "0.00001,0.5", "--eta-decoder-sgd", "1,20", "--record-every", "7", "--sweep-seed", "4"],
    ],
)
def test_a_report_names_the_command_that_asks_the_same_again(words, tmp_path):
    from validation.cli.experiments import learning_rates as command
    from validation.experiments.presentation import command_of

    arguments = build_parser().parse_args(["run", "learning-rates", *words])
    _, options = command.choose(arguments)
    folder = open_folder("learning-rates", arguments.preset, options, tmp_path / "run")
    again = build_parser().parse_args(shlex.split(command_of(folder))[1:])
    assert (again.preset, command.choose(again)[1]) == (arguments.preset, options)


@pytest.mark.parametrize(
    "key", [key for key, reproduction in reproductions().items() if reproduction.experiment == "learning-rates"]
)
def test_a_spec_asks_for_what_the_experiment_understands(key):
    options = experiment_options(require_reproduction(key))
    assert isinstance(options, LearningRatesOptions)
    assert set(options.optimizers) <= {"adam", "adamw", "sgd"}
    assert (len(options.weight_decays) > 1) == (key == "fig8")


def test_a_smaller_relation_is_taken_for_fewer_symbols():
    assert options_from("standard", n=12).relations[-1] == "complete-bipartite:4"
    assert options_from("standard", n=12, relations=("modulo:3",)).relations == ("modulo:3",)


def test_the_command_line_reaches_every_option():
    from validation.cli.experiments import learning_rates as command

    words = ["--relation", "modulo:5", "--n", "20", "--seeds", "3", "--steps", "70", "--fraction", "0.5"]
    words += ["--optimizers", "sgd,adamw", "--eta-encoder", "0.1,0.2", "--eta-decoder", "0.3,0.4"]
    words += ["--eta-encoder-sgd", "1,2", "--eta-decoder-sgd", "3,4", "--weight-decays", "0,0.1"]
    words += ["--record-every", "10", "--delay", "50", "--loss", "mean_squared_error", "--sweep-seed", "5"]
    _, options = command.choose(build_parser().parse_args(["run", "learning-rates", *words]))
    assert options == LearningRatesOptions(
        relations=("modulo:5",),
        n=20,
        seeds=3,
        steps=70,
        fraction=0.5,
        optimizers=("sgd", "adamw"),
        eta_encoder=(0.1, 0.2),
        eta_decoder=(0.3, 0.4),
        eta_encoder_sgd=(1.0, 2.0),
        eta_decoder_sgd=(3.0, 4.0),
        weight_decays=(0.0, 0.1),
        record_every=10,
        delay=50,
        loss="mean_squared_error",
        sweep_seed=5,
    )
    assert command.choose(build_parser().parse_args(["run", "learning-rates"]))[1] == options_from("quick")
