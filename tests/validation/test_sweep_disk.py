"""A disk that is full, a folder that is locked: one line, nothing lost, and the same call goes on."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from geneft_theory.errors import InvalidInput
from tests.validation.sweep_computes import Walk, chunks, noise
from tests.validation.test_store_folder import without_permissions
from validation.sweeps import Question, RunFolder, StoreFailed, Threads, load, run_chunks
from validation.sweeps.atomic import write_atomically

CHUNKS = chunks(6)


def opened(place: Path) -> RunFolder:
    return RunFolder.open(place, Question("noise", "quick", 0))


def test_a_full_disk_ends_the_run_in_one_line_and_loses_no_finished_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def small_disk(path: Path, content: bytes) -> None:
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        write_atomically(path, content)

    run = opened(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("validation.sweeps.work.write_atomically", small_disk)
        with pytest.raises(InvalidInput) as refusal:
            run_chunks(run, CHUNKS, noise, executor=Threads(1))
    assert str(refusal.value) == (
        f"out must be a folder that can be read and written; {str(tmp_path)!r}: No space left on device "
        "(finished networks are kept: once that is mended, the same command goes on)"
    )
    assert load(run).sizes["network"] == 6
    assert len(list(run.shards.iterdir())) == 3
    summary = run_chunks(run, CHUNKS, noise)
    assert (summary.found, summary.computed) == (6, 6)


def test_room_is_made_by_giving_up_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(tmp_path)

    def room_for_one(path: Path, content: bytes) -> None:
        if list(run.checkpoints.iterdir()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_atomically(path, content)

    monkeypatch.setattr("validation.sweeps.work.write_atomically", room_for_one)
    assert run_chunks(run, CHUNKS[:1], Walk(steps=20), checkpoint_seconds=0).computed == 2


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from tests.validation.sweep_computes import Walk, chunks, noise
from geneft_theory.errors import InvalidInput
from validation.sweeps import Question, RunFolder, Threads, run_chunks
run = RunFolder.open(sys.argv[1], Question("noise", "quick", 0))
print(run_chunks(run, chunks(3), noise).computed, flush=True)
try:
    # Larger than any file may be here, shard and checkpoint both.
    run_chunks(run, chunks(4), Walk(steps=20, size=100_000), checkpoint_seconds=0)
except InvalidInput as refusal:
    sys.exit(f"geneft: {refusal}")
"""


def test_a_write_that_the_system_refuses_leaves_whole_shards_only(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path), "100000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "6\n")
    *warnings, line = done.stderr.splitlines()
    assert line.endswith(
        f"{str(tmp_path)!r}: File too large (finished networks are kept: once that is mended, the same command goes on)"
    )
    assert set(warnings) == {"no checkpoint can be kept (File too large); training goes on"}
    run = RunFolder.existing(tmp_path)
    assert load(run).sizes["network"] == 6
    assert len(list(run.shards.iterdir())) == 3
    assert list(run.checkpoints.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_folder_that_becomes_locked_ends_the_run_in_one_line(tmp_path: Path) -> None:
    run = opened(tmp_path / "run")
    run_chunks(run, CHUNKS[:2], noise)
    with (
        without_permissions(run.shards),
        pytest.raises(StoreFailed, match=r"Permission denied \(finished networks are kept"),
    ):
        run_chunks(run, CHUNKS, noise)
    assert load(run).sizes["network"] == 4


def test_a_damaged_shard_in_a_locked_folder_is_no_crash(tmp_path: Path) -> None:
    run = opened(tmp_path / "run")
    run_chunks(run, CHUNKS[:2], noise)
    os.truncate(run.shard_files()[0], 100)
    with without_permissions(run.shards), pytest.raises(StoreFailed, match="Permission denied"):
        run_chunks(run, CHUNKS, noise)


def test_a_file_system_that_asks_twice_for_a_rename_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def answer_lost(source: Path, target: Path) -> None:
        replace(source, target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", answer_lost)
    write_atomically(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_system_that_cannot_sync_a_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def files_only(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    write_atomically(tmp_path / "a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"
