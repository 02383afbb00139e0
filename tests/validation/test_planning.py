"""What a sweep will cost: counted independently, in proportion, and what the run itself would do."""

import json
from dataclasses import replace
from itertools import count

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from geneft_theory.errors import InvalidInput
from validation.experiments import goldilocks, learning_rates, repon_pair, slowing_down, statics
from validation.experiments.registry import experiment
from validation.experiments.running import Training
from validation.networks import NetworkSettings
from validation.networks.reference import ReferenceNetwork
from validation.planning import Calibration, Complete, Operations, calibration, plan, plan_run, step_operations
from validation.planning.calibration import Pace, _prolonged, calibrate
from validation.planning.groups import groups_of
from validation.sweeps import Execution, Interrupted, RunFolder, Threads
from validation.training import ENGINE, chunks
from validation.training.storing import Kept


def settings(seed=0, **more):
    return NetworkSettings(relation="modulo:3", n=12, fraction=0.5, seed=seed, **more)


def constant(groups, seconds=1e-3):
    """Return a calibration that was not measured: every step takes as long."""
    paces = {group.key: (Pace(seconds), Pace(seconds * 1.2), Pace(seconds * 0.9)) for group in groups}
    return Calibration(paces, {group.key: (group.family, group.size) for group in groups})


def given(networks, **more):
    listed = [[network.to_dict()] for network in networks]
    return plan(networks, calibration=constant(groups_of(listed)), **more)


# Counts.


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"mode": "difference", "depth": 1, "width": 7},
        {"mode": "squared_difference", "depth": 0},
        {"embedding_dimension": 5, "activation": "gelu", "loss": "mean_squared_error"},
    ],
)
def test_products_are_those_that_torch_counts(more):
    network = ReferenceNetwork(settings(**more))
    first, second, targets = network.training_data()
    with FlopCounterMode(display=False) as counter:
        loss = network.loss(network(first, second), targets)
    forward = counter.get_total_flops()
    with FlopCounterMode(display=False) as counter:
        torch.autograd.backward(loss)
    counted = step_operations(network.settings)
    assert counted.forward == forward
    assert counted.backward + counted.weight_gradients == counter.get_total_flops()


def test_the_default_network_takes_21_million():
    counted = step_operations(NetworkSettings(relation="modulo:3", fraction=0.75, seed=0))
    assert counted.total == pytest.approx(21.3e6, rel=3e-3)
    assert counted.elementwise < counted.total / 35


def test_the_optimiser_counts_every_parameter():
    network = settings(weight_decay_decoder=0.1, optimizer="adamw")
    parameters = [parameter.numel() for parameter in ReferenceNetwork(network).parameters()]
    assert step_operations(network).optimiser == 14 * sum(parameters) + 3 * sum(parameters[1:])
    assert step_operations(settings(optimizer="sgd")).optimiser == 2 * sum(parameters)
    assert step_operations(settings(optimizer="sgd", momentum=0.9)).optimiser == 4 * sum(parameters)


@pytest.mark.parametrize("mode", ["equality_head", "order_head"])
def test_heads_have_no_products(mode):
    counted = step_operations(settings(mode=mode))
    assert (counted.forward, counted.backward, counted.weight_gradients) == (0, 0, 0)
    assert counted.elementwise > 0


def test_a_plan_adds_up():
    networks = [settings(k, steps=200, depth=depth) for depth in (1, 3) for k in range(20)]
    sweep = given(networks)
    assert (sweep.networks, sweep.ensembles, sweep.chunks) == (40, 0, len(chunks(networks)))
    assert sweep.network_steps == 40 * 200
    assert sweep.operations == sum(network.steps * step_operations(network).total for network in networks)
    assert sum(each.members for each in sweep.architectures) == 40
    assert len(sweep.architectures) == 2
    assert sweep.work.seconds == pytest.approx(8.0)
    assert (sweep.work.low, sweep.work.high) == pytest.approx((7.2, 9.6))


# Times.


