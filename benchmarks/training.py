"""How fast networks train, beside a plain torch loop, torch.func's vmap, and JAX, all in turns in one run.

    python benchmarks/training.py [--rounds 5] [--cores 1 2] [--networks 1 8 64 512] [--steps 200]

The network is the default one: 30 symbols, 675 of 900 pairs, embeddings in two dimensions, a tanh decoder of three
hidden layers of width 50, Adam with a rate for the encoder and one for the decoder, float32. A network-step is one
training step of one network; without the optimiser it takes 21.3 million floating-point operations.

Every contestant is a process of its own for each core, with one thread each and pinned to it, or, where its name ends
in "threads", one process with as many threads as cores. All start from the same parameters, and agree after 50 steps.
What compiles does so before the clock starts. JAX takes part where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from validation.networks import NetworkSettings

OPERATIONS = 21.3e6
# What trains all networks at once takes fewer steps, so that a round takes as long for many as for few.
AT_ONCE = ("torch_vmap", "jax:vmap")
BATCHED_NETWORK_STEPS = 5120
AGREEMENT_STEPS = 50


class Contestant(NamedTuple):
    """A way to train: the name of the function that does, and whether one process gets all cores."""

    function: str
    threads: bool = False


CONTESTANTS = {
    "geneft": Contestant("geneft"),
    "plain loop": Contestant("plain_loop"),
    "plain loop, threads": Contestant("plain_loop", True),
    "vmap": Contestant("torch_vmap"),
    "vmap, threads": Contestant("torch_vmap", True),
    "JAX, 1 at a time": Contestant("jax:1"),
    "JAX, 2 at a time": Contestant("jax:2"),
    "JAX, vmap": Contestant("jax:vmap"),
    "JAX, 2 at a time, threads": Contestant("jax:2", True),
    "JAX, vmap, threads": Contestant("jax:vmap", True),
}


def network(seed: int, steps: int) -> NetworkSettings:
    return NetworkSettings(
        relation="modulo:3", fraction=0.75, seed=seed, steps=steps, eta_encoder=1e-3, eta_decoder=2e-3
    )


def geneft(networks: list[NetworkSettings], steps: int) -> np.ndarray:
    """Train by this package; the losses are measured after every step only where few steps ask for it."""
    from validation.training import train_chunk

    recorded = range(1, steps) if steps <= AGREEMENT_STEPS else []
    return train_chunk(networks, record_steps=recorded).train_loss_curve


def trainer(function: str) -> Callable[[list[NetworkSettings], int], np.ndarray]:
    if function == "geneft":
        return geneft
    import training_rivals

    if function.startswith("jax:"):
        return training_rivals.jax_form(function.removeprefix("jax:"))
    return getattr(training_rivals, function)


def peak() -> float:
    """Return the rate of a large float32 matrix product in torch, operations a second; the best of 10."""
    import torch

    size = 2048
    left, right, out = torch.randn(size, size), torch.randn(size, size), torch.empty(size, size)
    best = 0.0
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(left, right, out=out)
        best = max(best, 2 * size**3 / (time.perf_counter() - start))
    return best


def work(cores: list[int], requests: Any, answers: Any) -> None:
    """Answer requests (what, function, networks, steps) with a rate or with losses, until there is none."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    import torch

    torch.set_num_threads(len(cores))
    while (request := requests.get()) is not None:
        what, function, count, steps = request
        if what == "peak":
            answers.put(peak())
            continue
        networks = [network(seed, steps) for seed in range(count)]
        run = trainer(function)
        if what == "losses":
            answers.put(run(networks, steps))
            continue
        if what == "warm":
            run(networks, steps)
            answers.put(None)
            continue
        start = time.perf_counter()
        run(networks, steps)
        answers.put(count * steps / (time.perf_counter() - start))


