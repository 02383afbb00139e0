"""The other ways to integrate an ensemble that `ode.py` times.

Each is made from (equations, rates, values, end): equations of motion, the symbols that are rates, their values, the
last time. It takes initial states, shape (variables, members), and returns the final ones. One that is not installed
raises ImportError, one whose tools are missing FileNotFoundError.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sympy

from geneft_theory.numerics.dormand_prince import ERROR, STAGES

Equations = dict[sympy.Symbol, sympy.Expr]
Solver = Callable[[np.ndarray], np.ndarray]

RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-6, 1e-9

C_SOURCE = """
#include <math.h>
static inline void velocity(const double *restrict y, const double *restrict p, double *restrict f) {{
{velocity}
}}
void integrate(long members, const double *rates, const double *initial, double end, double rtol, double atol,
               double *final, long *attempts) {{
    for (long m = 0; m < members; m++) {{
        double y[{n}], k[7][{n}], z[{n}], t = 0, h, p[{np}];
        for (int i = 0; i < {np}; i++) p[i] = rates[i];
        for (int i = 0; i < {n}; i++) y[i] = initial[i * members + m];
        velocity(y, p, k[0]);
        double size = 0, speed = 0, change = 0;
        for (int i = 0; i < {n}; i++) {{
            double scale = atol + rtol * fabs(y[i]);
            size = fmax(size, fabs(y[i] / scale));
            speed = fmax(speed, fabs(k[0][i] / scale));
        }}
        h = fmin(0.01 * fmax(size, 1) / speed, end);
        for (int i = 0; i < {n}; i++) z[i] = y[i] + h * k[0][i];
        velocity(z, p, k[1]);
        for (int i = 0; i < {n}; i++) change = fmax(change, fabs(k[1][i] - k[0][i]) / (atol + rtol * fabs(y[i])) / h);
        h = fmin(fmin(h * pow(0.01 / (speed * h * pow(change * h / speed, 4)), 0.2), 100 * h), end);
        while (t < end) {{
            int last = h >= end - t;
            if (last) h = end - t;
{stages}
            double error = 0;
            for (int i = 0; i < {n}; i++)
                error = fmax(error, fabs(h * ({error})) / (atol + rtol * fmax(fabs(y[i]), fabs(z[i]))));
            attempts[0]++;
            if (error <= 1) {{
                t = last ? end : t + h;
                for (int i = 0; i < {n}; i++) {{ y[i] = z[i]; k[0][i] = k[6][i]; }}
            }}
            h *= fmin(10, fmax(0.2, 0.85 * pow(error, -0.2)));
        }}
        for (int i = 0; i < {n}; i++) final[i * members + m] = y[i];
    }}
}}
"""


def c_loop(equations: Equations, rates: list[sympy.Symbol], values: list[float], end: float) -> Solver:
    """Return the same method as ours, written in C by hand around SymPy's C code, compiled by gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise FileNotFoundError("gcc is not installed")
    named = {symbol: sympy.Symbol(f"y[{index}]") for index, symbol in enumerate(equations)}
    named |= {symbol: sympy.Symbol(f"p[{index}]") for index, symbol in enumerate(rates)}
    shared, velocities = sympy.cse([velocity.xreplace(named) for velocity in equations.values()])
    lines = [f"    double {symbol} = {sympy.ccode(value)};" for symbol, value in shared]
    lines += [f"    f[{index}] = {sympy.ccode(value)};" for index, value in enumerate(velocities)]

    def weighted(row: tuple) -> str:
        return " + ".join(f"({w.numerator}.0/{w.denominator}.0)*k[{j}][i]" for j, w in enumerate(row) if w)

    stages = "\n".join(
        f"            for (int i = 0; i < {len(equations)}; i++) z[i] = y[i] + h * ({weighted(row)});\n"
        f"            velocity(z, p, k[{stage}]);"
        for stage, row in enumerate(STAGES, start=1)
    )
    source = C_SOURCE.format(
        velocity="\n".join(lines), n=len(equations), np=len(rates), stages=stages, error=weighted(ERROR)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "loop.c"
        path.write_text(source)
        library = path.with_suffix(".so")
        command = [compiler, "-O3", "-march=native", "-shared", "-fPIC", path, "-o", library, "-lm"]
        subprocess.run(command, check=True)
        function = ctypes.CDLL(str(library)).integrate
    array = np.ctypeslib.ndpointer(np.float64, flags="C_CONTIGUOUS")
    number, whole = ctypes.c_double, ctypes.c_long
    function.argtypes = [whole, array, array, number, number, number, array, ctypes.POINTER(whole)]
    function.restype = None

    def run(initial: np.ndarray) -> np.ndarray:
        final, attempts = np.empty_like(initial), whole(0)
        numbers = np.array(values, dtype=np.float64), initial, end, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE, final
        function(initial.shape[1], *numbers, ctypes.byref(attempts))
        return final

    return run


def diffrax_chunks(
    equations: Equations, rates: list[sympy.Symbol], values: list[float], end: float, chunk: int
) -> Solver:
    """Return diffrax's Dopri5 under vmap, in chunks: each lasts as long as its slowest member."""
    import diffrax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    velocity = sympy.lambdify([*equations, *rates], tuple(equations.values()), modules="jax", cse=True)
    term = diffrax.ODETerm(lambda time, state, rates: jnp.stack(velocity(*state, *rates)))
    controller = diffrax.PIDController(rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)

    def one(initial: jax.Array) -> jax.Array:
        solution = diffrax.diffeqsolve(
            term,
            diffrax.Dopri5(),
            0.0,
            end,
            None,
            initial,
            args=tuple(values),
            stepsize_controller=controller,
            max_steps=4096,
        )
        return solution.ys[-1]

    many = jax.jit(jax.vmap(one, in_axes=1, out_axes=1))

    def run(initial: np.ndarray) -> np.ndarray:
        members = initial.shape[1]
        padded = np.pad(initial, ((0, 0), (0, -members % chunk)), mode="edge")
        chunks = [many(padded[:, at : at + chunk]) for at in range(0, members, chunk)]
        return np.concatenate([np.asarray(part) for part in chunks], axis=1)[:, :members]

    return run


def jitcode_loop(equations: Equations, rates: list[sympy.Symbol], values: list[float], end: float) -> Solver:
    """Return JiTCODE's compiled velocities under SciPy's dopri5, one member after the other."""
    from jitcode import jitcode, y

    velocity = sympy.lambdify([*equations, *rates], tuple(equations.values()), modules=[{}])
    stepper = jitcode(list(velocity(*(y(index) for index in range(len(equations))), *values)), verbose=False)
    # It compiles by setuptools, which would read the pyproject.toml of the folder we are in, and turns logging on.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        stepper.compile_C()
    logging.getLogger().setLevel(logging.WARNING)
    stepper.set_integrator("dopri5", rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE, nsteps=10_000)

    def run(initial: np.ndarray) -> np.ndarray:
        final = np.empty_like(initial)
        for member, state in enumerate(initial.T):
            stepper.set_initial_value(state, 0.0)
            final[:, member] = stepper.integrate(end)
        return final

    return run


def scipy_loop(equations: Equations, rates: list[sympy.Symbol], values: list[float], end: float) -> Solver:
    """Return SciPy's solve_ivp with RK45, one member after the other, on plain Python numbers."""
    from scipy.integrate import solve_ivp

    velocity = sympy.lambdify([*equations, *rates], tuple(equations.values()), modules="math", cse=True)

    def run(initial: np.ndarray, method: str = "RK45", scale: float = 1.0) -> np.ndarray:
        tolerances = {"rtol": scale * RELATIVE_TOLERANCE, "atol": scale * ABSOLUTE_TOLERANCE}
        return np.stack(
            [
                solve_ivp(lambda time, y: velocity(*y, *values), (0, end), state, method=method, **tolerances).y[:, -1]
                for state in initial.T
            ],
            axis=1,
        )

    return run
