"""Parquet and Feather (Arrow's own format), a file or several, a column at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sturgeon.data.reading.formats.columns import Column, join_columns, make_frame
from sturgeon.data.reading.names import check_names, check_same_names
from sturgeon.data.reading.rules import CellRules, note
from sturgeon.errors import DataError

PARQUET = (".parquet", ".pq")
FEATHER = (".feather", ".arrow", ".ipc")
_UNNAMED_INDEX = "__index_level_"


def read_parquet(
    files: Sequence[Path], rules: CellRules, *, called: str, partition: Sequence[dict[str, str]] = ()
) -> pd.DataFrame:
    """Read Parquet files.

    Args:
        files: One, or several with the same columns, whose rows follow each other.
        rules: How cells are read.
        called: What to call them in messages.
        partition: For each file, columns that its folders' names give, such as ``year=2020``.

    Returns:
        The table, rows numbered from 0. A named index that pandas kept is a column; another is not.

    Raises:
        DataError: One is no Parquet file, or they have different columns.
        OSError: One cannot be read.
    """
    with ExitStack() as stack:
        # ParquetFile, not read_table: the latter turns a folder called a=b into a column.
        opened = [stack.enter_context(_open_parquet(path)) for path in files]
        schemas = [file.schema_arrow for file in opened]
        names = _check_schemas(schemas, files, called)
        index = _index_of(schemas[0], rules)
        kept = [name for name in names if name not in index]
        extra = sorted({name for part in partition for name in part}.difference(kept))

        def columns() -> Iterator[Column]:
            for name in kept:
                parts = [file.read(columns=[name], use_threads=False).column(0) for file in opened]
                yield name, parts[0] if len(parts) == 1 else join_columns(parts)
            for name in extra:
                rows = [file.metadata.num_rows for file in opened]
                cells = [[part.get(name)] * count for part, count in zip(partition, rows, strict=True)]
                yield name, pa.chunked_array([pa.array(each, pa.string()) for each in cells])

        try:
            frame = make_frame(columns(), rules.for_columns([*kept, *extra]))
        except pa.ArrowException as error:
            raise _not_of("Parquet", called, error) from None
    return _told_of_index(frame, index, rules)


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise _not_of("Parquet", f"'{path}'", error) from None


def read_feather(files: Sequence[Path], rules: CellRules, *, called: str) -> pd.DataFrame:
    """Read Feather files, which are Arrow's IPC files, or Arrow's streams.

    Args:
        files: One, or several with the same columns.
        rules: How cells are read.
        called: What to call them in messages.

    Raises:
        DataError: One is no such file, or they have different columns.
        OSError: One cannot be read.
    """
    with ExitStack() as stack:
        tables = [_read_ipc(stack.enter_context(pa.memory_map(str(path))), path) for path in files]
        names = _check_schemas([table.schema for table in tables], files, called)
        index = _index_of(tables[0].schema, rules)
        kept = [name for name in names if name not in index]
        columns = ((name, join_columns([table.column(name) for table in tables])) for name in kept)
        frame = make_frame(columns, rules.for_columns(kept))
    return _told_of_index(frame, index, rules)


def _read_ipc(mapped: pa.MemoryMappedFile, path: Path) -> pa.Table:
    try:
        start = mapped.read(6)
        mapped.seek(0)
        if start.startswith(b"FEA1"):
            raise pa.ArrowInvalid("it is of Feather's first version; write it again")
        opened = pa.ipc.open_file(mapped) if start == b"ARROW1" else pa.ipc.open_stream(mapped)
        return opened.read_all()
    except (pa.ArrowException, OSError) as error:
        raise _not_of("Feather", f"'{path}'", error) from None


def _check_schemas(schemas: Sequence[pa.Schema], files: Sequence[Path], called: str) -> list[str]:
    """Raise unless all have the same columns, each with a name of its own; give the names."""
    for schema, path in zip(schemas, files, strict=True):
        check_names([str(name) for name in schema.names], f"'{path}'")
        check_same_names(schemas[0].names, schema.names, f"'{files[0]}'", f"'{path}'")
    return [str(name) for name in schemas[0].names]


def _index_of(schema: pa.Schema, rules: CellRules) -> frozenset[str]:
    """The columns that are pandas' index: with a name they are columns, as whoever named them sees them."""
    described = schema.pandas_metadata or {}
    index = (name for name in described.get("index_columns", []) if isinstance(name, str))
    return frozenset(name for name in index if name.startswith(_UNNAMED_INDEX) or not rules.tidied)


def _told_of_index(frame: pd.DataFrame, index: frozenset[str], rules: CellRules) -> pd.DataFrame:
    if index and rules.tidied and rules.needed is None:
        note(frame, "pandas' index is left out, as it has no name")
    return frame


def _not_of(form: str, called: str, error: Exception) -> DataError:
    reason = str(error).splitlines()[0]
    return DataError(f"a {form} file must hold a {form} table; {called} does not ({reason}); write it again")
