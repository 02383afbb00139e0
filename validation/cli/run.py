"""`geneft run`: train an experiment's networks and write its run folder with the report."""

from __future__ import annotations

import argparse
import contextlib
import signal
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validation.cli import options
from validation.experiments import EXPERIMENTS

if TYPE_CHECKING:
    from validation.sweeps import Execution, Unfinished

PRESETS = ("quick", "standard", "paper")


def add(subparsers: Any) -> None:
    """Add the command and its experiments to the parser."""
    parser = subparsers.add_parser("run", help="train networks and hold them against the theory", allow_abbrev=False)
    experiments = parser.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    for name in EXPERIMENTS:
        experiment = import_module(f"validation.cli.experiments.{name.replace('-', '_')}")
        own = experiments.add_parser(name, help=experiment.HELP, allow_abbrev=False)
        experiment.add_arguments(own)
        add_common(own)
        own.set_defaults(
            execute=lambda arguments, experiment=experiment: _run(arguments, *experiment.choose(arguments))
        )


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what all experiments understand: preset, seed and folder, and where it runs."""
    parser.add_argument("--preset", choices=PRESETS, default="quick", help="default: quick")
    parser.add_argument("--sweep-seed", type=int, metavar="S", help="root of every random stream (default: 0)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="run folder: new, or this same run's to go on (default: below runs/)"
    )
    parser.add_argument("--json", action="store_true", help="print the results as one JSON object")
    where = parser.add_argument_group("where it runs; no number depends on it, but for the device")
    where.add_argument(
        "--executor",
        metavar="NAME",
        help="threads of this process, local processes, or dask: a cluster, or a local one",
    )
    where.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="local worker processes (default: a thread on every core, no processes)",
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="a running Dask scheduler, such as tcp://host:8786")
    where.add_argument(
        "--shard",
        metavar="I/N",
        help="every N-th chunk only, for array jobs; the last to finish, or a run without --shard, makes the report",
    )
    where.add_argument("--device", metavar="NAME", default="auto", help="cpu, cuda, or auto (default): a GPU if any")
    talk = parser.add_mutually_exclusive_group()
    talk.add_argument("--quiet", action="store_true", help="show no progress")
    talk.add_argument("--verbose", action="store_true", help="say what happens to every chunk")


def _run(arguments: argparse.Namespace, experiment: Any, chosen: Any) -> None:
    from validation.experiments.running import open_folder
    from validation.sweeps import Unfinished, progress_bar
    from validation.sweeps.work import store_failed

    # What is wrong with the command is said before a folder is made.
    execution = _execution(arguments)
    folder = open_folder(experiment.NAME, arguments.preset, chosen, arguments.out)
    try:
        with (
            _terminated_like_interrupted(),
            progress_bar("training networks", quiet=arguments.quiet or arguments.verbose) as progress,
        ):
            summary = experiment.run(folder, chosen, replace(execution, progress=progress))
    except Unfinished as rest:
        _say_what_is_missing(arguments, folder.path, rest)
        return
    except BrokenPipeError:
        raise
    except OSError as trouble:
        # Of figures, tables and the report; shards and checkpoints have their own words.
        raise store_failed(folder.path, trouble) from None
    if arguments.json:
        options.print_json(summary)
    else:
        print(experiment.as_text(summary))
        print(f"\nreport: {folder.report}")


def _execution(arguments: argparse.Namespace) -> Execution:
    from validation.sweeps import Execution, executor, shard_from

    place = executor(arguments.executor, arguments.workers, arguments.scheduler)
    shard = None if arguments.shard is None else shard_from(arguments.shard)
    execution = Execution(place, shard, arguments.device)
    if arguments.scheduler is None and arguments.device != "auto":
        from validation.training.devices import require_device

        require_device(arguments.device)
    return execution


def _say_what_is_missing(arguments: argparse.Namespace, folder: Path, rest: Unfinished) -> None:
    if arguments.json:
        options.print_json({"shard": arguments.shard, "chunks": rest.chunks, "missing": rest.missing})
    else:
        print(
            f"shard {arguments.shard} is done; {rest.missing} of {rest.chunks} chunks are left to other shards, so "
            f"there is no report yet: the last shard to finish makes it, or this command without --shard\n"
            f"folder: {folder}"
        )


@contextlib.contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Stop as after a Ctrl-C when a batch system says that the time is up: then the state is kept."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:
        # Only the main thread may.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
