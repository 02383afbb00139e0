"""Executors: the same numbers everywhere, one thread a worker, mistakes shown, dead workers replaced."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from geneft_theory.errors import InvalidInput
from tests.validation import sweep_computes
from tests.validation.sweep_computes import Deadly, Hungry, chunks, noise, parity
from validation.sweeps import (
    Dask,
    Executor,
    LostWorkers,
    Processes,
    Question,
    RunFolder,
    SweepSummary,
    Threads,
    executor,
    load,
    read_shard,
    run_chunks,
)

QUESTION = Question("noise", "quick", 0)
CHUNKS = chunks(6)


def opened(place: Path) -> RunFolder:
    return RunFolder.open(place, QUESTION)


@pytest.fixture
def undisturbed(tmp_path: Path) -> RunFolder:
    run = opened(tmp_path / "undisturbed")
    run_chunks(run, CHUNKS, noise, executor=Threads(1))
    return run


@pytest.mark.parametrize("place", [Threads(1), Threads(3), Processes(2)])
def test_every_executor_gives_the_same_numbers(place: Executor, tmp_path: Path, undisturbed: RunFolder) -> None:
    run = opened(tmp_path / "run")
    told: list[tuple[float, int, Mapping[str, int]]] = []
    summary = run_chunks(run, CHUNKS, noise, lambda *state: told.append(state), executor=place, tally=parity)
    assert summary == SweepSummary(12, 0, 12)
    assert told[0] == (0, 12, {})
    assert told[-1] == (12, 12, {"odd": 6, "even": 6})
    assert load(run).drop_attrs().identical(load(undisturbed).drop_attrs())


def test_a_second_run_counts_what_the_first_found(tmp_path: Path) -> None:
    run = opened(tmp_path)
    run_chunks(run, CHUNKS[:4], noise)
    told: list[tuple[float, int, Mapping[str, int]]] = []
    run_chunks(run, CHUNKS, noise, lambda *state: told.append(state), tally=parity)
    assert told[0] == (8, 12, {"odd": 4, "even": 4})


@pytest.mark.parametrize("place", [Threads(2), Processes(2)])
def test_a_worker_uses_one_thread(place: Executor, tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads()
    run = opened(tmp_path)
    run_chunks(run, CHUNKS[:4], sweep_computes.threads_seen, executor=place)
    assert set(load(run)["threads"].values.tolist()) == {1}
    assert torch.get_num_threads() == before
    shard = read_shard(run.shard_files()[0])
    assert shard.provenance["threads"] == 1


@pytest.mark.parametrize("place", [Threads(2), Processes(2)])
def test_a_mistake_in_the_computation_is_shown_as_it_is(place: Executor, tmp_path: Path) -> None:
    run = opened(tmp_path)
    with pytest.raises(ZeroDivisionError, match=r"seed \d+"):
        run_chunks(run, CHUNKS, sweep_computes.failing, executor=place)
    assert run.shard_files() == []


def test_what_other_processes_cannot_import_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="compute must be a function that other processes can import"):
        run_chunks(opened(tmp_path), CHUNKS, lambda chunk, context: noise(chunk, context), executor=Processes(1))


def test_a_worker_that_dies_once_is_replaced(
    tmp_path: Path, undisturbed: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    run = opened(tmp_path / "run")
    with caplog.at_level(logging.WARNING):
        summary = run_chunks(run, CHUNKS, Deadly(tmp_path, seed=4, times=1), executor=Processes(2))
    assert summary.computed == 12
    assert "a worker ended with exit code -9 in chunk" in caplog.text
    assert load(run).drop_attrs().identical(load(undisturbed).drop_attrs())


def test_a_chunk_that_kills_every_worker_is_left_out_and_the_others_are_finished(tmp_path: Path) -> None:
    run = opened(tmp_path / "run")
    with pytest.raises(LostWorkers, match=r"1 did, 3 times each \(the first is \w{12}, networks 4 to 5 of the sweep\)"):
        run_chunks(run, CHUNKS, Deadly(tmp_path, seed=4, times=99), executor=Processes(2))
    assert sorted(load(run)["seed"].values.tolist()) == [0, 1, 2, 3, 6, 7, 8, 9, 10, 11]
    assert run_chunks(run, CHUNKS, noise).computed == 2


@pytest.mark.parametrize("place", [Threads(1), Processes(1)])
@pytest.mark.parametrize("most", [1, 3])
def test_a_chunk_that_does_not_fit_into_memory_is_halved(place: Executor, most: int, tmp_path: Path) -> None:
    whole, halved = opened(tmp_path / "whole"), opened(tmp_path / "halved")
    seven = chunks(1, size=7)
    run_chunks(whole, seven, noise)
    told: list[float] = []
    run_chunks(halved, seven, Hungry(most), lambda done, total, tally: told.append(done), executor=place)
    assert load(halved).drop_attrs().identical(load(whole).drop_attrs())
    assert [file.name for file in halved.shard_files()] == [file.name for file in whole.shard_files()]
    assert max(told) == 7


@pytest.mark.parametrize(
    "message", ["[enforce fail at alloc_cpu.cpp:119] . DefaultCPUAllocator: can't allocate memory: you tried to ..."]
)
def test_what_pytorch_says_of_full_memory_is_understood(message: str, tmp_path: Path) -> None:
    assert run_chunks(opened(tmp_path), chunks(1, size=4), Hungry(2, message)).computed == 4


def test_pytorch_says_so_indeed(tmp_path: Path) -> None:
    import torch

    from validation.sweeps.work import out_of_memory

    with pytest.raises(RuntimeError) as refusal:
        torch.empty(2**60, dtype=torch.uint8)
    assert out_of_memory(refusal.value)
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


def test_a_network_too_large_by_itself_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"network must fit into memory; one alone does not: .*'seed': 0"):
        run_chunks(opened(tmp_path), CHUNKS, Hungry(0), executor=Threads(1))


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("first", [0, 1])
def test_shards_together_make_the_whole(count: int, first: int, tmp_path: Path, undisturbed: RunFolder) -> None:
    run = opened(tmp_path / "run")
    left = []
    for i in range(first, count + first):
        summary = run_chunks(run, CHUNKS, noise, shard=(i, count))
        left.append(summary.missing)
    assert left[-1] == 0
    assert left == sorted(left, reverse=True)
    assert left[0] == 6 - len(CHUNKS[first::count])
    assert load(run).drop_attrs().identical(load(undisturbed).drop_attrs())


@pytest.mark.parametrize("shard", [(3, 2), (-1, 2), (0, 0), (1,), "1/2", (0.5, 1)])
def test_shards_that_are_none_are_refused(shard: object, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="shard must be I/N with integers 0 <= I <= N, N >= 1; got"):
        run_chunks(opened(tmp_path), CHUNKS, noise, shard=shard)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"name": "slurm"}, "executor must be one of threads, processes, dask; got 'slurm'"),
        ({"workers": 0}, "workers must be an integer >= 1; got 0"),
        ({"name": "threads", "scheduler": "tcp://a:1"}, "executor must be dask where a scheduler is given"),
        ({"workers": 2, "scheduler": "tcp://a:1"}, "workers must not be given with a scheduler"),
    ],
)
def test_choices_that_contradict_each_other_are_refused(arguments: dict[str, object], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        executor(**arguments)


def test_choices_are_understood() -> None:
    assert executor() == Threads()
    assert executor(workers=3) == Processes(3)
    assert executor("processes") == Processes()
    assert executor("dask", workers=2) == Dask(workers=2)
    assert executor("dask", scheduler="tcp://a:1") == Dask("tcp://a:1")


def test_the_header_writes_shared_settings_once(tmp_path: Path) -> None:
    run = opened(tmp_path)
    run_chunks(run, chunks(1, size=50), noise)
    with np.load(run.shard_files()[0], allow_pickle=False) as members:
        header = json.loads(members["header"].tobytes())
    assert header["shared"] == {"relation": "sum"}
    assert header["networks"][3] == {"seed": 3}
    assert read_shard(run.shard_files()[0]).networks[3] == {"relation": "sum", "seed": 3}
