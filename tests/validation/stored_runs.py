"""Run folders for tests, as a trainer would have left them, without training."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from validation.sweeps import Question, RunFolder, Shard, Variable, write_shard

VARIABLES = {
    "held_out_accuracy": Variable(long_name="accuracy outside the training set"),
    "train_loss": Variable(long_name="mean training loss"),
    "diverged": Variable(long_name="whether training left the finite numbers"),
    "steps_to_train_threshold": Variable(units="steps", long_name="steps until the training pairs are right"),
    "steps_to_test_threshold": Variable(units="steps", long_name="steps until the held-out pairs are right"),
    "step": Variable(("step",), "steps", "training steps"),
    "train_loss_curve": Variable(("step",), long_name="training loss while training"),
    "embeddings": Variable(("symbol", "dimension"), long_name="embeddings at the end"),
}
MADE_BY = {"versions": {"numpy": "2.0", "torch": "2.6"}, "platform": "Linux x86_64", "processors": 2, "threads": 1}
RATES, SEEDS, STEPS = (1e-3, 1e-2, 1e-1), (0, 1, 2, 3), (1, 10, 100)
Outcome = Callable[[np.random.Generator, float], dict[str, float]]


def networks(rates: Sequence[float] = RATES, seeds: Sequence[int] = SEEDS) -> list[dict[str, object]]:
    return [
        {"relation": "modulo:3", "eta_decoder": rate, "weight_decay": None, "width": 50, "seed": seed, "sweep_seed": 0}
        for rate in rates
        for seed in seeds
    ]


def generalizes_at_small_rates(generator: np.random.Generator, rate: float) -> dict[str, float]:
    """Small rates generalize, medium ones memorize, large ones are confused; accuracies scatter."""
    train = 100.0 if rate < 0.1 else np.nan
    test = 200.0 if rate < 0.01 else np.nan
    accuracy = {1e-3: 0.95, 1e-2: 0.6, 1e-1: 0.5}.get(rate, 0.7) + 0.02 * generator.normal()
    return {"train": train, "test": test, "accuracy": accuracy}


def outcomes(
    chunk: Sequence[dict[str, object]], outcome: Outcome = generalizes_at_small_rates, noise: int = 0
) -> dict[str, np.ndarray]:
    """What became of the networks; a function of each one's settings, and of `noise`."""
    rows = []
    for settings in chunk:
        generator = np.random.default_rng(
            [int(str(settings["seed"])), int(1e6 * float(str(settings["eta_decoder"]))), noise]
        )
        rows.append(outcome(generator, float(str(settings["eta_decoder"]))))
    count = len(rows)
    curve = np.array([row["accuracy"] for row in rows])[:, np.newaxis] / np.array(STEPS)
    return {
        "held_out_accuracy": np.array([row["accuracy"] for row in rows]),
        "train_loss": np.array([1 - row["accuracy"] for row in rows]),
        "diverged": np.zeros(count, dtype=bool),
        "steps_to_train_threshold": np.array([row["train"] for row in rows]),
        "steps_to_test_threshold": np.array([row["test"] for row in rows]),
        "step": np.tile(np.array(STEPS, dtype=np.int32), (count, 1)),
        "train_loss_curve": curve.astype(np.float32),
        "embeddings": np.stack([np.full((3, 2), row["accuracy"], dtype=np.float32) for row in rows]),
    }


def write_run(
    path: Path,
    plan: Sequence[dict[str, object]] | None = None,
    *,
    outcome: Outcome = generalizes_at_small_rates,
    noise: int = 0,
    question: Question | None = None,
    chunk_size: int = 5,
    made_by: dict[str, object] | None = None,
) -> RunFolder:
    """Write a finished run."""
    run = RunFolder.open(path, question or Question("rates", "quick", 0, {"rates": list(RATES)}, "1"))
    plan = networks() if plan is None else plan
    for first in range(0, len(plan), chunk_size):
        chunk = plan[first : first + chunk_size]
        provenance = {
            **MADE_BY,
            **(made_by or {}),
            "wall_seconds": 1.5,
            "finished": f"2026-01-01T00:00:{first:02d}+00:00",
        }
        found = outcomes(chunk, outcome, noise)
        write_shard(run.shards, Shard(tuple(chunk), found, VARIABLES, run.question.engine, first, provenance))
    return run
