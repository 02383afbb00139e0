"""A real scheduler and real workers on this machine: killed, cut off from the run folder, and told to stop."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from geneft_theory.errors import InvalidInput
from tests.validation.sweep_computes import Deadly, Walk, chunks, failing, noise, parity
from validation.sweeps import Dask, LostWorkers, Question, RunFolder, SweepSummary, Threads, load, run_chunks
from validation.sweeps.executors import cluster

ROOT = Path(__file__).parents[2]
CHUNKS = chunks(8)


def opened(place: Path) -> RunFolder:
    return RunFolder.open(place, Question("noise", "quick", 0))


def same(one: RunFolder, other: RunFolder) -> bool:
    return bool(load(one).drop_attrs().identical(load(other).drop_attrs()))


@contextlib.contextmanager
def started(place: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    with (place / f"{command[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{command[0]}", *command[1:], "--no-dashboard"],
            cwd=place,
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def worker(place: Path, address: str) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    return started(place, "worker", address, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a scheduler without workers, and the place of its log."""
    place = tmp_path_factory.mktemp("cluster")
    with started(place, "scheduler", "--host", "127.0.0.1", "--port", "0"):
        log, end = place / "scheduler.log", time.monotonic() + 60
        while "Scheduler at:" not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield log.read_text().partition("Scheduler at:")[2].split()[0], place


@pytest.fixture
def undisturbed(tmp_path: Path) -> RunFolder:
    run = opened(tmp_path / "undisturbed")
    run_chunks(run, CHUNKS, Walk(size=50), executor=Threads(1))
    return run


def test_a_worker_killed_in_the_middle_costs_nothing(
    scheduler: tuple[str, Path], tmp_path: Path, undisturbed: RunFolder
) -> None:
    address, place = scheduler
    run = opened(tmp_path / "run")
    with worker(place, address) as first, worker(place, address):

        def kill_the_first(done: float, total: int, tally: object) -> None:
            if done >= 4 and first.poll() is None:
                first.kill()

        slow = Walk(size=50, pause=0.03)
        assert run_chunks(run, CHUNKS, slow, kill_the_first, executor=Dask(address)) == SweepSummary(16, 0, 16)
        assert first.wait() == -signal.SIGKILL
    assert same(run, undisturbed)
    assert [file.name for file in run.path.iterdir() if file.name.startswith("seen-")] == []


def test_workers_without_the_run_folder_send_their_shards_back(
    scheduler: tuple[str, Path], tmp_path: Path, undisturbed: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def of_another_folder(folder: Path) -> Iterator[tuple[str, str]]:
        (folder / "seen-elsewhere.tmp").write_text("another word")
        yield "seen-elsewhere.tmp", "the word"

    monkeypatch.setattr(cluster, "_probe", of_another_folder)
    written: list[str] = []
    store = cluster.Work.store

    def noted(self: Any, name: str, content: bytes) -> None:
        written.append(name)
        store(self, name, content)

    monkeypatch.setattr(cluster.Work, "store", noted)
    address, place = scheduler
    run = opened(tmp_path / "run")
    with worker(place, address):
        run_chunks(run, CHUNKS, Walk(size=50), executor=Dask(address), checkpoint_seconds=0)
    assert len(written) == 8
    assert same(run, undisturbed)
    assert not run.checkpoints.exists()


def test_a_folder_is_known_by_its_word(tmp_path: Path) -> None:
    with cluster._probe(tmp_path) as probe:
        assert cluster.sees(tmp_path, probe)
        assert not cluster.sees(tmp_path / "elsewhere", probe)
        assert not cluster.sees(tmp_path, (probe[0], "another word"))
    assert list(tmp_path.iterdir()) == []


class Lazy:
    """Chunks that are made when they are asked for, noting which were asked for last."""

    def __init__(self, count: int) -> None:
        self.count, self.asked = count, -1

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, k: int) -> list[dict[str, int]]:
        self.asked = k
        return [{"seed": k}]


