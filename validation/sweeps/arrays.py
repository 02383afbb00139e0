"""Arrays of numbers as the bytes of one npz file, and back: safe to read even where a stranger wrote them.

Reading trusts nothing: no pickled objects, nothing compressed (so that a small file cannot become a large one), no
array larger than its bytes, no name twice. What is not exactly what `pack` writes is refused with a `ValueError`.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_FILE = 2**32
"""No chunk's results are larger; a file that is was not written by us."""

UNREADABLE: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError)
UNREADABLE += (AttributeError, zipfile.BadZipFile, zlib.error, struct.error)
"""What reading a damaged or foreign file can raise."""

_NUMBERS = "biuf"
_HEADER = re.compile(
    rb"\{'descr': '([<>|=][a-zA-Z]\d{0,4})', 'fortran_order': (False|True), 'shape': \(((?:\d{1,15},? ?)*)\), \} *\n"
)


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays of numbers or booleans as the bytes of an npz file.

    Examples
    --------
    >>> unpack(pack({"squares": np.array([1.0, 4.0])}))
    {'squares': array([1., 4.])}
    """
    for name, values in arrays.items():
        if values.dtype.kind not in _NUMBERS:
            raise ValueError(f"{name} must hold numbers or booleans; got dtype {values.dtype}")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays that `pack` was given, checking every checksum.

    Raises
    ------
    One of `UNREADABLE`
        When the bytes are not exactly what `pack` writes.
    """
    arrays: dict[str, NDArray[Any]] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > len(content):
            raise ValueError("it claims to hold more than its own size")
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
                raise ValueError(f"{name} is compressed")
            if name in arrays:
                raise ValueError(f"{name} is there twice")
            try:
                arrays[name] = _array(archive.read(entry))
            except zipfile.BadZipFile:
                raise ValueError(f"the checksum of {name} is wrong") from None
            except ValueError as trouble:
                raise ValueError(f"{name} {trouble}") from None
    return arrays


def read_regular(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """Return the bytes of a file, which must be a plain one: a link, a device or a pipe is not followed.

    Raises
    ------
    FileNotFoundError, OSError
        When there is none, or it cannot be opened.
    ValueError
        When it is no plain file, or larger than `largest`.
    """
    status = path.lstat()
    if not S_ISREG(status.st_mode):
        raise ValueError("it is no plain file")
    if status.st_size > largest:
        raise ValueError(f"its {status.st_size} bytes are more than any such file has")
    return path.read_bytes()


def _array(data: bytes) -> NDArray[Any]:
    """Return an array from the bytes of its npy file, whose header must be as NumPy writes it for plain numbers."""
    if data[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError("is no array of the first format")
    start = 10 + int.from_bytes(data[8:10], "little")
    header = _HEADER.fullmatch(data[10:start])
    if header is None:
        raise ValueError("is no array of plain numbers")
    described, fortran_order, axes = header[1].decode("ascii"), header[2] == b"True", header[3].decode("ascii")
    if described.endswith("O"):
        raise ValueError("holds pickled objects, which are never loaded")
    dtype = np.dtype(described)
    if dtype.kind not in _NUMBERS:
        raise ValueError(f"holds neither numbers nor booleans, but {described}")
    shape = tuple(int(length) for length in axes.replace(",", " ").split())
    if math.prod(shape) * dtype.itemsize != len(data) - start:
        raise ValueError(f"has {len(data) - start} bytes, which are not those of the shape {shape}")
    values = np.frombuffer(data, dtype, math.prod(shape), start)
    # A copy can be written to, and keeps its place in memory aligned.
    return values.reshape(shape, order="F" if fortran_order else "C").copy(order="K")