def test_time_is_in_proportion():
    few, twice = ([settings(k, steps=100) for k in range(count)] for count in (64, 128))
    assert given(twice).work.seconds == pytest.approx(2 * given(few).work.seconds)
    longer = [replace(network, steps=300) for network in few]
    assert given(longer).work.seconds == pytest.approx(3 * given(few).work.seconds)
    sweep = given(twice)
    assert sweep.seconds(4).seconds == pytest.approx(sweep.seconds(1).seconds / 4)


def test_no_number_of_workers_beats_the_longest_chunk():
    sweep = given([settings(k, steps=100) for k in range(32)])
    assert sweep.seconds(10**9).seconds == sweep.longest_chunk == pytest.approx(8 * 100 * 1e-3)


def test_measured_times_are_positive_and_ordered():
    sweep = plan([settings(k, steps=400) for k in range(8)], workers=1, seconds=0.4)
    assert 0 < sweep.work.low <= sweep.work.seconds <= sweep.work.high
    assert sweep.memory is None or sweep.memory > 10**7


def test_what_is_not_measured_lies_between_its_neighbours():
    listed = [[settings(width=width).to_dict()] for width in (5, 10, 20)]
    small, middle, large = groups_of(listed)
    ends = Calibration(
        {small.key: (Pace(1e-4, 1e-3),), large.key: (Pace(3e-4, 1e-3),)},
        {g.key: (g.family, g.size) for g in (small, large)},
    )
    low, found, high = (1e-4 * middle.steps, ends.of(middle)[0] - 1e-3, 3e-4 * middle.steps)
    assert low < found < high


def test_few_of_many_groups_are_measured_and_the_ends_among_them():
    groups = groups_of([[settings(width=width, steps=10).to_dict()] for width in range(4, 40)])
    found = calibrate(groups, Training(Kept()), at_once=1, seconds=0.5)
    assert {groups[0].key, groups[-1].key} <= found.paces.keys()
    assert len(found.paces) < 10
    assert all(found.of(group).min() > 0 for group in groups)


def test_a_calibration_ends_when_its_time_is_up(monkeypatch):
    # By this clock a second passes whenever somebody looks at it.
    monkeypatch.setattr(calibration.time, "perf_counter", count().__next__)
    groups = groups_of([[settings(width=width, steps=10).to_dict()] for width in range(4, 40)])

    def compute(chunk, context):
        for _ in range(100):
            if context.stopped():
                raise Interrupted
            context.advance(0.01)

    found = calibrate(groups, compute, at_once=1, seconds=6.0)
    # Every group has had its turn, and the time was up.
    assert found.rounds == 1


def test_a_slow_beginning_is_not_prolonged():
    # Half a second of preparation, then a tenth of the work in every tenth of a second.
    seen = [(0.5, 0.0001), (0.6, 0.1), (0.7, 0.2), (0.8, 0.3)]
    assert _prolonged(seen) == pytest.approx(1.5, rel=0.01)
    assert _prolonged([(0.3, 0.5)]) == pytest.approx(0.6)


# Room.


def test_the_store_has_the_size_that_was_planned(tmp_path):
    options = goldilocks.options_from("quick", n=8, depths=(1, 2), widths=(5,), seeds=10, steps=60)
    asked = experiment("goldilocks")
    sweep = plan_run(asked, options, device="cpu", seconds=0.2)
    folder = RunFolder.open(tmp_path / "run", _question("goldilocks", options))
    asked.run(folder, options, Execution(Threads(1), device="cpu"))
    sizes = [file.stat().st_size for file in folder.shard_files()]
    assert len(sizes) == sweep.chunks
    assert sweep.store == pytest.approx(sum(sizes), rel=0.02)
    assert sweep.largest_shard == pytest.approx(max(sizes), rel=0.02)


def _question(name, options):
    from validation.sweeps import Question

    return Question(name, "quick", options.sweep_seed, options.to_dict(), ENGINE)


def test_what_is_kept_decides_the_size():
    networks = [settings(k, steps=100) for k in range(16)]
    lean, usual, full = (given(networks, kept=kept).store for kept in (Kept(points=0), None, Kept(embeddings=True)))
    assert lean < usual < full


# Experiments.


