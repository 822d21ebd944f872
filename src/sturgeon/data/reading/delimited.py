"""Comma-, semicolon- and tab-separated text: check its shape line by line, then let pandas read it.

Both go through the file a piece at a time, so that a large table is never in memory as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd

from sturgeon.data.reading.names import check_names
from sturgeon.data.reading.row_shape import SPELLED, Shape, check_shape
from sturgeon.data.reading.text_file import open_text
from sturgeon.data.reading.whole_column import WholeColumn, Words, read_spelled
from sturgeon.errors import DataError

CHUNK_CELLS = 2_000_000

# The same bits that Parquet would hold: pandas reads floats so by itself since 3.1, and warns of the option.
_PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
_EXACT_FLOATS: dict[str, Any] = {} if _PANDAS >= (3, 1) else {"float_precision": "round_trip"}
_CELLS: dict[str, Any] = {
    "skipinitialspace": True,
    "na_values": ["?"],
    "low_memory": False,  # a chunk's types from all of it
    **_EXACT_FLOATS,
}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def read_delimited(path: Path, *, chunk_rows: int | None = None) -> pd.DataFrame:
    r"""Read separated text, plain or gzipped.

    Args:
        path: The file; its ending says whether it is gzipped and whether it is TSV.
        chunk_rows: How many rows to read at a time, at least 1; it has no effect on the result.

    Returns:
        The table with stripped text cells; missing cells are NaN. Types are those of whole columns.

    Raises:
        DataError: The content is not such a table; the message has the line.
        OSError: The file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "t.csv")
        ...     _ = path.write_text("a;b\n1;x\n2;?\n")
        ...     read_delimited(path).shape
        (2, 2)
    """
    shape = check_shape(path)
    chunk_rows = chunk_rows or max(1000, CHUNK_CELLS // len(shape.header))
    check_names(list(shape.header), f"'{path}'")
    columns = {name: WholeColumn(shape.most_rows) for name in shape.header}
    for chunk in _chunks(path, shape, chunk_rows):
        for name, column in columns.items():
            column.add(cast(pd.Series, chunk[name]))
    spelled = _read_again(
        path, shape, chunk_rows, [name for name, column in columns.items() if column.disagrees]
    )
    found: dict[str, pd.Series] = {}
    for name in shape.header:
        column, clean = columns.pop(name), partial(_strip, name=name, delimiter=shape.delimiter, path=path)
        words = spelled.pop(name, None)
        found[name] = column.finish(clean) if words is None else read_spelled(words, clean, _CELLS)
    frame = pd.DataFrame(found, copy=False)
    if frame.empty:
        raise DataError(f"a table must have at least one row; '{path}' has a header only; add data")
    return frame


def _chunks(path: Path, shape: Shape, rows: int, **options: Any) -> Iterator[pd.DataFrame]:
    """Yield the table so many rows at a time, in order."""
    try:
        with open_text(path) as file:
            yield from pd.read_csv(
                file,
                sep=shape.delimiter,
                header=0,
                names=list(shape.header),
                index_col=False,
                chunksize=rows,
                encoding="utf-8",
                **_CELLS,
                **options,
            )
    except (pd.errors.ParserError, ValueError) as error:
        raise DataError(
            f"a table must be {SPELLED[shape.delimiter]}-separated text; '{path}' is not "
            f"({str(error).splitlines()[0]}); correct the file"
        ) from None


def _read_again(path: Path, shape: Shape, rows: int, names: list[str]) -> dict[str, Words]:
    """Read some columns as they are spelled."""
    words = {name: Words(shape.most_rows) for name in names}
    if names:
        for chunk in _chunks(path, shape, rows, usecols=names, dtype="str"):
            for name, column in words.items():
                column.add(cast(pd.Series, chunk[name]))
    return words


def _strip(values: list[Any], *, name: str, delimiter: str, path: Path) -> list[Any]:
    """Strip blanks at the ends of texts; one that is empty then, or a ``?``, is None."""
    stripped = [value.strip() if isinstance(value, str) else value for value in values]
    if delimiter != "," and any(isinstance(v, str) and _DECIMAL_COMMA.fullmatch(v) for v in stripped):
        _refuse_decimal_commas(stripped, name, path)
    return [None if isinstance(value, str) and value in ("", "?") else value for value in stripped]


def _refuse_decimal_commas(values: Sequence[object], name: str, path: Path) -> None:
    texts = [str(value) for value in values]
    if all(re.fullmatch(r"[+-]?\d+(,\d+)?", text) for text in texts):
        example = next(text for text in texts if "," in text)
        raise DataError(
            f"decimals must be written with a point; got '{example}' in column {name!r} of '{path}'; "
            "save it with decimal points"
        )
