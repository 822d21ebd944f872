"""Read a table from where it lies, in the form that it has; nothing that can run code.

Bad files are turned away with the file, the line and the remedy. A file is never silently
repaired: pandas would rename a second column of one name and shift ragged rows.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from sturgeon.data.reading.delimited import read_delimited
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.formats.arrow_files import read_feather, read_parquet
from sturgeon.data.reading.formats.contents import check_contents
from sturgeon.data.reading.formats.database import is_url, read_query
from sturgeon.data.reading.formats.json_records import read_json
from sturgeon.data.reading.formats.workbook import read_workbooks
from sturgeon.data.reading.place import STDIN, TEXTS, Place, find_place, unreadable
from sturgeon.data.reading.row_numbers import leave_out_row_numbers
from sturgeon.data.reading.rules import CellRules, cell_rules
from sturgeon.data.reading.text_file import TextFile
from sturgeon.errors import DataError, option


def read_table(
    path: str | Path,
    *,
    missing: Collection[str] | str | None = None,
    categorical: Collection[str] = (),
    encoding: str | None = None,
    sheet: str | int | None = None,
    sql: str | None = None,
    rules: CellRules | None = None,
    options: FileOptions | None = None,
) -> pd.DataFrame:
    r"""Read a table whose first line (or schema) names the columns.

    Text may be separated by commas, semicolons, tabs or vertical bars, and be compressed. Comment lines
    before the header that begin with ``#``, and a first column that only numbers the rows, are left out.
    Blanks around a cell are not part of it. A cell is missing when it is empty, ``?`` or a word for it
    (``NA``, ``NaN``, ``null``, ``None`` …), in every format; among numbers also ``-``, ``missing`` and the
    like. Cells are as they are spelled: a column in which one begins with a zero before a digit is text.

    Args:
        path: A file: .csv, .tsv, .txt, .jsonl, .ndjson or .json (all also .gz, .bz2, .xz, .zst), .parquet,
            .feather, .arrow, .xlsx, .xls or .ods. A pattern such as ``parts/*.csv`` of files with the same
            columns; a folder of Parquet files; ``-`` for standard input; with `sql`, a database's URL.
        missing: Words that mean a missing value, in place of the usual ones.
        categorical: Columns to read as text, such as long whole numbers that are names.
        encoding: Of text that is neither UTF-8 nor begins with a byte order mark.
        sheet: Of a workbook, by its name or its number, from 1.
        sql: A query of the database.
        rules: How cells are read, in place of `missing` and `categorical`.
        options: How the file is read, in place of `encoding`, `sheet` and `sql`.

    Returns:
        The table, at least one row, with rows numbered from 0 and columns of distinct names.

    Raises:
        DataError: The file is missing, empty, not a table, ragged, or of an unknown ending.
        MissingExtra: A package that its form needs is not installed.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "fish.csv")
        ...     _ = path.write_text("length, river\n1.5, Volga\n?, Danube\n")
        ...     read_table(path)["length"].isna().tolist()
        [False, True]
    """
    names = frozenset([categorical] if isinstance(categorical, str) else categorical)
    rules = rules or cell_rules(missing, categorical=names)
    options = options or FileOptions(encoding, sheet, sql)
    if is_url(str(path)) or options.sql is not None:
        return _read_database(str(path), options.sql, rules)
    with find_place(path) as place:
        if options.sheet is not None and place.form != "workbook":
            raise DataError(
                f"`{option('sheet')}` is for a workbook; got {options.sheet!r} for {place.called}; "
                "leave it out"
            )
        try:
            return _read(place, rules, options)
        except OSError as error:
            raise DataError(unreadable(place.files[0], error)) from None


def _read(place: Place, rules: CellRules, options: FileOptions) -> pd.DataFrame:
    if place.form not in TEXTS:
        for path in place.files:
            check_contents(path, place.form)
    name = place.called if len(place.files) == 1 else None
    texts = [TextFile(path, options.encoding, name) for path in place.files]
    match place.form:
        case "delimited":
            return read_delimited(texts, rules=rules, called=place.called)
        case "workbook":
            return read_workbooks(place.files, rules, called=place.called, sheet=options.sheet)
        case "json":
            frame = read_json(texts, rules, called=place.called)
        case "parquet":
            frame = read_parquet(place.files, rules, called=place.called, partition=place.partition)
        case _:
            frame = read_feather(place.files, rules, called=place.called)
    if frame.empty:
        raise DataError(f"a table must have at least one row and column; {place.called} has none; add data")
    return leave_out_row_numbers(frame, rules.for_columns(list(frame.columns)), called=place.called)


def _read_database(url: str, query: str | None, rules: CellRules) -> pd.DataFrame:
    from sturgeon.data.reading.formats.database import hide_password

    if query is None:
        raise DataError(
            f"a table of a database must be named by a query; got the URL '{hide_password(url)}' alone; give "
            f"`{option('sql', 'select …')}` too, or download a file"
        )
    if not is_url(url):
        what = "standard input" if url == STDIN else f"'{url}'"
        raise DataError(
            f"`{option('sql')}` is for a database's URL, such as sqlite:///fish.db; got {what}; leave it out"
        )
    return read_query(url, query, rules)