class Team:
    """Processes that train side by side."""

    def __init__(self, groups: list[list[int]]) -> None:
        context = multiprocessing.get_context("spawn")
        self._requests = [context.Queue() for _ in groups]
        self._answers = [context.Queue() for _ in groups]
        for cores, requests, answers in zip(groups, self._requests, self._answers, strict=True):
            # Read by the libraries when they are imported.
            threads = str(len(cores))
            os.environ |= {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
            os.environ["XLA_FLAGS"] = "" if len(cores) > 1 else "--xla_cpu_multi_thread_eigen=false"
            context.Process(target=work, args=(cores, requests, answers), daemon=True).start()

    def ask(self, *request: Any) -> list[Any]:
        """Return what each process answers."""
        for requests in self._requests:
            requests.put(request)
        return [answers.get() for answers in self._answers]

    def dismiss(self) -> None:
        """Let the processes end."""
        for requests in self._requests:
            requests.put(None)


def available(names: list[str]) -> list[str]:
    jax = importlib.util.find_spec("jax") is not None
    return [name for name in names if jax or not name.startswith("JAX")]


def compare(cores: int, counts: list[int], steps: int, rounds: int) -> None:
    own = sorted(os.sched_getaffinity(0))[:cores] if hasattr(os, "sched_getaffinity") else list(range(cores))
    names = available([name for name, way in CONTESTANTS.items() if cores > 1 or not way.threads])
    teams = {
        name: Team([own] if CONTESTANTS[name].threads or cores == 1 else [[core] for core in own]) for name in names
    }
    reference = teams["plain loop"].ask("losses", "plain_loop", 2, AGREEMENT_STEPS)[0]
    # A loop notes its loss before a step, this package after it.
    for name in names:
        losses = teams[name].ask("losses", CONTESTANTS[name].function, 2, AGREEMENT_STEPS)[0]
        shifted = (losses[:, :-1], reference[:, 1:]) if name == "geneft" else (losses, reference)
        difference = float(np.abs(shifted[0] / shifted[1] - 1).max())
        if difference > 1e-5:
            raise SystemExit(f"{name} differs from the plain loop by {difference:.1e} of the loss within 50 steps")
    peaks = [sum(teams["geneft"].ask("peak", "", 0, 0)) for _ in range(3)]
    print(f"\n{cores} core{'s' * (cores > 1)}: float32 matrix product {max(peaks) / 1e9:.0f} GFLOP/s; network-steps/s:")
    print(f"{'networks':>8}  {'':26} {'best':>7} {'median':>7}  geneft is faster by  share of the product's rate")
    for count in counts:
        _round_robin(teams, count, cores, steps, rounds, max(peaks))
    for team in teams.values():
        team.dismiss()


def _round_robin(
    teams: dict[str, Team], count: int, cores: int, steps: int, rounds: int, fastest_product: float
) -> None:
    rates: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        for name, team in teams.items():
            way = CONTESTANTS[name]
            processes = 1 if way.threads else cores
            share = max(1, count // processes)
            if way.function in AT_ONCE:
                own, taken = share, max(10, min(steps, BATCHED_NETWORK_STEPS // share))
            else:
                # They are trained one after the other, and the rate of a few is that of many.
                own, taken = min(share, 8), steps
            answers = team.ask("rate" if turn else "warm", way.function, own, taken)
            if turn:
                # One network keeps one core busy, whatever the number of cores.
                busy = 1 if count < processes else processes
                rates.setdefault(name, []).append(sum(answers) * busy / processes)
    for name, measured in rates.items():
        ratio = median(ours / theirs for ours, theirs in zip(rates["geneft"], measured, strict=True))
        share = max(measured) * OPERATIONS / fastest_product
        print(f"{count:8}  {name:26} {max(measured):7.0f} {median(measured):7.0f}  {ratio:19.2f}  {share:27.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Training rate beside a plain loop, vmap and JAX.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--networks", type=int, nargs="+", default=[1, 8, 64, 512])
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    for cores in options.cores:
        compare(cores, options.networks, options.steps, options.rounds)


if __name__ == "__main__":
    main()
