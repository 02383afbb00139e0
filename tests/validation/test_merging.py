"""`geneft run merging`: gains against brute force, conclusions that follow the numbers, and a reduced run."""

import json
from functools import cache

import numpy as np
import pytest
import torch
import xarray as xr

from geneft_theory.errors import InvalidInput
from tests.validation.layout import require_layout
from validation.cli import main
from validation.experiments import merging
from validation.experiments.merging_conclusions import PRIMARY, area_rows, curves, judge, sample_rows, verdicts_on
from validation.experiments.merging_prediction import (
    decoder_gains,
    initial_decoder_function,
    initial_pairs,
    training_mask,
)
from validation.experiments.merging_report import reduced
from validation.experiments.registry import experiment
from validation.networks import NetworkSettings, initial_decoder, initial_embeddings
from validation.networks.reference import ReferenceNetwork
from validation.report import merging_figure

MODES = ("concatenation", "difference", "squared_difference")


def small(**changes):
    plain = {"relation": "modulo:3", "n": 6, "fraction": 0.8, "seed": 3, "depth": 2, "width": 4}
    return NetworkSettings(**(plain | changes))


@pytest.mark.parametrize("mode", MODES)
def test_the_decoder_function_is_the_network(mode):
    settings = small(mode=mode)
    network, decode = ReferenceNetwork(settings), initial_decoder_function(settings)
    first, second = torch.arange(6), torch.tensor([3, 1, 4, 1, 5, 2])
    table = initial_embeddings(settings).astype(np.float64)
    got = decode(table[first.numpy()], table[second.numpy()])
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, network(first, second).detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_gains_agree_with_differences_in_every_parameter(mode, activation):
    """The gradient of |u|^2 / 2, parameter by parameter, from a NumPy decoder and central differences."""
    from scipy.special import ndtr

    settings = small(mode=mode, activation=activation)
    bend = np.tanh if activation == "tanh" else lambda z: z * ndtr(z)
    table, mask = initial_embeddings(settings).astype(np.float64), training_mask(settings)
    layers = [(layer.weight.astype(np.float64), layer.bias.astype(np.float64)) for layer in initial_decoder(settings)]
    flat = np.concatenate([part.ravel() for layer in layers for part in layer])
    i, j = 0, 3
    middle, half = (table[i] + table[j]) / 2, (table[i] - table[j]) / 2

    def features(one, other):
        if mode == "concatenation":
            return np.stack(np.broadcast_arrays(one, other), axis=-1).reshape(len(table), -1)
        return one - other if mode == "difference" else (one - other) ** 2

    def outputs(parameters, place):
        stacked, used = np.vstack([features(place, table), features(table, place)]), 0
        for number, (weight, bias) in enumerate(layers):
            size = weight.size
            own = parameters[used : used + size].reshape(weight.shape)
            stacked = stacked @ own.T + parameters[used + size : used + size + bias.size]
            used += size + bias.size
            stacked = bend(stacked) if number < len(layers) - 1 else stacked
        return stacked[:, 0]

    kept = np.concatenate([mask[i] & mask[j], mask[:, i] & mask[:, j]])

    def difference(parameters, reach=1e-4):
        moved = [outputs(parameters, middle + sign * reach * half) for sign in (1, -1)]
        return kept * (moved[0] - moved[1]) / (2 * reach)

    slopes = np.array(
        [
            (np.sum(difference(flat + step) ** 2) - np.sum(difference(flat - step) ** 2)) / (4 * 1e-4)
            for step in 1e-4 * np.eye(flat.size)
        ]
    )
    u = difference(flat)
    flow, sign = decoder_gains(settings, np.array([[i, j]]))
    assert flow[0] == pytest.approx(np.sum(slopes**2) / (np.sum(u**2) * np.sum(half**2)), rel=1e-4)
    assert sign[0] == pytest.approx(np.abs(slopes).sum() / (np.abs(u).sum() * np.abs(half).sum()), rel=1e-4)


def test_gains_of_a_linear_decoder_are_known():
    """w1.x1 + w2.x2 shares each vector among all n partners: kappa = n, and 1 under the sign flow."""
    settings = small(depth=0, fraction=1.0)
    flow, sign = decoder_gains(settings, np.array([[0, 3], [1, 4], [2, 5]]))
    np.testing.assert_allclose(flow, 6, rtol=1e-12)
    np.testing.assert_allclose(sign, 1, rtol=1e-12)


