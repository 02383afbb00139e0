"""`geneft run alignment-structure`: what it concludes from data that say something, its options, a small run."""

import json

import numpy as np
import pytest
import xarray as xr

from geneft_theory.errors import InvalidInput
from tests.validation.layout import require_layout
from validation.experiments import alignment_structure, alignment_structure_report
from validation.experiments.alignment_structure_conclusions import conclude, correlations, log_ratios, rows
from validation.experiments.running import open_folder
from validation.report import specimen_structure, structure_merging_figure, structure_pairs_figure

SEEDS, PAIRS = 12, 45
OPTIONS = alignment_structure.options_from("quick", gains=(0.8, 2.0), etas=(0.02, 1e-6), identical_gains=(0.5,))


def made_up(*, factor=1.0, noise=0.02, law=False, seed=0):
    """Return results in which distances are those predicted, times a factor for equal targets."""
    generator = np.random.default_rng(seed)
    theory = alignment_structure.theory(OPTIONS)
    names = theory["condition"].values
    shape = (len(names), SEEDS, PAIRS)
    # Of XOR's six pairs two have equal targets; the rest of its row is empty, as a run stores it.
    target = np.where(generator.random(shape) < 0.2, 0.0, 1.0)
    target[..., :6] = [1, 1, 0, 0, 1, 1]
    predicted = generator.uniform(0.05, 0.2, shape) + target * generator.uniform(0.1, 1, shape)
    size = np.exp(generator.normal(0, noise, shape)) * np.where(target == 0, factor, 1)
    arrays = {
        "h_start": generator.uniform(0.05, 0.2, shape),
        "predicted": predicted,
        "h_end": predicted * size**2,
        "block": generator.uniform(0.1, 1, shape),
        "input_distance": np.ones(shape),
        "target_distance": target,
    }
    for k, name in enumerate(names):
        for values in arrays.values():
            values[k, :, {"xor": 6, "identical": 1}.get(str(name).split(":")[0], PAIRS) :] = np.nan
    first = arrays["h_start"][..., 0]
    laws = {"law": np.zeros(shape[:2]), "exact": first * generator.uniform(0.3, 0.9, shape[:2])}
    same = theory["task"].values == "identical"
    left = laws["law" if law else "exact"] + first * generator.normal(0, noise, shape[:2])
    arrays["h_end"][same, :, 0] = np.clip(left[same], 0, None)
    scalars = {"loss": 1e-9, "twin_loss": 1e-9, "ratio": 0.2, "identifiable": True, "twin_r_squared_h": 0.99}
    dims = alignment_structure.DIMS
    variables = {name: ((*dims, "pair"), values) for name, values in arrays.items()}
    variables |= {name: (dims, values) for name, values in laws.items()}
    variables |= {name: (dims, np.full(shape[:2], value)) for name, value in (scalars | {"diverged": False}).items()}
    return xr.Dataset(variables, {"condition": names, "seed": np.arange(SEEDS)}), theory


def verdicts(**what):
    return {each.claim: each.verdict for each in conclude(*made_up(**what))}


def test_claims_agree_where_they_were_built_in():
    found = verdicts()
    assert len(found) == 2 * 4 + 3 * 2 + 1 + 4 + 3
    for claim, verdict in found.items():
        # Two points do not merge in these data.
        assert verdict == ("disagrees" if "as the law" in claim else "agrees"), claim


def test_a_factor_is_seen_in_the_pairs_that_have_it():
    found = verdicts(factor=2.0)
    for label in ("XOR, rich, gain 0.8", "XOR, lazy, gain 2", "digits"):
        (equal,) = (verdict for claim, verdict in found.items() if claim.startswith(f"{label}: points with equal"))
        (rest,) = (verdict for claim, verdict in found.items() if claim.startswith(f"{label}: points with different"))
        assert (equal, rest) == ("disagrees", "agrees")


def test_merging_by_the_law_refutes_the_linear_model():
    found = verdicts(law=True)
    kinds = {claim: verdict for claim, verdict in found.items() if claim.startswith("identical targets, outputs")}
    assert {verdict for claim, verdict in kinds.items() if "linear model" in claim} == {"disagrees"}


def test_correlations_are_those_of_numpy_over_the_chosen():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(2, 3, 30))
    chosen = generator.random((3, 30)) < 0.5
    second[0, 4] = np.nan
    found = correlations(first, second, chosen)
    for k in range(3):
        own = chosen[k] & np.isfinite(second[k])
        assert found[k] == pytest.approx(np.corrcoef(first[k, own], second[k, own])[0, 1])
    assert np.isnan(correlations(np.ones((1, 5)), first[:1, :5])).all()


