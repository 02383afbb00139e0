"""How fast networks learn an operation: the compiled engine, the batched one, and a plain torch loop, in turns.

    python benchmarks/operations.py [--rounds 3] [--steps 400] [--networks 16]

All on one core. They must agree on the loss after the last step, or the script stops.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch

from validation.operations import OperationSettings, train_operations
from validation.operations.batched import train_batched
from validation.operations.reference import train_reference


def compiled(networks: list[OperationSettings]) -> float:
    return float(train_operations(networks, record_steps=[]).train_loss[:, -1].sum())


def batched(networks: list[OperationSettings]) -> float:
    courses = train_batched(networks, (0, networks[0].steps), False, lambda steps: None, lambda: None, "cpu")
    return sum(course.records[-1].train_loss for course in courses)


def plain(networks: list[OperationSettings]) -> float:
    # One step more, whose loss is that after the others.
    return sum(train_reference(each, steps=each.steps + 1).train_losses[-1] for each in networks)


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast networks learn an operation, on one core.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--networks", type=int, default=16)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for loss in ("mean_squared_error", "cross_entropy"):
        networks = [
            OperationSettings(training_seed=seed, seed=seed, steps=asked.steps, loss=loss)
            for seed in range(asked.networks)
        ]
        compiled(networks[:1])
        rates: dict[str, list[float]] = {"compiled": [], "batched": [], "plain loop": []}
        losses = {}
        for _ in range(asked.rounds):
            for name, contestant in (("compiled", compiled), ("batched", batched), ("plain loop", plain)):
                start = time.perf_counter()
                losses[name] = contestant(networks)
                rates[name].append(asked.networks * asked.steps / (time.perf_counter() - start))
        if np.ptp(list(losses.values())) > 1e-4 * losses["plain loop"]:
            raise SystemExit(f"the contestants disagree: {losses}")
        print(f"{loss}: {asked.networks} networks, 45 of 55 sums, 1-200-200-{networks[0].outputs}, on one core")
        for name, own in rates.items():
            ratio = statistics.median(ours / theirs for ours, theirs in zip(rates["compiled"], own, strict=True))
            print(f"  {name:<12} best {max(own):7.0f} network-steps/s; compiled is faster by {ratio:.1f}")


if __name__ == "__main__":
    main()
