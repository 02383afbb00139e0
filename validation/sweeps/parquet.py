"""The table of networks as Parquet, row group by row group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.sweeps.tables import TableChunk, Tables

# Either ends a row group: enough rows for readers to skip by, and a bound on the memory of the writer.
ROWS_OF_A_GROUP = 16_384
BYTES_OF_A_GROUP = 32 * 2**20


def write_parquet(file: Path, tables: Tables, about: dict[str, Any]) -> None:
    """Write all networks of a run into a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(tables, about)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        waiting: list[Any] = []
        rows = size = 0
        for chunk in tables.chunks():
            batch = pa.RecordBatch.from_arrays([_column(chunk, name, schema) for name in schema.names], schema=schema)
            waiting.append(batch)
            rows, size = rows + batch.num_rows, size + batch.nbytes
            if rows >= ROWS_OF_A_GROUP or size >= BYTES_OF_A_GROUP:
                writer.write_table(pa.Table.from_batches(waiting), row_group_size=rows)
                waiting, rows, size = [], 0, 0
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting), row_group_size=rows)


def _schema(tables: Tables, about: dict[str, Any]) -> Any:
    """Return the columns: settings, one number a network, the recorded axes, and the lists along them."""
    import pyarrow as pa

    kinds = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64(), "text": pa.string()}
    word = pa.dictionary(pa.int8(), pa.string())
    fields = [(name, kinds[kind]) for name, kind in tables.settings.items()]
    for name in (*tables.scalars, *tables.axes, *(name for names in tables.arrays.values() for name in names)):
        form = word if tables.is_coded(name) else pa.from_numpy_dtype(tables.found.layouts[name].dtype)
        for _ in tables.axes_of(name):
            form = pa.list_(form)
        fields.append((name, form))
    described = []
    for name, form in fields:
        heading = tables.heading(name)
        described.append(pa.field(name, form, metadata={"units": heading.units, "description": heading.description}))
    return pa.schema(described, metadata={"geneft": json.dumps(about)})


def _column(chunk: TableChunk, name: str, schema: Any) -> Any:
    import pyarrow as pa

    tables, form = chunk.tables, schema.field(name).type
    if name in tables.settings:
        return pa.array(chunk.setting(name), type=form)
    values = chunk.outcome(name)
    if values is None:
        return pa.nulls(chunk.part.rows.size, type=form)
    if tables.is_coded(name):
        return pa.array(tables.words(values), type=pa.string()).dictionary_encode().cast(form)
    return _lists(values, chunk.kept(tables.axes_of(name), values.shape), form)


def _lists(values: NDArray[Any], kept: NDArray[np.bool_], form: Any) -> Any:
    """Return an array as lists of lists, without the entries that repeat a record."""
    import pyarrow as pa

    dtype = form
    for _ in range(values.ndim - 1):
        dtype = dtype.value_type
    column = pa.array(values[kept], type=dtype)
    # From the innermost lists outwards: how many entries each has.
    for axis in range(values.ndim - 1, 0, -1):
        counts = kept.sum(axis)
        counts = counts[kept.any(axis)] if axis > 1 else counts
        kept = np.asarray(kept.any(axis))
        column = pa.ListArray.from_arrays(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32), column)
    return column
