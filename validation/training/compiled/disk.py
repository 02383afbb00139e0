"""Compiled code that later processes find on the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.registry import cpu_target


def _digest(*folders: Path) -> str:
    """Return a digest of all that compiled code is made from: the folders' files, and the processor it is for."""
    files = sorted({file for folder in folders for file in folder.glob("*.py")})
    processor = repr(cpu_target.target_context.codegen().magic_tuple())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + processor.encode()).hexdigest()


def kept_on_disk(function: Callable[..., Any]) -> Any:
    """Return a compiled function, which later processes need not compile again.

    Numba looks for changes in the file of a function only, and machines that share a disk but not their kind of
    processor can take each other's code while both write. The digest in the name gives each its own file.
    """
    digest = _digest(Path(__file__).parent, Path(function.__code__.co_filename).parent)
    function.__qualname__ = f"{function.__name__}-{digest[:16]}"
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # No folder can be written: every process compiles for itself.
        return njit(nogil=True)(function)
