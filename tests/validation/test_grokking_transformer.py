"""`geneft run grokking-transformer` in a reduced form: what it writes, that it resumes, what follows from numbers."""

import json
import shlex
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from geneft_theory import InvalidInput
from tests.validation.layout import require_layout
from validation.cli import main, run
from validation.cli.main import build_parser
from validation.experiments import grokking_transformer, grokking_transformer_report
from validation.experiments.grokking_transformer import PRESETS, conditions, networks, options_from, plan, theory
from validation.experiments.grokking_transformer_conclusions import (
    conclude,
    delays,
    halfway,
    judged_shortening,
    rows,
    shortening,
)
from validation.experiments.presentation import command_of
from validation.experiments.running import open_folder
from validation.report import specimen_transformers
from validation.report.grokking_transformer import (
    grokking_circle_figure,
    grokking_delay_figure,
    grokking_learning_figure,
)
from validation.sweeps import Context, RunFolder, load

# A threshold so low that some generalize, by luck and at once.
TINY = {
    **{"modulus": 7, "embedding_dimension": 8, "heads": 2, "hidden_width": 8, "frequencies": 1, "threshold": 0.2},
    **{"steps": 60, "records": 10, "seeds": 2, "eta_encoder": 0.01, "eta_decoder": 0.01, "dropouts": (0.0, 0.1)},
}
WORDS = [
    word
    for name, value in TINY.items()
    for word in (f"--{name.replace('_', '-')}", "0,0.1" if name == "dropouts" else str(value))
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert main(["run", "grokking-transformer", *WORDS, "--device", "cpu", "--out", str(folder)]) == 0
    return folder


def test_a_run_folder_holds_everything(finished):
    names = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert {"plan.toml", "report.html", "tables/verdicts.json", "tables/conditions.json"} <= names
    for figure in ("learning", "delay"):
        assert {f"figures/{figure}.{suffix}" for suffix in ("png", "svg", "csv")} <= names
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "liu2022grokking" in page
    assert "8 decoder-only transformers on addition modulo 7, 2 seeds each" in page
    assert "With 2 seeds hardly anything can be shown" in page
    assert not (finished / "checkpoints").exists() or not list((finished / "checkpoints").iterdir())


def test_the_same_command_again_trains_nothing_and_says_the_same(finished, capsys):
    before = {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    words = ["run", "grokking-transformer", *WORDS, "--device", "cpu", "--out", str(finished), "--json"]
    assert main(words) == 0
    summary = json.loads(capsys.readouterr().out)
    assert before == {path.name: path.stat().st_mtime_ns for path in (finished / "shards").iterdir()}
    assert len(before) == summary["networks"] == 8
    stored = json.loads((finished / "tables" / "conditions.json").read_text(encoding="utf-8"))
    assert summary["conditions"] == stored
    assert main(words[:-1]) == 0
    printed = capsys.readouterr().out
    assert printed.split()[:6] == ["decay", "dropout", "learned", "generalized", "to", "learn"]
    assert f"report: {finished / 'report.html'}" in printed


def test_results_load_with_their_curves(finished):
    results = load(finished)
    assert results["train_accuracy_curve"].dims == ("network", "step")
    assert results["step"].values[0] == 0
    assert results["final_plane"].shape == (8, 7, 2)
    assert set(results["training_seed"].values) == {0, 1}


def test_outcome_gives_the_verdicts_again(finished):
    options = options_from("quick", **TINY)
    outcome = grokking_transformer_report.outcome(RunFolder.existing(finished), options)
    found = grokking_transformer_report.verdicts(*outcome)
    stored = json.loads((finished / "tables" / "verdicts.json").read_text(encoding="utf-8"))
    assert [verdict.to_dict() for verdict in found] == stored
    for drawing in grokking_transformer_report.drawings(*outcome):
        require_layout(drawing.figure)


def test_a_chunk_of_several_is_as_single_ones(finished):
    """As on a GPU, where chunks are larger; on a CPU each network is trained by itself all the same."""
    options = options_from("quick", **TINY)
    chunks = plan(options, chunk_size=4)
    assert sorted(map(len, chunks)) == [2, 4, 2] or sorted(map(len, chunks)) == [2, 2, 4]
    stored = load(finished)
    for chunk in chunks[:1]:
        told = []
        found = grokking_transformer.TransformerTraining()(chunk, Context(report=told.append))
        assert told[-1] == pytest.approx(1.0)
        for row, values in enumerate(chunk):
            here = (stored["seed"] == values["seed"]) & (stored["weight_decay"] == values["weight_decay"])
            here &= stored["dropout"] == values["dropout"]
            np.testing.assert_array_equal(
                stored["train_loss_curve"].values[here.values][0], found["train_loss_curve"][row]
            )


def test_the_smallest_run_of_all_has_a_report(tmp_path):
    words = "--modulus 4 --frequencies 2 --steps 1 --seeds 2 --embedding-dimension 4 --heads 1 --layers 2"
    words += " --hidden-width 1 --weight-decays 1 --dropouts 0.3 --device cpu --quiet"
    assert main(["run", "grokking-transformer", *words.split(), "--out", str(tmp_path / "run")]) == 0
    verdicts = json.loads((tmp_path / "run" / "tables" / "verdicts.json").read_text(encoding="utf-8"))
    assert [verdict["verdict"] for verdict in verdicts] == ["not measured"] * 4


def test_the_two_series_share_the_usual_networks():
    options = options_from("quick", weight_decays=(0.0, 1.0, 3.0), dropouts=(0.0, 0.2), seeds=3)
    assert conditions(options) == [(1.0, 0.0), (0.0, 0.0), (3.0, 0.0), (1.0, 0.2)]
    own = networks(options)
    assert len(own) == 12 == len(set(own))
    assert {each.training_seed for each in own} == {0, 1, 2}
    shared = networks(replace(options, training_seed=5))
    assert {each.training_seed for each in shared} == {5}
    assert {each.seed for each in shared} == {0, 1, 2}


def test_presets_are_valid_and_grow():
    sizes = [len(networks(options_from(preset))) for preset in PRESETS]
    assert sizes == sorted(sizes)
    paper = options_from("paper")
    assert (paper.modulus, paper.embedding_dimension, paper.seeds, paper.eta_encoder) == (53, 256, 100, 1e-3)
    for preset in PRESETS:
        few = networks(grokking_transformer_report.reduced(options_from(preset)))
        assert set(few) <= set(networks(options_from(preset)))
        assert len(few) <= 6
    with pytest.raises(InvalidInput, match="preset must be one of quick, standard, paper"):
        options_from("nonsense")


def made_up(train, test, dimensions, concentration=0.8, seeds=8, **changes):
    """Results of a run in which networks of a condition learn and generalize at given steps, with some spread."""
    options = options_from("quick", seeds=seeds, **changes)
    step = np.array([0, 10, 100, 300, 600, 1200])
    dims = ("weight_decay", "dropout", "seed")
    shape = (len(options.weight_decays), len(options.dropouts), seeds)
    spread = np.linspace(0.95, 1.05, seeds)
    times = {kind: np.full(shape, np.nan) for kind in ("train", "test")}
    curve = np.full((*shape, step.size), np.nan)
    for decay, dropout in conditions(options):
        place = options.weight_decays.index(decay), options.dropouts.index(dropout)
        times["train"][place] = np.array(train(decay, dropout)) * spread
        times["test"][place] = np.array(test(decay, dropout)) * spread[::-1]
        curve[place] = np.interp(step, *dimensions) * spread[:, np.newaxis]
    columns = {f"steps_to_{kind}_threshold": (dims, values) for kind, values in times.items()}
    then = np.interp(times["test"], *dimensions) * spread
    columns |= {
        "effective_dimension_at_test_threshold": (dims, np.where(np.isnan(times["test"]), np.nan, then)),
        "effective_dimension_curve": ((*dims, "step"), curve),
        "fourier_concentration_curve": ((*dims, "step"), np.full_like(curve, concentration) * spread[:, np.newaxis]),
        **{f"{kind}_accuracy_curve": ((*dims, "step"), np.ones_like(curve)) for kind in ("train", "held_out")},
        **_embeddings(shape, concentration),
        "diverged": (dims, np.zeros(shape, dtype=bool)),
    }
    coords = {"weight_decay": list(options.weight_decays), "dropout": list(options.dropouts)}
    coords |= {"seed": np.arange(seeds), "step": step}
    return xr.Dataset(columns, coords), theory(options)


def _embeddings(shape, concentration):
    """Circles of frequency 3 at the end, nothing at the start."""
    angle = 2 * np.pi * 3 * np.arange(31) / 31
    plane = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    power = np.full(15, (1 - concentration) / 14)
    power[2] = concentration
    values = {
        "initial_power": ("frequency", np.full(15, 1 / 15)),
        "final_power": ("frequency", power),
        "final_plane": (("symbol", "component"), plane),
        "final_plane_share": ("component", np.array([0.4, 0.3])),
    }
    dims = ("weight_decay", "dropout", "seed")
    return {
        name: ((*dims, *((axes,) if isinstance(axes, str) else axes)), np.broadcast_to(value, (*shape, *value.shape)))
        for name, (axes, value) in values.items()
    }


def as_the_paper_has_it():
    return made_up(
        lambda decay, dropout: 30.0,
        lambda decay, dropout: (np.nan if decay == 0 else 700.0 / decay) / (1 + 20 * dropout),
        ([0, 300, 800, 1200], [23.0, 25.0, 24.5, 8.0]),
    )


def test_verdicts_follow_the_numbers():
    found = {verdict.claim: verdict.verdict for verdict in conclude(*as_the_paper_has_it())}
    assert list(found.values()) == ["agrees"] * 8
    opposite = made_up(
        lambda decay, dropout: 30.0,
        lambda decay, dropout: 300.0 * (1 + decay) * (1 + 10 * dropout),
        ([0, 300, 650, 1200], [23.0, 15.0, 10.0, 20.0]),
        concentration=0.2,
    )
    found = {verdict.claim: verdict.verdict for verdict in conclude(*opposite)}
    assert list(found.values()) == ["disagrees"] * 8


def test_every_figure_is_drawn_where_networks_generalize():
    results, chance = as_the_paper_has_it()
    best = results["fourier_concentration_curve"]
    best[{"weight_decay": 1, "dropout": 2, "seed": 3, "step": -1}] = 0.99
    # Not of those that generalized, however concentrated.
    best[{"weight_decay": 0, "dropout": 0, "seed": 3, "step": -1}] = 1.0
    drawn = {drawing.name: drawing for drawing in grokking_transformer_report.drawings(results, chance)}
    assert list(drawn) == ["learning", "delay", "circles"]
    for drawing in drawn.values():
        require_layout(drawing.figure)
    attributes = drawn["circles"].data.attrs
    assert [attributes[f"plane_{name}"] for name in ("weight_decay", "dropout", "seed")] == [1.0, 0.1, 3]
    assert (attributes["frequency"], attributes["purity"]) == (3, pytest.approx(1.0))
    assert drawn["circles"].data["power_at_end"].values[0, 0] == pytest.approx(0.8)


def test_what_nobody_learns_is_not_measured_and_nothing_is_gained_by_it():
    nothing = made_up(lambda decay, dropout: 30.0, lambda decay, dropout: np.nan, ([0, 1200], [23.0, 20.0]))
    found = [verdict.verdict for verdict in conclude(*nothing)]
    assert found == ["not measured"] * 4 + ["undecided"] * 4
    confused = made_up(lambda decay, dropout: np.nan, lambda decay, dropout: np.nan, ([0, 1200], [23.0, 20.0]))
    assert [verdict.verdict for verdict in conclude(*confused)] == ["not measured"] * 8
    table = rows(*confused)
    assert all(row["mean_delay"] is None and row["median_steps_to_generalize"] is None for row in table)
    json.dumps(table, allow_nan=False)


def test_rows_say_what_was_learned():
    table = {(row["weight_decay"], row["dropout"]): row for row in rows(*as_the_paper_has_it())}
    assert table[0.0, 0.0]["generalized"] == 0
    assert table[0.0, 0.0]["mean_delay"] == pytest.approx(1170.0)
    assert table[1.0, 0.0]["generalized"] == table[1.0, 0.0]["learned"] == 8
    assert table[1.0, 0.0]["mean_delay"] == pytest.approx(670.0)
    assert table[1.0, 0.0]["dimension_at_start"] == pytest.approx(23.0)
    assert table[2.0, 0.0]["median_steps_to_generalize"] == pytest.approx(350.0, rel=0.02)
    results, chance = as_the_paper_has_it()
    assert {row["lost"] for row in rows(results, chance)} == {0}
    results["train_accuracy_curve"][{"weight_decay": 2, "dropout": 0, "seed": [1, 5], "step": -1}] = 0.8
    lost = {(row["weight_decay"], row["dropout"]): row["lost"] for row in rows(results, chance)}
    assert lost.pop((2.0, 0.0)) == 2
    assert set(lost.values()) == {0}


def test_a_delay_beyond_the_budget_never_makes_a_gain_larger_than_it_is():
    """Against every pair of true delays: what is claimed lies between no difference and the true one."""
    generator = np.random.default_rng(0)
    train = generator.uniform(1, 900, (2, 5000))
    test = train + generator.exponential(600, (2, 5000))
    seen = np.where(test <= 1000, test, np.nan)
    claimed = shortening(np.stack([train[0], seen[0]]), np.stack([train[1], seen[1]]), budget=1000)
    true = (test[0] - train[0]) - (test[1] - train[1])
    both = np.isfinite(seen).all(0)
    np.testing.assert_allclose(claimed[both], true[both])
    gains = claimed > 0
    assert np.all(claimed[gains] <= true[gains] + 1e-9)
    assert np.all(claimed[np.isnan(seen[1])] <= 0)


def test_halfway_lies_between_learning_and_generalizing():
    results, _ = made_up(lambda decay, dropout: 10.0, lambda decay, dropout: 1000.0, ([0, 1200], [12.0, 24.0]))
    usual = results.sel(weight_decay=1.0, dropout=0.0)
    spread = np.linspace(0.95, 1.05, 8)
    np.testing.assert_allclose(halfway(usual), (12 + 0.01 * 100) * spread, rtol=0.01)
    assert np.isnan(delays(np.array([[np.nan], [5.0]]), 10.0)).all()


def test_a_treated_network_that_never_generalizes_cannot_support_a_shorter_delay():
    """However much the others gain, its own delay may be any number of steps longer."""
    reference = np.array([np.full(8, 30.0), 900.0 + np.arange(8)])
    treated = np.array([np.full(8, 30.0), np.full(8, 600.0)])
    assert judged_shortening(reference, treated, 1200, "x").verdict == "agrees"
    assert judged_shortening(treated, reference, 1200, "x").verdict == "disagrees"
    never = np.where(np.arange(8) == 7, np.nan, treated[1])
    lost = np.array([treated[0], never])
    reference[1, 7] = 1195.0
    assert shortening(reference, lost, 1200).mean() > 0
    assert judged_shortening(reference, lost, 1200, "x").verdict == "not measured"
    # A network that has not learned its training pairs has no delay, and is no such case.
    assert judged_shortening(reference, np.where(np.isnan(never), np.nan, lost), 1200, "x").verdict == "agrees"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("--weight-decays 2,1", "weight_decays must be increasing"),
        ("--weight-decays a", "weight_decays must be numbers"),
        ("--weight-decays 0,3", "weight_decay must be one of weight_decays; got 1.0"),
        ("--dropouts 0.1,0.1", "dropouts must be increasing"),
        ("--dropouts 0,1", "dropouts must lie in [0, 1); got 1"),
        ("--seeds 1", "seeds must be an integer >= 2"),
        ("--training-seed -1", "training_seed must be an integer >= 0"),
        ("--modulus 1", "modulus must be an integer >= 3"),
        ("--modulus 5", "frequencies must be an integer >= 1 and <= 2"),
        ("--fraction 1", "fraction must lie in (0, 1); got 1"),
        ("--fraction 0.9999", "fraction must leave pairs to hold out"),
        ("--weight-decays=-1,1", "weight_decays must lie in [0, 1e+30]; got -1"),
        ("--weight-decays=", "weight_decays must be numbers"),
        ("--seeds 100000000000", "seeds must be an integer >= 2 and <= 100000"),
        ("--heads 7", "embedding_dimension must be a multiple of heads = 7"),
        ("--eta-decoder nan", "eta_decoder must lie in"),
        ("--steps 0", "steps must be an integer >= 1"),
        ("--threshold 2", "threshold must lie in"),
        ("--device abacus", "device must be one of"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_leaves_nothing(words, names, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "grokking-transformer", *words.split()]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert names in captured.err
    assert captured.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--preset", "paper", "--seeds", "3", "--layers", "2", "--sweep-seed", "4"],
        ["--weight-decays", "0,0.3", "--weight-decay", "0.3", "--dropouts", "0.1,0.2", "--training-seed", "7"],
    ],
)
def test_a_report_names_the_command_that_asks_the_same_again(words, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(run, "_run", lambda arguments, report, options: asked.append((report.NAME, arguments, options)))

    def ask(command):
        arguments = build_parser().parse_args(command)
        arguments.execute(arguments)
        return asked.pop()

    name, arguments, options = ask(["run", "grokking-transformer", *words])
    folder = open_folder(name, arguments.preset, options, tmp_path / "run")
    assert ask(shlex.split(command_of(folder))[1:])[2] == options


FIGURES = [
    (grokking_learning_figure, specimen_transformers.specimen_learning),
    (grokking_delay_figure, specimen_transformers.specimen_delays),
    (grokking_circle_figure, specimen_transformers.specimen_circle),
]


@pytest.mark.parametrize(("draw", "specimen"), FIGURES)
def test_a_figure_fits_its_page_and_refuses_what_lacks_a_variable(draw, specimen):
    data = specimen()
    figure = draw(data, question="What is this?", answer="A figure with an answer of some length. " * 3)
    require_layout(figure)
    for name in data.data_vars:
        with pytest.raises(InvalidInput, match=f"data must have a variable {name}"):
            draw(data.drop_vars(name), question="", answer="")


def test_figures_show_their_data():
    data = specimen_transformers.specimen_learning()
    top, middle, _ = grokking_learning_figure(data, question="?", answer="!").axes
    assert any(np.array_equal(line.get_ydata(), data["held_out_accuracy"].mean("seed")) for line in top.lines)
    assert any(np.array_equal(line.get_ydata(), data["dimension_then"]) for line in middle.lines)
    delays_drawn = specimen_transformers.specimen_delays()
    left = grokking_delay_figure(delays_drawn, question="?", answer="!").axes[0]
    beyond = delays_drawn["beyond_by_weight_decay"].values
    assert beyond.any()
    triangles = next(line for line in left.lines if line.get_marker() == "^")
    assert len(triangles.get_ydata()) == beyond.sum()
    circle = specimen_transformers.specimen_circle(modulus=30, frequency=4)
    grokking_circle_figure(circle, question="?", answer="!")
