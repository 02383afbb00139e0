"""How many trajectories a second `geneft_theory.numerics.integrate` computes, beside other ways to do it.

    export OMP_NUM_THREADS=1 XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    python benchmarks/ode.py [--members 100000 1000000] [--rounds 5] [--systems pair repon]

Two systems of two variables, Gaussian starts, unit rates, final states at t = 20, Dormand-Prince 5(4) in all cases,
relative tolerance 1e-6, absolute 1e-9. The rivals, each where it installs: the same method with the same step control
as a loop in C around SymPy's C code (gcc -O3 -march=native); diffrax under vmap, in chunks of 256 (of the sizes tried
the fastest), of 4096, and all members at once; JiTCODE and SciPy's solve_ivp in a loop. The slow ones get fewer
members. All take turns within each round. Time is that of the processor, summed over its threads, so that the rate is
one per core and what else the machine does matters less; a ratio is the median over rounds. Compilation is not counted,
but printed, a first call with ten members included.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import sympy
from ode_rivals import Equations, Solver, c_loop, diffrax_chunks, jitcode_loop, scipy_loop

from geneft_theory.numerics import Trajectories, compile_flow, integrate

END = 20.0
OURS = "geneft"
# Each with the largest number of members that it is given.
RIVALS: dict[str, tuple[Callable[..., Solver], int]] = {
    "C loop": (c_loop, 1_000_000),
    "diffrax 256": (partial(diffrax_chunks, chunk=256), 32_768),
    "diffrax 4096": (partial(diffrax_chunks, chunk=4096), 32_768),
    "diffrax all": (partial(diffrax_chunks, chunk=32_768), 32_768),
    "JiTCODE": (jitcode_loop, 5_000),
    "solve_ivp": (scipy_loop, 300),
}


@dataclass(frozen=True)
class System:
    """Equations of motion, their rates with values, what they conserve, and where known their solution at END."""

    equations: Equations
    rates: dict[sympy.Symbol, float]
    conserved: sympy.Expr
    solution: Callable[[np.ndarray], np.ndarray] | None = None


def pair_solution(initial: np.ndarray) -> np.ndarray:
    """Return the closed form at unit rates: u = c^2 obeys a logistic equation with K = a^2/2 - c^2."""
    a, c = initial
    k = a**2 / 2 - c**2
    decayed, lost = np.exp(-4 * np.abs(k) * END), -np.expm1(-4 * np.abs(k) * END)
    # The one of a^2/2 and c^2 that decays to zero; the other stays larger by |K|.
    decaying = np.where(k > 0, c**2, a**2 / 2)
    decaying = np.abs(k) * decaying * decayed / (np.abs(k) + decaying * lost)
    kept = decaying + np.abs(k)
    c_squared, half_a_squared = np.where(k > 0, (decaying, kept), (kept, decaying))
    return np.stack([np.sign(a) * np.sqrt(2 * half_a_squared), np.sign(c) * np.sqrt(c_squared)])


def systems() -> dict[str, System]:
    a, c, r, eta_a, eta_x = sympy.symbols("a c r eta_A eta_x", real=True)
    rates = {eta_a: 1.0, eta_x: 1.0}
    return {
        "pair": System(
            {a: -2 * eta_a * c**2 * a, c: -eta_x * a**2 * c}, rates, a**2 / (2 * eta_a) - c**2 / eta_x, pair_solution
        ),
        "repon": System(
            {r: -2 * eta_x * a * (a * r - 1), a: -eta_a * r * (a * r - 1)}, rates, eta_a * r**2 - 2 * eta_x * a**2
        ),
    }


def our_solver(system: System) -> Callable[[np.ndarray], Trajectories]:
    flow = compile_flow(system.equations)
    return lambda initial: integrate(flow, initial.T, END, system.rates)


def starts(members: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, members))


def contestants(system: System) -> dict[str, tuple[Callable[[np.ndarray], object], int]]:
    """Return each solver that works here with its largest ensemble, compiled and called once."""
    arguments = system.equations, list(system.rates), list(system.rates.values()), END
    found: dict[str, tuple[Callable[[np.ndarray], object], int]] = {}
    for name, (make, most) in {OURS: (lambda *_: our_solver(system), sys.maxsize), **RIVALS}.items():
        start = time.perf_counter()
        try:
            solver = make(*arguments)
        except (ImportError, FileNotFoundError) as error:
            print(f"  {name:12} skipped: {error}")
            continue
        solver(starts(10))
        print(f"  {name:12} ready after {time.perf_counter() - start:.2f} s")
        found[name] = solver, most
    return found


def compare(system: System, members: int, rounds: int) -> None:
    solvers = contestants(system)
    initial = starts(members)
    rates: dict[str, list[float]] = {name: [] for name in solvers}
    results = {}
    for _ in range(rounds):
        for name, (solver, most) in solvers.items():
            part = np.ascontiguousarray(initial[:, :most])
            start = time.process_time()
            results[name] = solver(part)
            rates[name].append(part.shape[1] / (time.process_time() - start))
    ours = results[OURS]
    results[OURS] = ours.final_states.T
    print(
        f"  {'':12} {'members':>8} {'best/s':>8} {'median/s':>8} {'geneft is':>10} {'max error':>10} {'max drift':>10}"
    )
    for name, measured in rates.items():
        ratio = median(own / other for own, other in zip(rates[OURS], measured, strict=True))
        final = results[name]
        part = initial[:, : final.shape[1]]
        print(
            f"  {name:12} {final.shape[1]:8} {max(measured):8.0f} {median(measured):8.0f} {ratio:9.2f}x "
            f"{error(system, part, final):10.1e} {drift(system, part, final):10.1e}"
        )
    print(f"  {ours.message}; {ours.steps.mean():.1f} steps and {ours.rejected_steps.mean():.2f} rejected on average")


def error(system: System, initial: np.ndarray, final: np.ndarray) -> float:
    """Return the largest error: of every member where a closed form is known, else of 50 against DOP853 at 1e-12."""
    if system.solution is not None:
        return float(np.max(np.abs(final - system.solution(initial))))
    reference = scipy_loop(system.equations, list(system.rates), list(system.rates.values()), END)
    return float(np.max(np.abs(final[:, :50] - reference(initial[:, :50], method="DOP853", scale=1e-6))))


def drift(system: System, initial: np.ndarray, final: np.ndarray) -> float:
    """Return by how much the conserved quantity of any member changes."""
    conserved = sympy.lambdify([*system.equations, *system.rates], system.conserved)
    return float(
        np.max(np.abs(conserved(*final, *system.rates.values()) - conserved(*initial, *system.rates.values())))
    )


def peak_memory(members: int) -> None:
    """Print the largest amount of memory that one integration holds, its result included."""
    solver = our_solver(systems()["pair"])
    initial = starts(members)
    solver(initial[:, :10])
    tracemalloc.start()
    solver(initial)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"\npair, {members} members: peak memory {peak / 2**20:.0f} MiB, {peak / members:.0f} bytes a member")


def main() -> None:
    parser = argparse.ArgumentParser(description="Integration rate of an ensemble beside other libraries.")
    parser.add_argument("--members", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--systems", nargs="+", choices=list(systems()), default=list(systems()))
    options = parser.parse_args()
    for name in options.systems:
        for members in options.members:
            print(f"\n{name}, {members} members, {options.rounds} rounds")
            compare(systems()[name], members, options.rounds)
    for members in options.members:
        peak_memory(members)


if __name__ == "__main__":
    main()
