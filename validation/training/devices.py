"""Where networks are trained."""

from __future__ import annotations

from functools import cache

from geneft_theory.errors import InvalidInput, shown


def require_device(device: str) -> str:
    """Return the name of a device that this machine has; "auto" is a GPU where there is one.

    Raises
    ------
    InvalidInput
        If it names none.

    Examples
    --------
    >>> require_device("cpu")
    'cpu'
    """
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        place = torch.zeros(1, device=device)
        place.cpu()
    except (RuntimeError, AssertionError, TypeError):
        raise InvalidInput(
            f"device must be auto, cpu, or a device that this machine has; got {shown(device)}"
        ) from None
    # "cpu:0" is the same processor, and trains by the same engine.
    return "cpu" if place.device.type == "cpu" else device


@cache
def can_compile() -> bool:
    """Return whether the processor multiplies and adds in one instruction, which the compiled engine rests on.

    All processors made for PCs since 2013 do. On others the batched engine trains, with numbers of its own.
    """
    import platform

    import llvmlite.binding as llvm

    if platform.machine().lower() not in ("x86_64", "amd64"):
        return True
    return bool(llvm.get_host_cpu_features().get("fma", False))
