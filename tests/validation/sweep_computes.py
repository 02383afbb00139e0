"""Computations that other processes can import: quick, slow, deadly, and hungry for memory."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from validation.sweeps import Context, Interrupted

Chunk = Sequence[Mapping[str, Any]]
Outcomes = dict[str, np.ndarray]


def chunks(count: int, size: int = 2) -> list[list[dict[str, Any]]]:
    """Chunks of networks that differ in their seeds."""
    return [[{"relation": "sum", "seed": size * c + k} for k in range(size)] for c in range(count)]


def noise(chunk: Chunk, context: Context) -> Outcomes:
    """Numbers that depend on a network's own settings and stream only."""
    rows = [np.random.default_rng(settings["seed"]).standard_normal(5) for settings in chunk]
    return {"noise": np.stack(rows), "odd": np.array([settings["seed"] % 2 == 1 for settings in chunk])}


def parity(outcomes: Mapping[str, np.ndarray]) -> dict[str, int]:
    """A tally."""
    odd = int(outcomes["odd"].sum())
    return {"odd": odd, "even": outcomes["odd"].size - odd}


@dataclass(frozen=True)
class Walk:
    """A computation of many steps that keeps its state, and looks up every ten of them; `log` counts its steps."""

    steps: int = 100
    pause: float = 0.0
    log: Path | None = None
    size: int = 1000

    def __call__(self, chunk: Chunk, context: Context) -> Outcomes:
        kept = context.checkpoint.load()
        seeds = [np.random.default_rng(settings["seed"]) for settings in chunk]
        state = np.stack([seed.standard_normal(self.size) for seed in seeds]) if kept is None else kept["state"]
        begin = 0 if kept is None else int(kept["step"])
        context.advance(begin / self.steps)
        for step in range(begin, self.steps):
            # Chaotic, so that a step too many or too few shows in every digit.
            state = 1 - 1.9 * np.sin(state) ** 2
            if step % 10 == 9:
                time.sleep(self.pause)
                context.advance(10 / self.steps)
                self._note(chunk, step)
                if context.checkpoint.due():
                    context.checkpoint.save({"state": state, "step": np.array(step + 1)})
                if context.stopped():
                    raise Interrupted
        return {"state": state}

    def _note(self, chunk: Chunk, step: int) -> None:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{chunk[0]['seed']} {len(chunk)} {step}\n")


@dataclass(frozen=True)
class Deadly:
    """A computation that kills its own process in the chunk of one seed: a number of times, or always."""

    marks: Path
    seed: int
    times: int

    def __call__(self, chunk: Chunk, context: Context) -> Outcomes:
        if chunk[0]["seed"] == self.seed:
            deaths = len(list(self.marks.glob("death-*")))
            if deaths < self.times:
                (self.marks / f"death-{deaths}").touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return noise(chunk, context)


@dataclass(frozen=True)
class Hungry:
    """A computation that has memory for so many networks at once and no more."""

    most: int
    message: str | None = None

    def __call__(self, chunk: Chunk, context: Context) -> Outcomes:
        if len(chunk) > self.most:
            if self.message is None:
                # More than any machine has: the system itself refuses.
                np.empty(2**62, dtype=np.uint8)
            raise RuntimeError(self.message)
        context.advance(1)
        return noise(chunk, context)


def threads_seen(chunk: Chunk, context: Context) -> Outcomes:
    """How many threads the arithmetic of a worker uses."""
    import torch

    return {"threads": np.full(len(chunk), torch.get_num_threads()), "process": np.full(len(chunk), os.getpid())}


def failing(chunk: Chunk, context: Context) -> Outcomes:
    """A computation with a mistake in it."""
    raise ZeroDivisionError(f"seed {chunk[0]['seed']}")
