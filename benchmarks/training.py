"""How fast an ensemble trains, beside a plain loop over torch modules with torch.optim.

    python benchmarks/training.py [--rounds 5] [--threads 1 2] [--chunk-sizes 1 2 4 8 16]

The network is the default one: 30 symbols, 675 of 900 pairs, embeddings in two dimensions, a tanh decoder of three
hidden layers of width 50, Adam. Both sides take turns within each round, so that what else the machine does strikes
both; a ratio is the median over rounds. A network-step is one training step of one network.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch

from validation.networks import NetworkSettings
from validation.networks.reference import ReferenceNetwork
from validation.training import train_chunk

PLAIN_STEPS = 100
NETWORK_STEPS = 1600


def network(seed: int, steps: int) -> NetworkSettings:
    return NetworkSettings(relation="modulo:3", fraction=0.75, seed=seed, steps=steps)


def plain_loop() -> int:
    """Train two networks one after the other; return the number of network-steps."""
    for seed in range(2):
        model = ReferenceNetwork(network(seed, PLAIN_STEPS))
        first, second, targets = model.training_data()
        optimizer = model.optimizer()
        for _ in range(PLAIN_STEPS):
            optimizer.zero_grad()
            torch.autograd.backward(model.loss(model(first, second), targets))
            optimizer.step()
    return 2 * PLAIN_STEPS


def ensemble(chunk_size: int) -> Callable[[], int]:
    """Return the training of one chunk; it returns the number of network-steps."""
    steps = NETWORK_STEPS // chunk_size
    networks = [network(seed, steps) for seed in range(chunk_size)]

    def run() -> int:
        train_chunk(networks, record_steps=[])
        return chunk_size * steps

    return run


def rate(run: Callable[[], int]) -> float:
    start = time.perf_counter()
    return run() / (time.perf_counter() - start)


def compare(threads: int, chunk_sizes: list[int], rounds: int) -> None:
    torch.set_num_threads(threads)
    contestants = {"plain loop": plain_loop} | {f"chunks of {size}": ensemble(size) for size in chunk_sizes}
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            rates[name].append(rate(run))
    print(f"\n{threads} thread{'s' * (threads > 1)}: network-steps/s, best (median), and times the plain loop")
    for name, measured in rates.items():
        ratio = median(own / plain for own, plain in zip(measured, rates["plain loop"], strict=True))
        print(f"  {name:14} {max(measured):6.0f} ({median(measured):6.0f})   {ratio:5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Training rate of an ensemble beside a plain loop.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--chunk-sizes", type=int, nargs="+", default=[2, 4, 8, 16])
    options = parser.parse_args()
    for threads in options.threads:
        compare(threads, options.chunk_sizes, options.rounds)


if __name__ == "__main__":
    main()