def test_the_scheduler_never_has_more_than_a_few_chunks(scheduler: tuple[str, Path], tmp_path: Path) -> None:
    address, place = scheduler
    many = Lazy(40)
    ahead = []
    with worker(place, address):
        run_chunks(
            opened(tmp_path / "run"),
            many,
            noise,
            lambda done, total, tally: ahead.append(many.asked - done),
            executor=Dask(address),
        )
    # The first look at every chunk comes before the first progress; then two chunks a thread, and no more.
    assert max(ahead[1:]) <= 3
    assert len(ahead) == 41


def test_a_stopped_run_leaves_no_work_behind_and_keeps_its_state(scheduler: tuple[str, Path], tmp_path: Path) -> None:
    address, place = scheduler
    run, log = opened(tmp_path / "run"), tmp_path / "log"
    log.touch()

    class Stopped(Exception):
        pass

    def stop(done: float, total: int, tally: object) -> None:
        if done >= 4:
            raise Stopped

    with worker(place, address):
        with pytest.raises(Stopped):
            run_chunks(run, CHUNKS, Walk(steps=200, size=50, pause=0.05, log=log), stop, executor=Dask(address))
        lines, end = -1, time.monotonic() + 30
        while lines != len(log.read_text().splitlines()):
            assert time.monotonic() < end
            lines = len(log.read_text().splitlines())
            time.sleep(0.5)
        assert len(run.shard_files()) < 8
        # The worker is free again.
        assert run_chunks(opened(tmp_path / "other"), chunks(1), noise, executor=Dask(address)).computed == 2
    run_chunks(run, CHUNKS, Walk(steps=200, size=50, log=log))
    steps = [line.split() for line in log.read_text().splitlines()]
    assert len({tuple(step) for step in steps}) == len(steps) == 8 * 20


def test_a_mistake_in_the_computation_is_shown_as_it_is(scheduler: tuple[str, Path], tmp_path: Path) -> None:
    address, place = scheduler
    with worker(place, address), pytest.raises(ZeroDivisionError, match=r"seed \d+"):
        run_chunks(opened(tmp_path / "run"), CHUNKS, failing, executor=Dask(address))


def test_a_worker_with_another_version_is_refused(tmp_path: Path) -> None:
    work = cluster.Work(tmp_path, "", noise, {}, version="0.0.1")
    task = cluster.Task(0, "name", 0, CHUNKS[0])
    with pytest.raises(InvalidInput, match=r"workers must have the geneft of the run, 0\.0\.1; one has "):
        cluster.on_worker(work, task, ("", ""))


def test_a_local_cluster_is_started_and_a_chunk_that_kills_its_workers_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import dask

    run = opened(tmp_path / "run")
    told: list[Any] = []
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        caplog.at_level(logging.CRITICAL, logger="distributed"),
        pytest.raises(LostWorkers, match="chunks must not end the process that computes them; 1 did, on one worker"),
    ):
        run_chunks(
            run,
            CHUNKS,
            Deadly(tmp_path, seed=4, times=99),
            lambda *state: told.append(state),
            executor=Dask(workers=2),
            tally=parity,
        )
    assert sorted(load(run)["seed"].values.tolist()) == [seed for seed in range(16) if seed not in (4, 5)]
    assert told[-1] == (14, 16, {"odd": 7, "even": 7})
    # Whole, and then in parts.
    assert len(list(tmp_path.glob("death-*"))) == 2


def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.3)
    run = opened(tmp_path)
    for address in ("tcp://127.0.0.1:1", "nonsense://", "tcp://127.0.0.1"):
        with pytest.raises(InvalidInput, match=r"scheduler must be the address of a running one[;,] ") as refusal:
            run_chunks(run, CHUNKS, noise, executor=Dask(address))
        assert "\n" not in str(refusal.value)


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidInput, match=r'executor dask must be installed: pip install "geneft-theory\[cluster\]"'):
        run_chunks(opened(tmp_path), CHUNKS, noise, executor=Dask())
