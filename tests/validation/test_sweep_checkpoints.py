"""The state of a chunk under way: taken up where it was, and never trusted when it cannot be."""

import logging
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from tests.validation.sweep_computes import Hungry, Walk, chunks
from validation.sweeps import Checkpoint, Context, Interrupted, Question, RunFolder, load, read_shard, run_chunks
from validation.sweeps.context import CHECKPOINT_SECONDS

ONE = chunks(1)


def opened(place: Path) -> RunFolder:
    return RunFolder.open(place, Question("walk", "quick", 0))


def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "states" / "a.checkpoint")
    assert checkpoint.load() is None
    state = {"weights": np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32), "step": np.array(7)}
    checkpoint.save(state)
    back = checkpoint.load()
    assert back is not None
    assert back.keys() == state.keys()
    for name, values in state.items():
        assert back[name].dtype == values.dtype
        assert back[name].tobytes() == values.tobytes()
    checkpoint.discard()
    assert checkpoint.load() is None
    assert list((tmp_path / "states").iterdir()) == []


def test_one_is_due_after_the_interval_and_when_the_run_is_stopped(tmp_path: Path) -> None:
    stopping: list[bool] = []
    later, at_once = (Checkpoint(tmp_path / "a", interval, lambda: bool(stopping)) for interval in (3600.0, 0.0))
    assert CHECKPOINT_SECONDS == 60
    assert (later.due(), at_once.due(), Checkpoint().due()) == (False, True, False)
    stopping.append(True)
    assert (later.due(), Checkpoint(None, 0.0, lambda: True).due()) == (True, False)


def test_a_context_by_itself_keeps_nothing_and_never_stops() -> None:
    context = Context()
    context.checkpoint.save({"state": np.zeros(3)})
    context.advance(0.5)
    assert context.checkpoint.load() is None
    assert not context.stopped()


@pytest.mark.parametrize("damage", ["truncate", "alter", "empty", "other file", "other versions", "pickle", "a pipe"])
def test_what_cannot_be_trusted_is_ignored_and_removed(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "chunk.checkpoint"
    checkpoint = Checkpoint(file)
    checkpoint.save({"state": np.arange(100.0)})
    content = file.read_bytes()
    if damage == "truncate":
        os.truncate(file, len(content) // 2)
    elif damage == "alter":
        file.write_bytes(content[:900] + bytes([content[900] ^ 1]) + content[901:])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "other file":
        file = file.rename(tmp_path / "another.checkpoint")
    elif damage == "other versions":
        monkeypatch.setattr("validation.sweeps.context.provenance", lambda: {"versions": {"numpy": "0.1"}})
    elif damage == "pickle":
        np.savez(tmp_path / "p.npz", state=np.array([{}], dtype=object))
        (tmp_path / "p.npz").rename(file)
    else:
        file.unlink()
        os.mkfifo(file)
    with caplog.at_level(logging.WARNING):
        assert Checkpoint(file).load() is None
    assert "is ignored and its chunk begun anew; it" in caplog.text
    assert not file.exists()


def test_a_stopped_run_takes_up_its_chunk_where_it_was(tmp_path: Path) -> None:
    whole, run, log = opened(tmp_path / "whole"), opened(tmp_path / "run"), tmp_path / "log"
    run_chunks(whole, ONE, Walk(steps=300))

    pressed: list[bool] = []

    def stop_in_the_middle(done: float, total: int, tally: object) -> None:
        if done > 1 and not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    slow = Walk(steps=300, pause=0.05, log=log)
    with pytest.raises(KeyboardInterrupt):
        run_chunks(run, ONE, slow, stop_in_the_middle)
    assert run.shard_files() == []
    (checkpoint,) = run.checkpoints.iterdir()
    assert checkpoint.name.endswith(".0-2.checkpoint")
    before = log.read_text().splitlines()
    assert 10 < len(before) < 30
    told: list[float] = []
    run_chunks(run, ONE, Walk(steps=300, log=log), lambda done, total, tally: told.append(done))
    # Stopped, it saved its state first: not a step is lost, and none is taken twice.
    assert [line.split()[2] for line in log.read_text().splitlines()] == [str(step) for step in range(9, 300, 10)]
    assert max(told) == 2
    # What the first process spent counts.
    assert read_shard(run.shard_files()[0]).provenance["wall_seconds"] > 0.05 * (len(before) - 1)
    assert load(run)["state"].values.tobytes() == load(whole)["state"].values.tobytes()
    assert list(run.checkpoints.iterdir()) == []


def test_the_checkpoints_of_parts_are_removed_with_their_chunk(tmp_path: Path) -> None:
    run = opened(tmp_path)
    run_chunks(run, ONE, Walk(steps=10), checkpoint_seconds=0)
    name = run.shard_files()[0].stem
    run.shard_files()[0].unlink()
    for part in ("0-1", "1-2"):
        (run.checkpoints / f"{name}.{part}.checkpoint").write_bytes(b"of an earlier attempt")
    (run.checkpoints / "another.0-1.checkpoint").write_bytes(b"of another chunk")
    run_chunks(run, ONE, Hungry(2))
    assert [file.name for file in run.checkpoints.iterdir()] == ["another.0-1.checkpoint"]


def test_the_checkpoint_of_a_finished_chunk_is_removed_when_the_run_is_entered_again(tmp_path: Path) -> None:
    run = opened(tmp_path)
    run_chunks(run, ONE, Walk(steps=10), checkpoint_seconds=0)
    for name in (run.shard_files()[0].stem, "of-a-chunk-that-is-not-finished"):
        (run.checkpoints / f"{name}.0-2.checkpoint").write_bytes(b"state")
    opened(tmp_path)
    assert [file.name for file in run.checkpoints.iterdir()] == ["of-a-chunk-that-is-not-finished.0-2.checkpoint"]


def test_a_disk_that_cannot_take_a_checkpoint_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("validation.sweeps.context.write_atomically", full)
    run = opened(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert run_chunks(run, ONE, Walk(steps=20), checkpoint_seconds=0).computed == 2
    assert "no checkpoint can be kept (No space left on device); training goes on" in caplog.text


def test_a_computation_that_gives_up_unasked_is_an_error(tmp_path: Path) -> None:
    def give_up(chunk: object, context: Context) -> dict[str, np.ndarray]:
        raise Interrupted

    with pytest.raises(Interrupted):
        run_chunks(opened(tmp_path), ONE, give_up)
