"""Memory does not grow with the number of networks: chunks are made one by one, and results are not kept."""

import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from validation.sweeps import Context, Question, RunFolder, Threads, run_chunks

SIZE = 50


class Lazy(Sequence[Sequence[Mapping[str, Any]]]):
    """Chunks that exist only while somebody looks at them."""

    def __init__(self, networks: int) -> None:
        self._count = networks // SIZE

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, k: Any) -> Any:
        return [{"fraction": 0.5, "relation": "sum", "seed": SIZE * k + j} for j in range(SIZE)]

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("only entries are asked for, one by one")


def trivial(chunk: Sequence[Mapping[str, Any]], context: Context) -> dict[str, np.ndarray]:
    # A few kilobytes a network: kept, those of 10^4 networks would be 20 MB.
    return {"curve": np.tile([float(settings["seed"]) for settings in chunk], (256, 1)).T}


def peak(place: Path, networks: int) -> int:
    run = RunFolder.open(place, Question("trivial", "quick", 0))
    tracemalloc.start()
    try:
        assert run_chunks(run, Lazy(networks), trivial, executor=Threads(1)).computed == networks
        first = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        # A second run looks at every shard.
        assert run_chunks(run, Lazy(networks), trivial, executor=Threads(1)).found == networks
        return max(first, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def test_ten_times_the_networks_take_the_same_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    peak(tmp_path / "warm", SIZE)
    few, many = peak(tmp_path / "few", 1000), peak(tmp_path / "many", 10_000)
    # The results of the larger sweep are 20 MB. What is left to grow: 16 bytes a missing chunk, and what the garbage
    # collector has not come to yet.
    assert many - few < 1_000_000