@pytest.mark.parametrize(
    ("name", "module", "few"),
    [
        ("statics", statics, {"n": 8, "steps": 20}),
        ("goldilocks", goldilocks, {"n": 8, "steps": 20}),
        ("learning-rates", learning_rates, {"n": 8, "steps": 2000}),
    ],
)
def test_a_plan_has_the_networks_that_the_run_trains(name, module, few):
    options = module.options_from("quick", **few)
    sweep = plan_run(experiment(name), options, device="cpu", seconds=0.2)
    networks = module.networks(options)
    assert sweep.networks == len(networks)
    assert sweep.network_steps == sum(network.steps for network in networks)
    assert sweep.ensembles == sweep.ensemble_steps == 0
    assert sweep.ends_early == (name == "learning-rates")


def test_ensembles_of_repons_are_planned_and_not_counted():
    options = repon_pair.options_from("quick", draws=50, horizon=5.0, adam_horizon=0.5, ratios=(0.1, 10.0))
    sweep = plan_run(experiment("repon-pair"), options, device="cpu", seconds=0.5)
    assert (sweep.networks, sweep.operations) == (0, 0)
    assert sweep.ensembles == sweep.chunks == len(repon_pair.plan(options))
    assert all(each.operations is None for each in sweep.architectures)
    assert sweep.work.seconds > 0


def test_a_mixture_is_planned_whole():
    options = slowing_down.options_from("quick", draws=20, n=8, steps=100, distances=(0.05, 0.1, 0.2))
    sweep = plan_run(experiment("slowing-down"), options, device="cpu", seconds=0.3)
    assert sweep.networks == len(slowing_down.networks(options))
    assert sweep.ensembles == len(slowing_down.cells(options))
    assert sweep.network_steps == 100 * sweep.networks


def test_of_a_run_that_was_begun_the_rest_is_planned(tmp_path):
    options = goldilocks.options_from("quick", n=6, depths=(1, 2), widths=(4,), seeds=8, steps=20)
    asked, out = experiment("goldilocks"), tmp_path / "run"
    folder = RunFolder.open(out, _question("goldilocks", options))
    before = sorted(out.rglob("*"))
    assert plan_run(asked, options, out=out, device="cpu", seconds=0.2).found == 0
    assert sorted(out.rglob("*")) == before
    asked.run(folder, options, Execution(Threads(1), device="cpu"))
    with pytest.raises(Complete) as complete:
        plan_run(asked, options, out=out, device="cpu", seconds=0.2)
    assert complete.value.networks == 16
    folder.shard_files()[0].unlink()
    rest = plan_run(asked, options, out=out, device="cpu", seconds=0.2)
    assert (rest.networks, rest.found, rest.chunks) == (8, 8, 1)


def test_a_shard_of_a_sweep_is_planned_alone():
    options = goldilocks.options_from("quick", n=6, depths=(1, 2), widths=(4,), seeds=16, steps=20)
    whole = plan_run(experiment("goldilocks"), options, device="cpu", seconds=0.2)
    part = plan_run(experiment("goldilocks"), options, shard=(1, 4), device="cpu", seconds=0.2)
    assert (whole.chunks, part.chunks, part.networks) == (4, 1, 8)


# Refusals.


@pytest.mark.parametrize(("argument", "value"), [("workers", 0), ("seconds", 9), ("device", "abacus")])
def test_arguments_are_refused_at_the_door(argument, value):
    with pytest.raises(InvalidInput, match=argument):
        plan([settings(steps=10)], **{argument: value})


def test_a_plan_of_nothing_is_refused():
    with pytest.raises(InvalidInput, match="networks"):
        plan([])
    with pytest.raises(InvalidInput, match="at least one"):
        calibrate([], Training(Kept()))


def test_a_plan_is_json():
    values = given([settings(k, steps=50) for k in range(9)], workers=3).to_dict()
    assert json.loads(json.dumps(values)) == values
    assert {"networks", "chunks", "operations", "work", "time", "memory", "store", "architectures"} <= values.keys()
    assert [row["workers"] for row in values["time"]] == [1, 3]
    assert values["architectures"][0]["operations"]["total"] == step_operations(settings()).total
    assert Operations(1, 2, 3, 4, 5).to_dict()["total"] == 10
