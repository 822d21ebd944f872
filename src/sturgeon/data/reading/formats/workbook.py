"""A sheet of a workbook: Excel's and OpenDocument's, through python-calamine, which runs no macro."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from sturgeon.data.reading.formats.columns import join_columns, make_column, make_frame
from sturgeon.data.reading.names import check_names, check_same_names, listed
from sturgeon.data.reading.row_numbers import UNNAMED, leave_out_row_numbers
from sturgeon.data.reading.rules import CellRules, note
from sturgeon.errors import DataError, MissingExtra, option

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def read_workbooks(
    files: Sequence[Path], rules: CellRules, *, called: str, sheet: str | int | None = None
) -> pd.DataFrame:
    """Read a sheet, the same of each workbook where there are several.

    The first row with cells names the columns; a title above it, alone in its row, and empty rows are passed
    over. A cell's value is taken, not its formula or its format; one with an error is missing.

    Args:
        files: One, or several with the same columns.
        rules: How cells are read.
        called: What to call them in messages.
        sheet: The sheet's name or number, from 1; None for the first.

    Returns:
        The table, rows numbered from 0.

    Raises:
        DataError: A file is no workbook, it lacks the sheet, or the sheet holds no table.
        MissingExtra: python-calamine is not installed.
    """
    read = [_read_sheet(path, sheet) for path in files]
    first, told = read[0]
    for (table, _), path in zip(read, files, strict=True):
        check_same_names(list(first), list(table), f"'{files[0]}'", f"'{path}'")
    parts = [len(next(iter(table.values()))) for table, _ in read]
    unnamed = "" in first
    names = [name or UNNAMED for name in first]
    columns = (
        (name, join_columns([make_column(table[key]) for table, _ in read]))
        for name, key in zip(names, first, strict=True)
    )
    rules = rules.for_columns(names)
    frame = make_frame(columns, rules)
    if told and rules.needed is None:
        note(frame, told)
    return leave_out_row_numbers(frame, rules, called=called, unnamed=unnamed, parts=parts)


def _read_sheet(path: Path, sheet: str | int | None) -> tuple[dict[str, list[Any]], str]:
    """The columns of a sheet, and what to tell of how it was chosen."""
    try:
        import python_calamine as calamine
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"python-calamine is needed to read the workbook '{path}' and is not installed; run: "
            'pip install "sturgeon[excel]".'
        ) from error
    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            name = _choose_sheet(book.sheet_names, sheet, path)
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
            told = (
                f"sheet {name!r} of {len(book.sheet_names)} is read; `{option('sheet')}` names another"
                if sheet is None and len(book.sheet_names) > 1
                else ""
            )
    except calamine.PasswordError:
        raise DataError(
            f"a workbook must be open to read; '{path}' has a password; save it without"
        ) from None
    except calamine.CalamineError as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"a {path.suffix} file must be a workbook; '{path}' is not ({reason}); save it again, or as CSV"
        ) from None
    return _columns_of(
        [row for row in rows if any(cell != "" for cell in row)], f"sheet {name!r} of '{path}'"
    ), told


def _choose_sheet(names: list[str], asked: str | int | None, path: Path) -> str:
    if not names:
        raise DataError(f"a workbook must have a sheet; '{path}' has none; save it again")
    if asked is None:
        return names[0]
    if isinstance(asked, str) and asked in names:
        return asked
    number = int(asked) if str(asked).isdecimal() else 0
    if 1 <= number <= len(names):
        return names[number - 1]
    raise DataError(
        f"`{option('sheet')}` must be a sheet of the workbook, by name or number from 1; got {asked!r}, "
        f"and '{path}' has {listed(names)}"
    )


def _columns_of(rows: list[list[Any]], called: str) -> dict[str, list[Any]]:
    if not rows:
        raise DataError(f"a table must have a header and rows; {called} is empty; name another sheet")
    width = max(len(row) for row in rows)
    filled = [sum(cell != "" for cell in row) for row in rows]
    top = next((place for place, cells in enumerate(filled) if cells > 1), 0)
    if top == len(rows) - 1:
        raise DataError(f"a table must have at least one row; {called} has a header only; add data")
    below = [row + [""] * (width - len(row)) for row in rows[top + 1 :]]
    names = [_name_of(cell) for cell in rows[top]] + [""] * (width - len(rows[top]))
    columns: dict[str, list[Any]] = {}
    for place, name in enumerate(names):
        cells = [row[place] for row in below]
        if not name and all(cell == "" for cell in cells):
            continue
        if name in columns or (not name and columns):
            check_names([*columns, name], called)
        columns[name] = _whole([None if cell == "" else cell for cell in cells])
    return columns


def _name_of(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def _whole(cells: list[Any]) -> list[Any]:
    """Whole numbers where a column has no other: a workbook does not tell them; dates of one type."""
    kinds = set(map(type, cells)) - {type(None)}
    if kinds == {float} and all(cell is None or (cell.is_integer() and abs(cell) < 2**53) for cell in cells):
        return [None if cell is None else int(cell) for cell in cells]
    if kinds == {datetime.date, datetime.datetime}:
        midnight = datetime.time()
        return [datetime.datetime.combine(c, midnight) if type(c) is datetime.date else c for c in cells]
    return cells
