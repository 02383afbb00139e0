"""`geneft plan`: what a run will cost, before anything is spent."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Any

from validation.cli import options, run
from validation.experiments import EXPERIMENTS

if TYPE_CHECKING:
    from validation.planning import Complete, Expected, Plan

MOST_ARCHITECTURES = 12
"""How many fit on a screen; `--json` has all."""


def add(subparsers: Any) -> None:
    """Add the command and its experiments to the parser."""
    parser = subparsers.add_parser(
        "plan", help="say what a run will cost: networks, operations, time, memory, disk", allow_abbrev=False
    )
    experiments = parser.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    for name in EXPERIMENTS:
        experiment = import_module(f"validation.cli.experiments.{name.replace('-', '_')}")
        text = f"what geneft run {name} will cost"
        own = experiments.add_parser(name, help=text, allow_abbrev=False)
        experiment.add_arguments(own)
        run.add_common(own)
        own.set_defaults(
            execute=lambda arguments, experiment=experiment: _plan(arguments, *experiment.choose(arguments))
        )


def _plan(arguments: argparse.Namespace, experiment: Any, chosen: Any) -> None:
    from validation.planning import Complete, plan_run
    from validation.sweeps import executor, shard_from

    # Only to refuse here what `geneft run` refuses: no cluster is asked, no process started.
    executor(arguments.executor, None if arguments.scheduler else arguments.workers, arguments.scheduler)
    shard = None if arguments.shard is None else shard_from(arguments.shard)
    try:
        sweep = plan_run(
            experiment,
            chosen,
            preset=arguments.preset,
            out=arguments.out,
            workers=arguments.workers,
            shard=shard,
            device=arguments.device,
        )
    except Complete as complete:
        _say_complete(arguments, complete)
        return
    if arguments.json:
        options.print_json({"experiment": experiment.NAME, "preset": arguments.preset} | sweep.to_dict())
    else:
        print(f"{experiment.NAME}, {arguments.preset}: what training will cost; nothing has been trained")
        for name, text in lines(sweep):
            print(f"  {name:<12}{text}".rstrip())


def _say_complete(arguments: argparse.Namespace, complete: Complete) -> None:
    if arguments.json:
        options.print_json({"networks": 0, "found": complete.networks})
    else:
        print(f"nothing is left to train: {complete}")


def lines(sweep: Plan) -> list[tuple[str, str]]:
    """Return what a plan says, as pairs of a name and a text; a name is empty where a line goes on."""
    rows = [("what", _counts(sweep))]
    if sweep.found:
        verb = "is" if sweep.found == 1 else "are"
        rows.append(("", f"{grouped(sweep.found)} more {verb} there already"))
    if sweep.network_steps:
        rows.append(("steps", f"{counted(sweep.network_steps, 'training step')} of a network"))
        rows.append(("operations", f"{sweep.operations:.3g} floating-point operations{_of_a_step(sweep)}"))
        rows.append(("", f"and {sweep.elementwise:.2g} on single numbers: activations, loss, biases"))
    if sweep.ensemble_steps:
        rows.append(("ensembles", f"{counted(sweep.ensemble_steps, 'step')} of an ensemble; operations not counted"))
    if sweep.other_steps > sweep.others:
        rows.append(("steps", f"{counted(sweep.other_steps, 'training step')}; operations not counted"))
    return rows + _times(sweep) + _room(sweep) + _architectures(sweep)


def _counts(sweep: Plan) -> str:
    kinds = (
        (sweep.networks, "network", ""),
        (sweep.ensembles, "ensemble", " of repons"),
        (sweep.others, "network", " of another kind"),
    )
    return " and ".join(f"{counted(count, word)}{rest}" for count, word, rest in kinds if count) + (
        f" in {counted(sweep.chunks, 'chunk')}"
    )


def _of_a_step(sweep: Plan) -> str:
    distinct = {each.operations for each in sweep.architectures if each.operations is not None}
    if len(distinct) != 1:
        return ""
    (step,) = distinct
    parts = (("forward", step.forward), ("backward", step.backward), ("weight gradients", step.weight_gradients))
    split = ", ".join(f"{name} {count / 1e6:.1f}" for name, count in parts)
    return f", {step.total / 1e6:.1f} million a step ({split}, optimiser {step.optimiser / 1e6:.2f})"


def _times(sweep: Plan) -> list[tuple[str, str]]:
    from validation.planning import duration

    here, counts = sweep.calibration.at_once, sorted({sweep.calibration.at_once, sweep.workers})
    rows: list[tuple[str, str]] = []
    for count in counts:
        where = "on this machine" if count <= here else "each as fast as one here"
        rows.append(
            ("" if rows else "time", f"{_expected(sweep.seconds(count))} with {counted(count, 'worker')}, {where}")
        )
    if sweep.ends_early:
        rows.append(("", "at most: the training of a network ends where its phase is decided"))
    made = sweep.calibration
    known, of = len(made.paces), len(sweep.architectures)
    measured = f"{known} of {counted(of, 'architecture')}" if known < of else counted(of, "architecture")
    measured += f", {counted(made.rounds, 'round')}"
    rows.append(("", f"from {duration(made.seconds)} of calibration on {sweep.device}: {measured}"))
    rows.append(("", f"no chunk takes longer than {duration(sweep.longest_chunk)}; theory and report come on top"))
    return rows


def _expected(time: Expected) -> str:
    from validation.planning import duration

    return f"{duration(time.seconds)} ({duration(time.low)} to {duration(time.high)})"


def _room(sweep: Plan) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if sweep.memory is not None:
        rows.append(("memory", f"{size(sweep.memory)} a worker process at most; threads share one process"))
        if sweep.workers > 1:
            rows.append(("", f"{size(sweep.workers * sweep.memory)} for {sweep.workers} processes"))
    if sweep.device_memory is not None:
        rows.append(("", f"{size(sweep.device_memory)} on {sweep.device}"))
    rows.append(("disk", f"{size(sweep.store)} in {counted(sweep.chunks, 'shard')}"))
    return rows


def _architectures(sweep: Plan) -> list[tuple[str, str]]:
    whole = sum(each.steps * each.seconds_a_step for each in sweep.architectures)
    ordered = sorted(sweep.architectures, key=lambda each: -each.steps * each.seconds_a_step)
    rows: list[tuple[str, str]] = []
    for each in ordered[:MOST_ARCHITECTURES]:
        share = 100 * each.steps * each.seconds_a_step / whole
        rate = f"{1 / each.seconds_a_step:.3g} steps/s" + ("" if each.measured else " (between others)")
        if each.operations is not None and each.operations.forward:
            rate += f", {each.operations.total / each.seconds_a_step / 1e9:.3g} GFLOP/s"
        rows.append(("" if rows else "a worker", f"{share:3.0f} % of the time: {each.label}; {rate}"))
    if len(ordered) > MOST_ARCHITECTURES:
        others = counted(len(ordered) - MOST_ARCHITECTURES, "other architecture")
        rows.append(("", f"and {others} (--json has all)"))
    return rows


def grouped(count: int) -> str:
    """Return a whole number with its digits in groups.

    Examples
    --------
    >>> grouped(14560000)
    '14 560 000'
    """
    return f"{count:,}".replace(",", " ")


def counted(count: int, word: str) -> str:
    """Return a number of things in words.

    Examples
    --------
    >>> counted(1, "chunk"), counted(2000, "chunk")
    ('1 chunk', '2 000 chunks')
    """
    return f"{grouped(count)} {word}" + ("" if count == 1 else "s")


def size(count: float) -> str:
    """Return a number of bytes in words, to three digits.

    Examples
    --------
    >>> size(532), size(1_450_000), size(1.4e12)
    ('532 B', '1.45 MB', '1.4 TB')
    """
    for unit, name in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:.0f} B"
