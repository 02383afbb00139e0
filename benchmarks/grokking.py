"""How many training sets a second a core `geneft_theory.grokking` decides, beside the plain way.

    OMP_NUM_THREADS=1 python benchmarks/grokking.py [--symbols 10] [--sets 40000] [--rounds 5]

Addition, training sets of the critical size, and the question whether lambda_3 > 0. "exact" draws them and finds the
nullity by integer elimination; "eigenvalues" draws them, forms G by classes and cuts its eigenvalues; "enumeration"
lists all parallelograms of one set after the other and takes NumPy's rank (with fewer sets). "orders" draws random
orders of all samples and finds where each forces the structure, so that one draw serves every size; "accuracy" draws
sets and finds their ideal accuracy. All take turns within each round, and all that decide the same sets must agree.
Time is that of the thread, so that the rate is one per core.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import combinations
from statistics import median

import numpy as np

from geneft_theory.grokking import TrainingSets, addition, critical_fraction, gram, ideal_accuracy, nullity

SLOW_SETS = 300


def enumerated_nullity(sets: TrainingSets) -> np.ndarray:
    """Return the nullities by listing parallelograms, one training set after the other."""
    p = sets.operation.p
    found = []
    for mask in sets.masks:
        by_label: dict[int, list[np.ndarray]] = {}
        for i, j in sets.operation.samples[mask]:
            row = np.zeros(p)
            row[i] += 1
            row[j] += 1
            by_label.setdefault(int(i + j), []).append(row)
        rows = [one - other for group in by_label.values() for one, other in combinations(group, 2)]
        found.append(p - np.linalg.matrix_rank(np.array(rows)) if rows else p)
    return np.array(found)


def eigenvalue_nullity(sets: TrainingSets) -> np.ndarray:
    """Return the nullities by a cut of the eigenvalues of G."""
    return (np.abs(np.linalg.eigvalsh(gram(sets).astype(float))) < 1e-8).sum(axis=1)


def timed(function: Callable[[], object]) -> tuple[float, object]:
    start = time.thread_time()
    result = function()
    return time.thread_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description="How many training sets a second a core are decided.")
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--sets", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    operation = addition(asked.symbols)
    found = critical_fraction(asked.symbols, draws=1000)
    size = round(found.value * found.samples)

    def draw(count: int, seed: int) -> TrainingSets:
        return TrainingSets.draw(operation, size, count, seed)

    rates: dict[str, list[float]] = {}
    for seed in range(asked.rounds):
        contestants: dict[str, tuple[int, Callable[[], object]]] = {
            "exact": (asked.sets, lambda seed=seed: nullity(draw(asked.sets, seed))),
            "eigenvalues": (asked.sets, lambda seed=seed: eigenvalue_nullity(draw(asked.sets, seed))),
            "enumeration": (SLOW_SETS, lambda seed=seed: enumerated_nullity(draw(SLOW_SETS, seed))),
            "orders": (asked.sets, lambda seed=seed: critical_fraction(asked.symbols, asked.sets, seed)),
            "accuracy": (asked.sets, lambda seed=seed: ideal_accuracy(draw(asked.sets, seed))),
        }
        results = {}
        for name, (count, contestant) in contestants.items():
            seconds, results[name] = timed(contestant)
            rates.setdefault(name, []).append(count / seconds)
        if not np.array_equal(results["exact"], results["eigenvalues"]):
            raise SystemExit("exact rank and eigenvalue cut differ")
        if not np.array_equal(nullity(draw(SLOW_SETS, seed)), results["enumeration"]):
            raise SystemExit("exact rank and enumeration differ")
    print(f"{asked.symbols} symbols, {size} of {found.samples} samples, training sets a second a core")
    for name, values in rates.items():
        print(f"{name:12s} best {max(values):10,.0f}   median {median(values):10,.0f}")


if __name__ == "__main__":
    main()
