"""The phase diagram in a reduced form: the theory of its networks, what a run writes, and what is read again."""

import json
import math

import numpy as np
import pytest

from validation.experiments import learning_rates_report
from validation.experiments.learning_rates import LearningRatesOptions, networks, record_steps
from validation.experiments.learning_rates_conclusions import conclude
from validation.experiments.learning_rates_theory import PLACES, initial_widths, theory
from validation.experiments.running import open_folder
from validation.networks import NetworkSettings

SMALL = {"n": 9, "seeds": 2, "steps": 40, "record_every": 20, "eta_encoder": (1e-3, 1e-2), "eta_decoder": (1e-3, 1e-2)}


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
