"""A run's results for other programs: Parquet, netCDF or CSV, written whole or not at all, in bounded memory."""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneft_theory.errors import InvalidInput, require_choice, shown
from validation.sweeps.atomic import TEMPORARY_SUFFIX
from validation.sweeps.folder import LONGEST_PATH, RunFolder
from validation.sweeps.results import dataset_of, surveyed
from validation.sweeps.stored import consolidate
from validation.sweeps.tables import NETWORK, TableChunk, Tables, description

FORMATS = {"parquet": ".parquet", "netcdf": ".nc", "csv": ".csv"}
DATATYPES = {"boolean": "boolean", "integer": "integer", "number": "double", "text": "string"}


def export(
    folder: RunFolder | str | os.PathLike[str],
    format: str = "parquet",
    path: str | os.PathLike[str] | None = None,
    outcomes: Iterable[str] | None = None,
) -> tuple[Path, ...]:
    """Write the results of a run as a table that other programs read.

    ``parquet``
        One row a network: its settings, its outcomes, the phase as a word. Curves and embeddings are list columns,
        each network with the steps it recorded itself in the column `step`. Unit and meaning are in each column's
        metadata, question and versions in the file's. Needs pyarrow: ``pip install "geneft-theory[parquet]"``.
    ``csv``
        The same without lists. Outcomes with further axes go into files of their own beside it, in long form, one row
        an entry: `networks.step.csv` has the columns network, step and one for each curve. Units and meanings are in
        `networks.csv-metadata.json`, in the W3C's vocabulary for tabular data.
    ``netcdf``
        The dataset of `load` as netCDF-3 (`consolidate`).

    Parquet and CSV are written chunk by chunk, so that memory does not grow with the curves of the run; netCDF needs
    the memory of the dataset twice.

    Parameters
    ----------
    folder : RunFolder or path
        A run folder; the run need not be complete.
    format : {"parquet", "csv", "netcdf"}
        The format.
    path : path, optional
        The file to write, in a folder that exists; by default `networks` with the format's suffix in the run's
        `tables`. A file that is there is replaced.
    outcomes : iterable of str, optional
        The outcomes wanted; all by default.

    Returns
    -------
    tuple of Path
        The files written, the table of networks first.

    Raises
    ------
    InvalidInput
        When the folder is not a run's, holds no finished chunk, or a shard is damaged; there is no such outcome or
        format; the file cannot be written; or pyarrow is missing.

    Examples
    --------
    >>> import tempfile
    >>> from validation.sweeps import Question, Shard, write_shard
    >>> with tempfile.TemporaryDirectory() as place:
    ...     run = RunFolder.open(place, Question("squares", "quick", sweep_seed=0))
    ...     _ = write_shard(run.shards, Shard(({"x": 0.5}, {"x": 1.5}), {"square": np.array([0.25, 2.25])}))
    ...     files = export(run, "csv")
    ...     print([file.name for file in files])
    ...     print(files[0].read_text())
    ['networks.csv', 'networks.csv-metadata.json']
    network,x,square
    0,0.5,0.25
    1,1.5,2.25
    <BLANKLINE>
    """
    format = require_choice("format", format, FORMATS)
    run = folder if isinstance(folder, RunFolder) else RunFolder.existing(folder)
    file = Path(path) if path is not None else run.tables / f"networks{FORMATS[format]}"
    if format == "parquet":
        _require_pyarrow()
    found = surveyed(run)
    if format == "netcdf":
        consolidate(dataset_of(run, found, outcomes), file)
        return (file,)
    about, write = description(run.question, found), _write_parquet if format == "parquet" else _write_csv
    try:
        return write(file, Tables(found, outcomes), about)
    except OSError as trouble:
        place = shown(str(file), LONGEST_PATH)
        raise InvalidInput(f"path must be a file that can be written; {place}: {trouble.strerror or trouble}") from None


def _require_pyarrow() -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InvalidInput(
            'format must be one that is installed; parquet needs pip install "geneft-theory[parquet]", csv and netcdf '
            "need nothing"
        ) from None


