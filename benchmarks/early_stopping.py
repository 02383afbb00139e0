"""What an early end saves on the learning-rate diagram, and whether any network's phase changes.

    python benchmarks/early_stopping.py [--preset standard] [--seeds 2] [--every 2]

Every chunk of networks is trained to the end and again until its networks are learned, in turns.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

from validation.experiments.learning_rates import networks, options_from, record_steps
from validation.measure import phase_of
from validation.training import Outcomes, chunks, train


def labels(outcomes: Outcomes, delay: float) -> np.ndarray:
    steps = (outcomes.steps_to_train_threshold, outcomes.steps_to_test_threshold)
    return phase_of(*steps, delay, diverged=outcomes.diverged)


def main() -> None:
    parser = argparse.ArgumentParser(description="What an early end saves on the learning-rate diagram.")
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="train every so many networks of the list only")
    asked = parser.parse_args()
    options = options_from(asked.preset, seeds=asked.seeds)
    recorded = record_steps(options)
    seconds, steps, phases = Counter(), Counter(), Counter()
    changed = []
    for chunk in chunks(networks(options)[:: asked.every], chunk_size=16):
        seen = {}
        for until_learned in (False, True):
            start = time.perf_counter()
            outcomes = train(chunk.networks, record_steps=recorded, until_learned=until_learned)
            seconds[until_learned] += time.perf_counter() - start
            steps[until_learned] += int(outcomes.record_steps[:, -1].sum())
            seen[until_learned] = labels(outcomes, options.delay)
        phases.update(seen[False].tolist())
        changed += [
            s for s, to_end, early in zip(chunk.networks, seen[False], seen[True], strict=True) if to_end != early
        ]
    total = sum(phases.values())
    print(f"{total} networks of the {asked.preset} diagram: {dict(phases)}")
    print(f"network-steps: {steps[False] / 1e6:.2f} million to the end, {steps[True] / 1e6:.2f} million until learned")
    faster = seconds[False] / seconds[True]
    print(f"seconds: {seconds[False]:.0f} to the end, {seconds[True]:.0f} until learned: {faster:.2f} times faster")
    print(f"phases changed: {len(changed)} of {total}")
    for settings in changed:
        print("  ", settings.relation, settings.optimizer, settings.eta_encoder, settings.eta_decoder, settings.seed)


if __name__ == "__main__":
    main()
