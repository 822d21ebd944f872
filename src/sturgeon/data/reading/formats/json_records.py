"""JSON lines, and a JSON array of records: an object a row, its members the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from sturgeon.data.reading.formats.columns import join_columns, make_column, make_frame
from sturgeon.data.reading.names import check_names, check_same_names
from sturgeon.data.reading.rules import CellRules
from sturgeon.data.reading.text_file import JSON_ENDINGS, TextFile, read_lines
from sturgeon.errors import DataError

ENDINGS = JSON_ENDINGS
_BLOCK_ROWS = 20_000


def read_json(files: Sequence[TextFile], rules: CellRules, *, called: str) -> pd.DataFrame:
    r"""Read JSON lines or arrays of records; or what pandas writes otherwise, where that is beyond doubt.

    A member that a record lacks is missing there, and so is ``null``. A column of numbers and texts is text.

    Args:
        files: One, or several with the same columns.
        rules: How cells are read.
        called: What to call them in messages.

    Returns:
        The table, rows numbered from 0.

    Raises:
        DataError: A line is no JSON object; the message has the line.
        OSError: A file cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "t.jsonl")
        ...     _ = path.write_text('{"length": 1.5}\n{"length": null, "river": "Elbe"}\n')
        ...     read_json([TextFile(path)], CellRules(), called="'t.jsonl'").shape
        (2, 2)
    """
    tables = [_read_one(file) for file in files]
    for table, file in zip(tables, files, strict=True):
        check_names(list(table), file.called)
        check_same_names(list(tables[0]), list(table), files[0].called, file.called)
    names = list(tables[0])
    columns = ((name, join_columns([table.pop(name) for table in tables])) for name in names)
    return make_frame(columns, rules.for_columns(names))


def _read_one(file: TextFile) -> dict[str, pa.ChunkedArray]:
    parts: dict[str, list[pa.ChunkedArray]] = {}
    rows = 0
    for records in _blocks(_records(file)):
        names = dict.fromkeys(name for record in records for name in record)
        for name in names:
            if name not in parts:
                parts[name] = [pa.chunked_array([pa.nulls(rows)])] if rows else []
        for name, column in parts.items():
            cells = [record.get(name) for record in records]
            column.append(make_column(cells) if name in names else pa.chunked_array([pa.nulls(len(records))]))
        rows += len(records)
    return {name: join_columns(column) for name, column in parts.items()}


def _blocks(records: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    block: list[dict[str, Any]] = []
    for record in records:
        block.append(record)
        if len(block) == _BLOCK_ROWS:
            yield block
            block = []
    if block:
        yield block


def _records(file: TextFile) -> Iterator[dict[str, Any]]:
    """The records of a file: of an array where it begins with a bracket, else of its lines."""
    number, before = 0, b""
    for block in read_lines(file):
        if not number and not before.strip():
            if block.lstrip()[:1] == b"[" or file.path.name.lower().removesuffix(file.ending).endswith(
                ".json"
            ):
                before += block
                continue
        elif before:
            before += block
            continue
        for line in block.split(b"\n"):
            number += 1
            if line.strip():
                yield _record(line, number, file)
    if before:
        yield from _array(before, file)


def _array(text: bytes, file: TextFile) -> Iterator[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        if text.lstrip()[:1] == b"{":  # lines, though the file's name says otherwise
            for number, line in enumerate(text.split(b"\n"), start=1):
                if line.strip():
                    yield _record(line, number, file)
            return
        raise _no_record(file, str(error)) from None
    except RecursionError:
        raise _no_record(file, "it is nested too deeply") from None
    if isinstance(found, dict):
        found = _by_column(found, file)
    if isinstance(found, dict):
        lists = [each for each in found.values() if isinstance(each, list)]
        whole = [each for each in lists if each and all(isinstance(record, dict) for record in each)]
        found = whole[0] if len(whole) == 1 == len(lists) else [found]
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise _no_record(file, f"it holds {type(found).__name__} of other values")
    yield from found


def _by_column(found: dict[str, Any], file: TextFile) -> dict[str, Any] | list[dict[str, Any]]:
    """The records of a table that pandas wrote column by column, or names and rows apart; others as they are.

    Raises:
        DataError: It cannot be told whether its members are columns or rows.
    """
    names, rows = found.get("columns"), found.get("data")
    if set(found) - {"index"} == {"columns", "data"} and isinstance(names, list) and isinstance(rows, list):
        if any(isinstance(name, list) for name in names):
            raise _no_record(file, "its columns have names of several parts")
        if all(isinstance(row, list) and len(row) == len(names) for row in rows):
            names = [str(name) for name in names]
            check_names(names, file.called)
            return [dict(zip(names, row, strict=True)) for row in rows]
    columns = [each for each in found.values() if isinstance(each, dict)]
    if not columns or len(columns) < len(found) or any(list(each) != list(columns[0]) for each in columns):
        return found
    if not columns[0] or not all(map(str.isdecimal, columns[0])) or any(map(str.isdecimal, found)):
        raise _no_record(file, "it is an object of objects, its columns or its rows")
    return [{name: column[row] for name, column in found.items()} for row in columns[0]]


def _record(line: bytes, number: int, file: TextFile) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition(":")[0]
        raise _no_record(file, f"line {number}: {reason}") from None
    if not isinstance(found, dict):
        raise _no_record(file, f"line {number} holds {line[:20].decode(errors='replace')!r}")
    return found


def _no_record(file: TextFile, reason: str) -> DataError:
    return DataError(
        "a table in JSON must be an object on each line, or an array of objects; "
        f'{file.called} is not ({reason}); write it as {{"column": cell, …}} on each line (pandas: '
        "to_json(orient='records', lines=True))"
    )
