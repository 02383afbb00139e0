"""What `geneft doctor` finds: versions, threads, the linear-algebra library, and the speed of this machine."""

from __future__ import annotations

import platform
import time
from importlib import metadata
from typing import Any

from validation.sweeps import available_cores

PACKAGES = ("geneft-theory", "numpy", "scipy", "sympy", "networkx", "torch", "numba", "xarray", "matplotlib")


def diagnose_machine(matrix_size: int = 1536, networks: int = 8, steps: int = 100) -> dict[str, Any]:
    """Return versions, threads, BLAS, matrix-product peak and training rate, by name.

    Parameters
    ----------
    matrix_size : int
        Size of the float32 matrices whose product is timed.
    networks, steps : int
        How many default networks are trained for how many steps to measure the rate.

    Returns
    -------
    dict
        Text and numbers; the peak in 10^9 floating-point operations a second, the rate in networks x steps a second.
        Both are the best of several tries, as this process has the machine now.

    Examples
    --------
    >>> findings = diagnose_machine(matrix_size=64, networks=1, steps=1)
    >>> findings["python"] == platform.python_version(), findings["matrix_product_peak_gflops"] > 0
    (True, True)
    """
    findings: dict[str, Any] = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    findings |= {package: _version(package) for package in PACKAGES}
    findings["processor_cores"] = available_cores()
    findings |= _numpy_blas()
    findings |= _torch_set_up()
    findings["matrix_product_peak_gflops"] = matrix_product_peak(matrix_size)
    findings["training_rate_network_steps_per_second"] = training_rate(networks, steps)
    return findings


def matrix_product_peak(size: int, tries: int = 5) -> float:
    """Return the best float32 rate of a square matrix product, in 10^9 operations a second."""
    import torch

    a, b = torch.ones(size, size), torch.ones(size, size)
    product = torch.empty(size, size)
    torch.mm(a, b, out=product)
    seconds = min(_seconds(lambda: torch.mm(a, b, out=product)) for _ in range(tries))
    return 2 * size**3 / seconds / 1e9


def training_rate(networks: int, steps: int, tries: int = 3) -> float:
    """Return the best rate at which default networks (675 of 900 pairs) train, in networks x steps a second."""
    from validation.networks import NetworkSettings
    from validation.training import train

    ensemble = [NetworkSettings(relation="modulo:3", fraction=0.75, seed=seed, steps=steps) for seed in range(networks)]
    train(ensemble)
    return networks * steps / min(_seconds(lambda: train(ensemble)) for _ in range(tries))


def _seconds(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _numpy_blas() -> dict[str, str]:
    import numpy as np

    built: Any = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {})
    return {"numpy_blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()}


def _torch_set_up() -> dict[str, Any]:
    import torch

    return {
        "torch_threads": torch.get_num_threads(),
        "torch_blas": "MKL" if "mkl" in torch.__config__.show().lower() else "other",
        "cuda_device": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
    }
