"""`geneft run` where it is told to run: shards, processes, signals, full disks; one line for what is wrong."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from validation.cli import main
from validation.sweeps import RunFolder, load

SMALL = (
    *("run", "goldilocks", "--n", "6", "--relation", "modulo:3", "--depths", "1,2", "--seeds", "2"),
    *("--fraction", "0.5", "--steps", "60"),
)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main([*SMALL, *words])
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def started(*words: str, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "validation", *SMALL, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main([*SMALL, "--out", str(place), "--quiet"]) == 0
    return place


def same(one: Path, other: Path) -> bool:
    return bool(load(one).drop_attrs(deep=False).identical(load(other).drop_attrs(deep=False)))


def test_shards_leave_the_report_to_the_last(
    tmp_path: Path, undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    chunks = len(RunFolder.existing(undisturbed).shard_files())
    code, out, err = run(capsys, "--out", str(place), "--shard", "1/2")
    assert (code, err) == (0, "")
    assert out == (
        f"shard 1/2 is done; {(chunks + 1) // 2} of {chunks} chunks are left to other shards, so there is no report "
        f"yet: the last shard to finish makes it, or this command without --shard\nfolder: {place}\n"
    )
    assert not (place / "report.html").exists()
    assert list((place / "tables").iterdir()) == []
    code, out, _ = run(capsys, "--out", str(place), "--shard", "2/2")
    assert code == 0
    assert f"report: {place / 'report.html'}" in out
    assert same(place, undisturbed)
    _, out, _ = run(capsys, "--out", str(tmp_path / "other"), "--shard", "0/99", "--json")
    assert '"missing"' in out


def test_processes_give_the_same_numbers(tmp_path: Path, undisturbed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--out", str(tmp_path / "run"), "--executor", "processes", "--workers", "2")
    assert run(capsys, *words)[0] == 0
    assert same(tmp_path / "run", undisturbed)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--shard 3/2", "shard must be I/N with integers 0 <= I <= N, N >= 1; got (3, 2)"),
        ("--shard half", "shard must be I/N with integers 0 <= I <= N, N >= 1; got 'half'"),
        ("--executor slurm", "executor must be one of threads, processes, dask; got 'slurm'"),
        ("--workers 0", "workers must be an integer >= 1; got 0"),
        ("--scheduler tcp://a:1 --executor processes", "executor must be dask where a scheduler is given"),
        ("--scheduler tcp://a:1 --workers 2", "workers must not be given with a scheduler, which has its own; got 2"),
        ("--device tpu", "device must be one of auto, cpu, cuda; got 'tpu'"),
        ("--quiet --verbose", "not allowed with argument --quiet"),
    ],
)
def test_what_cannot_be_is_one_line_and_no_folder(
    words: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "--out", str(tmp_path / "run"), *words.split())
    assert (code, out) == (2, "")
    assert complaint in err
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_gpu_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*arguments: object, **options: object) -> None:
        raise RuntimeError("no such device")

    monkeypatch.setattr(torch, "zeros", none)
    code, _, err = run(capsys, "--out", str(tmp_path / "run"), "--device", "cuda")
    assert code == 2
    assert "device must be" in err
    assert not (tmp_path / "run").exists()


def test_verbose_says_what_happens_to_every_chunk(
    tmp_path: Path, undisturbed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert main([*SMALL, "--out", str(tmp_path / "run"), "--verbose"]) == 0
    said = [record.getMessage() for record in caplog.records if record.name.startswith("validation")]
    chunks = len(RunFolder.existing(undisturbed).shard_files())
    assert sum("networks computed" in line for line in said) == chunks
    caplog.clear()
    assert main([*SMALL, "--out", str(tmp_path / "run")]) == 0
    assert caplog.records == []
    with started("--out", str(tmp_path / "run"), "--verbose") as process:
        told = process.communicate(timeout=120)[1]
    assert told == "geneft: 8 of 8 networks are there; computing 0 chunks\n"


@pytest.mark.parametrize("executor", ["threads", "processes", "dask"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_in_one_line_and_goes_on(executor: str, number: signal.Signals, tmp_path: Path) -> None:
    place = tmp_path / "run"
    # The later --steps counts: so many that they take minutes.
    words = ("--out", str(place), "--steps", "9000000", "--executor", executor, "--workers", "2", "--verbose")
    process = started(*words, start_new_session=True)
    assert process.stderr is not None
    assert "are there; computing" in process.stderr.readline()
    time.sleep({"threads": 1, "processes": 4, "dask": 12}[executor])
    # To all its processes, as terminals and batch systems do.
    os.killpg(process.pid, number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "geneft: stopped; the same command goes on where it was\n"
    assert [file.name for file in (place / "shards").iterdir() if file.suffix != ".npz"] == []
    assert not (place / "report.html").exists()
    # Nobody had come to the end of a chunk: what there is, is in the checkpoints.
    assert [file.suffix for file in (place / "checkpoints").iterdir()] == [".checkpoint"] * 2


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))


def test_a_place_that_is_full_ends_in_one_line_and_code_2(tmp_path: Path, undisturbed: Path) -> None:
    place = tmp_path / "run"
    with started("--out", str(place), preexec_fn=limited) as process:
        out, told = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert told == (
        f"geneft: out must be a folder that can be read and written; {str(place)!r}: File too large "
        "(finished networks are kept: once that is mended, the same command goes on)\n"
    )
    assert main([*SMALL, "--out", str(place), "--quiet"]) == 0
    assert same(place, undisturbed)


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "run"
    assert run(capsys, "--out", str(place))[0] == 0
    (place / "report.html").unlink()
    (place / "report.html").mkdir()
    code, out, told = run(capsys, "--out", str(place))
    assert (code, out) == (2, "")
    assert told.startswith("geneft: out must be a folder that can be read and written; ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("address", ["", "foo", "tcp://host", "tcp://:8786"])
def test_an_address_without_host_or_port_is_refused_at_once(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "--scheduler", address)
    assert code == 2
    assert told.startswith("geneft: scheduler must be the address of a running one, such as tcp://host:8786; got ")
    assert told.count("\n") == 1