def test_predictions_are_those_of_predict_merging_and_know_no_learning_rate():
    from geneft_theory.repons.merging import predict_merging

    settings = small(n=9)
    made = initial_pairs(settings)
    again = initial_pairs(small(n=9, eta_decoder=0.5, optimizer="sgd"))
    np.testing.assert_array_equal(made.critical_ratio, again.critical_ratio)
    asked = {"training": training_mask(settings), "eta_decoder": 0.2, "eta_encoder": 0.4, "decoder_gain": made.gain}
    embeddings = initial_embeddings(settings).astype(np.float64)
    direct = predict_merging(embeddings, initial_decoder_function(settings), made.pairs, **asked)
    np.testing.assert_allclose(direct.critical_ratio, made.critical_ratio[1], rtol=1e-9)
    np.testing.assert_allclose(made.critical_ratio[0], made.gain * made.critical_ratio[1], rtol=1e-9)


# --- Conclusions -----------------------------------------------------------------------------------------------------

OPTIONS = merging.MergingOptions(
    relations=("modulo:3", "modulo:5"), n=10, ratios=(0.01, 0.1, 1.0), seeds=5, steps=1, also_below=(0.03,)
)


@cache
def predicted():
    return merging.predictions(OPTIONS)


def made_up(distance_of, diverged=0.0):
    """Results in which the final distance of each pair, in units of that between classes, is what is asked.

    Classes lie far apart on a line; the members of a pair lie as far apart as `distance_of` says, across that line.
    Only pairs of consecutive members are controlled, so that the classes must be pairs: the theory is cut to them.
    """
    theory = predicted()
    random = np.random.default_rng(0)
    dims = ("relation", "optimizer", "ratio", "seed")
    shape = (2, 2, 3, 5)
    embeddings = np.zeros((*shape, 10, 2))
    # Symbols 2 k and 2 k + 1 are the pair k, in a class of their own.
    theory = theory.isel(pair=slice(0, 5))
    first = np.tile(np.arange(0, 10, 2), (2, 1))
    theory = theory.assign(first=(("relation", "pair"), first), second=(("relation", "pair"), first + 1))
    places = np.repeat(np.arange(5) - 2, 2)
    scale = np.sqrt(np.mean([(a - b) ** 2 for k, a in enumerate(places) for b in places[k + 1 :] if a != b]))
    for place in np.ndindex(shape):
        relation, optimizer, ratio, seed = place
        name = PRIMARY[OPTIONS.optimizers[optimizer]]
        critical = theory["critical_ratio"].isel(relation=relation, seed=seed).sel(prediction=name).values
        margin = np.log(critical / OPTIONS.ratios[ratio])
        embeddings[place][:, 0] = places
        embeddings[place][::2, 1] = scale * distance_of(margin, random)
    numbers = {"embeddings": ((*dims, "symbol", "dimension"), embeddings)}
    numbers["diverged"] = (dims, np.full(shape, diverged))
    numbers["train_accuracy"] = (dims, np.ones(shape))
    coords = {"relation": list(OPTIONS.relations), "optimizer": list(OPTIONS.optimizers)}
    coords |= {"ratio": list(OPTIONS.ratios), "seed": np.arange(5)}
    attrs = {"merged_below": 0.1, "also_below": [0.03], "n": 10, "steps": 1}
    return xr.Dataset(numbers, coords, attrs), theory


def outcomes(verdicts, words):
    return {verdict.verdict for verdict in verdicts if words in verdict.claim}


def test_a_perfect_prediction_is_seen_as_one():
    judged = judge(*made_up(lambda margin, random: np.where(margin >= 0, 0.01, 0.05 - 0.04 * margin)))
    for row in area_rows(judged):
        assert not row["primary"] or row["roc_area"] == 1.0
    verdicts = verdicts_on(judged)
    assert outcomes(verdicts, "pairs that merge have the larger margin (ROC area)") == {"agrees"}


def test_a_wrong_prediction_is_seen_as_one():
    verdicts = verdicts_on(judge(*made_up(lambda margin, random: 0.1 * np.exp(margin + 3))))
    for verdict in verdicts:
        if "pairs that merge have" in verdict.claim:
            assert verdict.verdict == "disagrees"
            assert verdict.measured < 0.2


