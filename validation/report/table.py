"""Datasets at the door and as plain tables: what a figure needs, and the data behind it as CSV."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geneft_theory.errors import InvalidInput, shown
from validation.sweeps.atomic import write_atomically

if TYPE_CHECKING:
    import xarray as xr


def require_variables(name: str, dataset: xr.Dataset, dimensions: Mapping[str, Sequence[str]]) -> None:
    """Refuse a dataset that lacks a variable, one of its dimensions, or that dimension's coordinate.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    dataset : xarray.Dataset
        What was given.
    dimensions : mapping of str to sequence of str
        Each variable that is needed, with the dimensions it must have.

    Raises
    ------
    InvalidInput
        When something is missing.

    Examples
    --------
    >>> import xarray
    >>> require_variables("measured", xarray.Dataset(), {"gap": ("relation", "mode")})
    Traceback (most recent call last):
        ...
    geneft_theory.errors.InvalidInput: measured must have a variable gap (relation, mode); got no such variable
    """
    for variable, needed in dimensions.items():
        wanted = f"{name} must have a variable {variable} ({', '.join(needed)})"
        if variable not in dataset.data_vars:
            raise InvalidInput(f"{wanted}; got no such variable")
        if set(dataset[variable].dims) != set(needed):
            raise InvalidInput(f"{wanted}; got dimensions {shown(tuple(dataset[variable].dims))}")
        missing = [dimension for dimension in needed if dimension not in dataset.coords]
        if missing:
            raise InvalidInput(f"{wanted}; got no coordinate {missing[0]}")


def csv_text(dataset: xr.Dataset) -> str:
    """Return a dataset as CSV: a column for each dimension and variable, a row for each combination that has data.

    Variables over different dimensions share the table; a cell that does not apply or holds nan is empty. Numbers are
    written in full precision. Scalar coordinates become constant columns.

    Parameters
    ----------
    dataset : xarray.Dataset
        Any; a dimension without coordinate is numbered from 0.

    Returns
    -------
    str
        With a header line.

    Examples
    --------
    >>> import xarray
    >>> print(csv_text(xarray.Dataset({"accuracy": ("fraction", [0.8, 0.9])}, {"fraction": [0.1, 0.2]})), end="")
    fraction,accuracy
    0.1,0.8
    0.2,0.9
    """
    constants = [str(name) for name, value in dataset.coords.items() if value.ndim == 0]
    dimensions = [str(dimension) for dimension in dataset.dims]
    variables = [str(variable) for variable in dataset.data_vars]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [*constants, *dimensions, *variables], restval="", lineterminator="\n")
    writer.writeheader()
    constant = {name: _cell(dataset[name].values) for name in constants}
    for row in _rows(dataset, dimensions, variables):
        writer.writerow(constant | row)
    return buffer.getvalue()


def write_csv(dataset: xr.Dataset, path: str | Path) -> None:
    """Write the table of `csv_text` to a file, which exists whole or not at all.

    Parameters
    ----------
    dataset : xarray.Dataset
        The data behind a figure, such as those of `accuracy_data`.
    path : str or Path
        The file; its folder must exist.

    Raises
    ------
    OSError
        When the folder does not exist or cannot be written.

    Examples
    --------
    >>> import tempfile, xarray
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "gap.csv"
    ...     write_csv(xarray.Dataset({"gap": 0.25}), file)
    ...     file.read_text()
    'gap\\n0.25\\n'
    """
    write_atomically(Path(path), csv_text(dataset).encode())


def _rows(dataset: xr.Dataset, dimensions: Sequence[str], variables: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of each group of variables that share their dimensions, without the rows that hold no data."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for variable in variables:
        own = tuple(dimension for dimension in dimensions if dimension in dataset[variable].dims)
        groups.setdefault(own, []).append(variable)
    for own, members in groups.items():
        axes = [[_cell(value) for value in dataset[dimension].values] for dimension in own]
        columns = [[_cell(value) for value in dataset[member].transpose(*own).values.ravel()] for member in members]
        for place, values in zip(itertools.product(*axes), zip(*columns, strict=True), strict=True):
            if any(values):
                yield dict(zip([*own, *members], [*place, *values], strict=True))


def _cell(value: Any) -> str:
    plain = np.asarray(value).item()
    if isinstance(plain, float):
        return "" if np.isnan(plain) else repr(plain)
    return str(plain)
