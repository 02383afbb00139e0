"""A run in one file with a checksum: small results that a page or a paper can be rebuilt from without training."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geneft_theory.errors import InvalidInput
from validation.sweeps.atomic import write_atomically
from validation.sweeps.folder import RunFolder
from validation.sweeps.identity import SCHEMA_VERSION
from validation.sweeps.results import load

if TYPE_CHECKING:
    import xarray

_DTYPE = "integer_type"


# scipy keeps a file's attributes beside its own, in the same object.
RESERVED = frozenset({"mode", "fp", "filename", "variables", "dimensions", "use_mmap", "version_byte"})


def consolidate(source: RunFolder | str | os.PathLike[str] | xarray.Dataset, path: str | os.PathLike[str]) -> str:
    """Write a run's results as one netCDF file.

    Parameters
    ----------
    source : RunFolder, path or xarray.Dataset
        A run folder, or a dataset made from `load` (a part of it, or its `grid`).
    path : path
        The file to write, whole or not at all; netCDF-3, which every netCDF reader knows. The same dataset gives the
        same bytes.

    Returns
    -------
    str
        The file's sha256, 64 hexadecimal digits, for `read_stored`.

    Raises
    ------
    InvalidInput
        When the source is no run folder or holds nothing, an attribute has a reserved name, or the file cannot be
        written.

    Examples
    --------
    >>> import tempfile, xarray
    >>> small = xarray.Dataset({"accuracy": ("network", [0.5, 1.0])}, attrs={"schema_version": 1})
    >>> with tempfile.TemporaryDirectory() as place:
    ...     checksum = consolidate(small, Path(place) / "small.nc")
    ...     read_stored(Path(place) / "small.nc", checksum).identical(small)
    True
    """
    import xarray

    dataset = source if isinstance(source, xarray.Dataset) else load(source)
    for name in RESERVED & {str(name) for name in dataset.attrs}:
        raise InvalidInput(
            f"source must have no attribute named {name}, which the file format's writer keeps to itself"
        )
    content = bytes(_with_narrow_integers(dataset).to_netcdf(engine="scipy", format="NETCDF3_64BIT"))
    try:
        write_atomically(Path(path), content)
    except OSError as trouble:
        raise InvalidInput(f"path must be a file that can be written; {path}: {trouble.strerror or trouble}") from None
    return hashlib.sha256(content).hexdigest()


def read_stored(path: str | os.PathLike[str], sha256: str) -> xarray.Dataset:
    """Read a file that `consolidate` wrote, if it is exactly the one expected.

    Parameters
    ----------
    path : path
        The netCDF file.
    sha256 : str
        The checksum that `consolidate` returned.

    Returns
    -------
    xarray.Dataset
        What was written, in memory, with its integers' types.

    Raises
    ------
    InvalidInput
        When the file cannot be read, has another checksum, or another schema version.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "small.nc"
    ...     _ = file.write_bytes(b"something else")
    ...     read_stored(file, "ab" * 32)
    Traceback (most recent call last):
        ...
    geneft_theory.errors.InvalidInput: sha256 must be that of small.nc, f41f3fa625ff...; got abababababab...
    """
    import xarray

    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as trouble:
        raise InvalidInput(f"path must be a readable file; {path}: {trouble.strerror or trouble}") from None
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise InvalidInput(f"sha256 must be that of {file.name}, {actual[:12]}...; got {str(sha256)[:12]}...")
    with xarray.open_dataset(io.BytesIO(content), engine="scipy") as stored:
        dataset = _with_own_types(stored.load())
    version = dataset.attrs.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InvalidInput(f"path must hold results of schema version {SCHEMA_VERSION}; {file.name} has {version}")
    return dataset


def _with_narrow_integers(dataset: xarray.Dataset) -> xarray.Dataset:
    """Return the dataset with every integer in a type that netCDF-3 has, its own type noted beside it."""
    narrow = dataset.copy()
    for name, variable in dataset.variables.items():
        if variable.dtype.kind in "iu" and variable.dtype != np.int32:
            fits = variable.size == 0 or (variable.min() >= -(2**31) and variable.max() < 2**31)
            # float64 is exact up to 2**53, and `load` lets no larger integer through.
            values = variable.astype(np.int32 if fits else np.float64)
            values.attrs = variable.attrs | {_DTYPE: variable.dtype.name}
            narrow[name] = values
    return narrow


def _with_own_types(dataset: xarray.Dataset) -> xarray.Dataset:
    wide = dataset.copy()
    wide.attrs = {name: value.item() if isinstance(value, np.generic) else value for name, value in wide.attrs.items()}
    for name, variable in dataset.variables.items():
        # Texts come back as Python objects.
        own = "U" if variable.dtype == object else variable.attrs.get(_DTYPE)
        if own is not None:
            values = variable.astype(own)
            values.attrs = {key: value for key, value in variable.attrs.items() if key != _DTYPE}
            wide[name] = values
    return wide