def test_the_factor_is_a_geometric_mean():
    measured, predicted = np.array([[2.0, 8.0, 5.0]]), np.array([[1.0, 1.0, 1.0]])
    assert np.exp(log_ratios(measured, predicted, np.array([[True, True, False]]))) == pytest.approx(4.0)
    assert np.isnan(log_ratios(measured, predicted, np.zeros((1, 3), dtype=bool))).all()


def test_rows_say_what_the_verdicts_say():
    results, theory = made_up(factor=2.0)
    for row in rows(results, theory):
        if row["task"] != "identical":
            assert row["factor_equal"] == pytest.approx(2, rel=0.02)
            assert row["factor_different"] == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tasks": ()}, "tasks"),
        ({"tasks": ("xor", "xor")}, "tasks"),
        ({"tasks": ("and",)}, "tasks"),
        ({"seeds": 1}, "seeds"),
        ({"seeds": 99_999_999_999}, "seeds"),
        ({"width": 100_000_000}, "width"),
        ({"gains": (2.0, 1.0, 0.5)}, "gains"),
        ({"gains": (0.5, 1.0)}, "etas"),
        ({"outputs": (10, 1)}, "outputs"),
        ({"outputs": (0, 1)}, "outputs"),
        ({"layer": 8}, "layer"),
        ({"images": 1}, "images"),
        ({"digits_eta": 0.0}, "eta"),
    ],
)
def test_options_outside_their_domain_are_refused_by_name(changes, named):
    with pytest.raises(InvalidInput, match=f"^{named}"):
        alignment_structure.options_from("quick", **changes)


def test_the_images_need_their_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match="scikit-learn"):
        alignment_structure.options_from("quick")
    assert alignment_structure.options_from("quick", tasks=("xor",)).tasks == ("xor",)


def test_the_reduced_form_is_a_part_of_the_whole():
    options = alignment_structure.options_from("standard")
    few = alignment_structure.networks(alignment_structure_report.reduced(options))
    assert set(few) <= set(alignment_structure.networks(options))
    assert len(few) == 2 * (2 + 4 + 1)


def test_chunks_hold_every_network_once():
    for preset in alignment_structure.PRESETS:
        options = alignment_structure.options_from(preset)
        members = [settings for chunk in alignment_structure.plan(options) for settings in chunk]
        assert len(members) == len(alignment_structure.networks(options))


WORDS = {"question": "What?", "answer": "This. " * 30, "note": "Made up. " * 30}


@pytest.mark.parametrize("panels", [1, 3, 5])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_pairs_fit_on_the_page(panels, logarithmic):
    data = specimen_structure.specimen_pairs([f"intermediate, gain {k / 4}" for k in range(panels)], pairs=200)
    require_layout(structure_pairs_figure(data, **WORDS, logarithmic=logarithmic))


@pytest.mark.parametrize("outputs", [(1,), (1, 10, 100), (1, 3, 10, 30, 100, 300)])
def test_merging_fits_on_the_page(outputs):
    require_layout(structure_merging_figure(specimen_structure.specimen_merging(outputs), **WORDS))


@pytest.fixture(scope="module")
def small():
    return alignment_structure.options_from(
        "quick", seeds=2, gains=(0.8, 1.5), etas=(0.05, 0.01), depth=2, width=16, layer=1, steps=200,
        identical_gains=(0.5,), outputs=(1, 20), identical_width=12, identical_steps=200, digits_width=16,
        digits_steps=30, images=2,
    )  # fmt: skip


@pytest.fixture(scope="module")
def finished(small, tmp_path_factory):
    folder = open_folder("alignment-structure", "quick", small, tmp_path_factory.mktemp("run") / "structure")
    return folder, alignment_structure_report.run(folder, small, None)


def test_a_run_writes_its_tables_its_figures_and_its_page(finished):
    folder, summary = finished
    assert summary["networks"] == 2 * (2 + 2 + 1)
    names = {path.name for path in folder.figures.iterdir()}
    for figure in ("xor", "identical", "digits"):
        assert {f"{figure}.png", f"{figure}.svg", f"{figure}.csv"} <= names
    assert json.loads((folder.tables / "verdicts.json").read_text()) == summary["verdicts"]
    page = folder.report.read_text()
    assert "vanrossem2024align" in page
    assert "geneft run alignment-structure --preset quick" in page
    assert "nan" not in alignment_structure_report.as_text(summary)


def test_what_the_run_says_is_what_its_networks_did(small, finished):
    folder, summary = finished
    results, theory = alignment_structure_report.outcome(folder, small)
    assert [each.to_dict() for each in alignment_structure_report.verdicts(results, theory)] == summary["verdicts"]
    counts = np.isfinite(results["h_end"]).sum("pair").transpose("condition", "seed").values
    assert counts[:, 0].tolist() == [{"xor": 6, "identical": 1}.get(str(task), 190) for task in theory["task"].values]
