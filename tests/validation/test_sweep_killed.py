"""Runs that are really killed, at moments nobody chose, and then finished."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.validation.killed_sweep import CHUNKS
from validation.sweeps import RunFolder, load, read_shard
from validation.sweeps.atomic import TEMPORARY_SUFFIX

KILLS = {"threads": 12, "processes": 6}


def start(folder: Path, executor: str, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.validation.killed_sweep", str(folder), executor, str(pause)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


def finish(process: subprocess.Popen[str]) -> int:
    with process:
        return process.wait(timeout=60)


def alive_in_session(session: int) -> list[int]:
    """The processes of a session that are neither dead nor waiting to be buried."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == session and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                found.append(process.pid)
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("undisturbed")
    assert finish(start(place, "threads", 0)) == 0
    return place


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_killed_runs_leave_whole_shards_and_resume_bit_for_bit(
    executor: str, tmp_path: Path, undisturbed: Path
) -> None:
    generator = np.random.default_rng(0)
    kept = []
    for moment in generator.uniform(0.0, 0.8, size=KILLS[executor]):
        process = start(tmp_path, executor, pause=0.04)
        time.sleep(moment)
        process.kill()
        # A run may have come to its end on a quick machine; then there is nothing left to kill.
        assert finish(process) in (-9, 0)
        run = RunFolder.existing(tmp_path)
        for file in run.shard_files():
            read_shard(file)
        kept.append(len(run.shard_files()))
    assert kept == sorted(kept)
    assert finish(start(tmp_path, executor, pause=0)) == 0
    killed, whole = load(tmp_path), load(undisturbed)
    assert killed["seed"].values.tolist() == list(range(2 * CHUNKS))
    assert killed["state"].values.tobytes() == whole["state"].values.tobytes()
    # The commit that a shard names may change between two processes; nothing else may.
    assert killed.drop_attrs(deep=False).identical(whole.drop_attrs(deep=False))
    # What a kill in the middle of a write leaves is removed an hour later; until then it may be a living writer's.
    left = [file.name for file in (tmp_path / "checkpoints").iterdir() if not file.name.endswith(TEMPORARY_SUFFIX)]
    assert left == []


def test_workers_do_not_outlive_the_process_that_started_them(tmp_path: Path) -> None:
    process = start(tmp_path, "processes", pause=0.3)
    while len(alive_in_session(process.pid)) < 3:
        time.sleep(0.02)
    process.kill()
    assert finish(process) == -9
    end = time.monotonic() + 20
    while alive_in_session(process.pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_killed_workers_are_replaced_while_the_run_goes_on(tmp_path: Path, undisturbed: Path) -> None:
    process = start(tmp_path, "processes", pause=0.02)
    killed = 0
    generator = np.random.default_rng(1)
    while process.poll() is None and killed < 4:
        time.sleep(generator.uniform(0.2, 0.4))
        # Not the first, which is the run itself; also not the one that looks after Python's shared resources.
        for worker in sorted(alive_in_session(process.pid)):
            with contextlib.suppress(psutil.NoSuchProcess):
                if worker != process.pid and any("spawn_main" in word for word in psutil.Process(worker).cmdline()):
                    os.kill(worker, 9)
                    killed += 1
                    break
    assert finish(process) == 0
    assert killed > 0
    assert load(tmp_path)["state"].values.tobytes() == load(undisturbed)["state"].values.tobytes()


def test_two_processes_share_a_folder(tmp_path: Path, undisturbed: Path) -> None:
    both = [start(tmp_path, executor, pause=0.001) for executor in ("threads", "processes")]
    assert [finish(process) for process in both] == [0, 0]
    run = RunFolder.existing(tmp_path)
    assert len(run.shard_files()) == len(list(run.shards.iterdir())) == CHUNKS
    assert load(run)["state"].values.tobytes() == load(undisturbed)["state"].values.tobytes()