def _write_parquet(file: Path, tables: Tables, about: dict[str, Any]) -> tuple[Path, ...]:
    from validation.sweeps.parquet import write_parquet

    with _replaced([file]) as (temporary,):
        write_parquet(temporary, tables, about)
    return (file,)


def _write_csv(file: Path, tables: Tables, about: dict[str, Any]) -> tuple[Path, ...]:
    """Write the table of networks, one table for each set of further axes, and what all columns mean."""
    groups = tables.arrays
    stem = file.stem if file.suffix == ".csv" else file.name
    files = [file, *(file.with_name(f"{stem}.{'-'.join(axes)}.csv") for axes in groups)]
    metadata = file.with_name(file.name + "-metadata.json")
    main = [NETWORK, *tables.settings, *tables.scalars]
    headings = [main, *([NETWORK, *axes, *names] for axes, names in groups.items())]
    with _replaced([*files, metadata]) as temporaries, contextlib.ExitStack() as stack:
        opened = [stack.enter_context(path.open("w", encoding="utf-8", newline="")) for path in temporaries[:-1]]
        writers = [csv.writer(stream, lineterminator="\n") for stream in opened]
        for writer, names in zip(writers, headings, strict=True):
            writer.writerow(names)
        for chunk in tables.chunks():
            writers[0].writerows(zip(*_network_columns(chunk), strict=True))
            for writer, (axes, names) in zip(writers[1:], groups.items(), strict=True):
                writer.writerows(zip(*_long_columns(chunk, axes, names), strict=True))
        described = [_described(path.name, names, tables) for path, names in zip(files, headings, strict=True)]
        document = {"@context": "http://www.w3.org/ns/csvw", "tables": described, "dc:provenance": json.dumps(about)}
        temporaries[-1].write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    return (*files, metadata)


def _network_columns(chunk: TableChunk) -> list[list[str]]:
    tables = chunk.tables
    columns = [_texts(chunk.networks)]
    columns += [[_text(value) for value in chunk.setting(name)] for name in tables.settings]
    for name in tables.scalars:
        values = chunk.outcome(name)
        if values is None:
            columns.append([""] * len(columns[0]))
        elif tables.is_coded(name):
            columns.append([word or "" for word in tables.words(values)])
        else:
            columns.append(_texts(values))
    return columns


def _long_columns(chunk: TableChunk, axes: tuple[str, ...], names: list[str]) -> list[list[str]]:
    """Return the entries of outcomes that share their axes, one row an entry; none where the chunk has none."""
    blocks = {name: chunk.outcome(name) for name in names}
    shapes = [block.shape for block in blocks.values() if block is not None]
    if not shapes:
        return [[] for _ in (NETWORK, *axes, *names)]
    kept = chunk.kept(axes, shapes[0])
    columns = [_texts(values[kept]) for values in chunk.places(axes, shapes[0]).values()]
    count = int(kept.sum())
    return columns + [[""] * count if block is None else _texts(block[kept]) for block in blocks.values()]


def _texts(values: NDArray[Any]) -> list[str]:
    """Return numbers with as many digits as their type needs to be read back exactly."""
    if values.dtype.kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    texts: list[str] = values.astype(np.str_).tolist()
    return texts


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _described(name: str, columns: list[str], tables: Tables) -> dict[str, Any]:
    described = []
    for heading in map(tables.heading, columns):
        entry = {"name": heading.name, "datatype": DATATYPES[heading.kind], "dc:description": heading.description}
        described.append(entry | ({"schema:unitText": heading.units} if heading.units else {}))
    return {"url": name, "tableSchema": {"columns": described}}


@contextlib.contextmanager
def _replaced(files: list[Path]) -> Iterator[list[Path]]:
    """Yield names to write to, in the folders of `files`; they take their places when the block has succeeded."""
    for file in files:
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, "Is a directory", str(file))
    mark = f"{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    temporaries = [file.with_name(f"{file.name}.{mark}") for file in files]
    try:
        yield temporaries
        for temporary in temporaries:
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
        # The table of networks last: where it stands, the others do.
        for temporary, file in reversed(list(zip(temporaries, files, strict=True))):
            temporary.replace(file)
    finally:
        for temporary in temporaries:
            with contextlib.suppress(OSError):
                temporary.unlink()
