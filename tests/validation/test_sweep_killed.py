"""A run that is really killed, at moments nobody chose, and then finished."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from validation.sweeps import RunFolder, load, read_shard

SWEEP = """
import sys, time
import numpy as np
from validation.sweeps.folder import RunFolder
from validation.sweeps.question import Question
from validation.sweeps.runner import run_chunks

def compute(chunk):
    time.sleep(float(sys.argv[2]))
    # Large enough that writing takes about as long as computing, so that kills fall into writes too.
    values = np.random.default_rng(chunk[0]["seed"]).standard_normal((1, 100_000))
    return {"values": values}

run = RunFolder.open(sys.argv[1], Question("killed", "quick", 0))
print("running", flush=True)
run_chunks(run, [[{"seed": seed}] for seed in range(80)], compute)
"""


def start(folder: Path, pause: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SWEEP, str(folder), str(pause)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


def finish(process: subprocess.Popen[str]) -> int:
    with process:
        return process.wait(timeout=60)


def test_killed_runs_leave_whole_shards_and_resume_bit_for_bit(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    found = [0]
    for moment in generator.uniform(0.05, 0.3, size=4):
        process = start(tmp_path / "killed", pause=0.04)
        run = RunFolder.existing(tmp_path / "killed")
        while len(run.shard_files()) == found[-1] and process.poll() is None:
            time.sleep(0.005)
        time.sleep(moment)
        # 80 chunks sleep for 3.2 s, the four moments take less than 1.2 s: no run comes to its end here.
        process.kill()
        assert finish(process) == -9
        for file in run.shard_files():
            read_shard(file)
        found.append(len(run.shard_files()))
    assert found == sorted(found)
    assert found[-1] < 80
    assert finish(start(tmp_path / "killed", pause=0)) == 0
    assert finish(start(tmp_path / "whole", pause=0)) == 0
    killed, whole = load(tmp_path / "killed"), load(tmp_path / "whole")
    assert killed["seed"].values.tolist() == list(range(80))
    assert killed["values"].values.tobytes() == whole["values"].values.tobytes()
    # The commit that a shard names may change between two processes; nothing else may.
    del killed.attrs["made_by"], whole.attrs["made_by"]
    assert killed.identical(whole)


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    both = [start(tmp_path / "shared", pause=0.001) for _ in range(2)]
    assert [finish(process) for process in both] == [0, 0]
    run = RunFolder.existing(tmp_path / "shared")
    assert load(run).sizes["network"] == len(run.shard_files()) == len(list(run.shards.iterdir())) == 80