def test_chance_is_left_undecided_and_nothing_merged_is_not_measured():
    judged = judge(*made_up(lambda margin, random: random.uniform(0.0, 0.2, margin.size)))
    assert outcomes(verdicts_on(judged), "pairs that merge have") == {"undecided"}
    apart = judge(*made_up(lambda margin, random: np.ones(margin.size)))
    assert outcomes(verdicts_on(apart), "ROC area") == {"not measured"}
    assert judge(*made_up(lambda margin, random: np.ones(margin.size), diverged=1.0)) == []


def test_rows_hold_what_was_counted():
    results, theory = made_up(lambda margin, random: random.uniform(0.0, 0.2, margin.size))
    results["diverged"][0, 0, 0, 0] = 1
    rows = sample_rows(judge(results, theory))
    assert [(row["networks"], row["left_out"], row["pairs"]) for row in rows[:2]] == [(14, 1, 70), (15, 0, 75)]
    assert rows[0]["merged"] == pytest.approx(0.5, abs=0.2)
    assert "roc_area_below_0.03" in rows[0]


@pytest.mark.parametrize("distances", [(0.0, 0.2), (0.5, 0.6)])
def test_the_figure_fits_its_page_and_says_its_numbers(distances):
    results, theory = made_up(lambda margin, random: random.uniform(*distances, margin.size))
    judged = judge(results, theory)
    data = curves(judged, "modulo:3").assign_attrs(relation="modulo:3", merged_below=0.1, n=10, seeds=5, steps=1)
    figure = merging_figure(data)
    require_layout(figure)
    written = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert "n = 10 symbols; 5 seeds" in written
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    if distances[0] == 0:
        area = judged[0].pooled[judged[0].primary]
        assert f"ROC area {area.value:.3f}" in written
        assert f"Adam: margin (sign flow), area {area.value:.3f}" in legend
    else:
        assert "Adam: no ROC curve, none merged" in legend
    with pytest.raises(InvalidInput, match="curves must have a variable"):
        merging_figure(xr.Dataset())


# --- The run ---------------------------------------------------------------------------------------------------------

SMALL = (
    *("run", "merging", "--n", "9", "--relation", "modulo:3", "--optimizers", "adam,sgd", "--ratios", "0.1,10"),
    *("--seeds", "3", "--steps", "300"),
)


def test_a_run_writes_its_folder_and_trains_once(tmp_path, capsys):
    folder = tmp_path / "run"
    assert main([*SMALL, "--out", str(folder)]) == 0
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"plan.toml", "report.html", "tables/areas.json", "tables/verdicts.json", "tables/networks.csv"} <= names
    assert {f"figures/merging-modulo-3.{suffix}" for suffix in ("png", "svg", "csv")} <= names
    printed = capsys.readouterr().out
    assert "the prediction that the verdicts are about" in printed
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "shards").iterdir()}
    assert main([*SMALL, "--out", str(folder), "--json"]) == 0
    assert before == {path.name: path.stat().st_mtime_ns for path in (folder / "shards").iterdir()}
    summary = json.loads(capsys.readouterr().out)
    assert summary["networks"] == 12
    assert {row["score"] for row in summary["areas"]} >= {"free decoder", "network gain", "sign flow", "distance"}


def test_the_experiment_offers_what_all_offer():
    module = experiment("merging")
    fewer = reduced(merging.options_from("standard"))
    whole = {json.dumps(settings.to_dict()) for settings in merging.networks(merging.options_from("standard"))}
    assert {json.dumps(settings.to_dict()) for settings in merging.networks(fewer)} < whole
    assert module.OPTIONS is merging.MergingOptions
    counts = [len(merging.networks(merging.options_from(preset))) for preset in merging.PRESETS]
    assert counts == sorted(counts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relations": ("greater-than",)}, "relation must have two symbols of one class"),
        ({"relations": ()}, "relations must hold at least one entry"),
        ({"optimizers": ("lion",)}, "optimizer must be one of adam, sgd"),
        ({"ratios": (1.0, 0.1)}, "ratios must be increasing"),
        ({"ratios": (0.0,)}, "ratios must lie in"),
        ({"mode": "equality_head"}, "mode must have a decoder with parameters"),
        ({"seeds": 1}, "seeds must be an integer >= 2"),
        ({"merged_below": 0.0}, "merged_below must lie in"),
        ({"fraction": 1.5}, "fraction must lie in"),
    ],
)
def test_bad_options_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        merging.MergingOptions(**change)
