"""Comma-, semicolon- and tab-separated text: check its shape line by line, then let pandas read it.

Both go through the file a piece at a time, so that a large table is never in memory as text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd

from sturgeon.data.reading.names import check_names
from sturgeon.data.reading.row_shape import SPELLED, Shape, check_shape
from sturgeon.data.reading.rules import MISSING_WORDS, CellRules, note_missing
from sturgeon.data.reading.text_file import open_text
from sturgeon.data.reading.whole_column import Clean, WholeColumn, Words, read_spelled
from sturgeon.errors import DataError

CHUNK_CELLS = 2_000_000
_FIRST_ROWS = 100

# The same bits that Parquet would hold: pandas reads floats so by itself since 3.1, and warns of the option.
_PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
_EXACT_FLOATS: dict[str, Any] = {} if _PANDAS >= (3, 1) else {"float_precision": "round_trip"}
_CELLS: dict[str, Any] = {
    "skipinitialspace": True,
    "na_values": ["?"],
    "low_memory": False,  # a chunk's types from all of it
    **_EXACT_FLOATS,
}


def read_delimited(
    path: Path, *, rules: CellRules | None = None, chunk_rows: int | None = None
) -> pd.DataFrame:
    r"""Read separated text, plain or gzipped.

    Args:
        path: The file; its ending says whether it is gzipped and whether it is TSV.
        rules: How cells are read; None for the usual rules.
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
    rules = (rules or CellRules()).for_columns(shape.header)
    chunk_rows = chunk_rows or max(1000, CHUNK_CELLS // len(shape.header))
    check_names(list(shape.header), f"'{path}'")
    source = _Source(path, shape, rules, chunk_rows)
    as_text = _columns_of_text(shape, rules) | source.find_booleans()
    columns = {name: WholeColumn(shape.most_rows) for name in shape.header}
    for chunk in source.chunks(as_text):
        for name, column in columns.items():
            column.add(cast(pd.Series, chunk[name]))
    mixed = [name for name, column in columns.items() if column.disagrees]
    spelled = source.read_again(mixed, missing=True)
    again = [name for name, column in columns.items() if _may_hold_words(name, column, as_text, rules)]
    as_text |= set(again)
    unread = source.read_again(again, missing=False)
    found: dict[str, pd.Series] = {}
    taken: dict[str, dict[str, int]] = {}
    for name in shape.header:
        column, words = columns.pop(name), spelled.pop(name, None)
        clean = _strip
        if name not in as_text:
            found[name] = column.finish(clean) if words is None else read_spelled(words, clean, source.cells)
            if not (_are_booleans(found[name]) and rules.takes_text(name)):
                continue
            words = source.read_again([name], missing=False)[name]  # Booleans that begin late in the file
        found[name], taken[name] = _finish_text(
            words or unread.pop(name, None) or column.words, column, clean, rules.words_of(name)
        )
    frame = pd.DataFrame(found, copy=False)
    if frame.empty:
        raise DataError(f"a table must have at least one row; '{path}' has a header only; add data")
    for name, words in taken.items():
        note_missing(frame, name, words)
    return frame


def _finish_text(
    cells: Words | None, column: WholeColumn, clean: Clean, words: frozenset[str]
) -> tuple[pd.Series, dict[str, int]]:
    """A column as it is spelled, and how often each word was taken as missing."""
    if cells is None:  # all are missing
        return column.finish(clean), {}
    values = cells.finish(partial(_take_as_missing, clean=clean, words=words))
    if {*cells.different} == {"True", "False"} and not cells.any_missing:
        values = values == "True"  # what they are to whoever wrote them so
    return values, cells.count(words)


def _are_booleans(values: pd.Series) -> bool:
    if values.dtype != object:
        return values.dtype == bool
    return pd.api.types.infer_dtype(values, skipna=True) == "boolean"


def _columns_of_text(shape: Shape, rules: CellRules) -> frozenset[str]:
    """The columns that are text whatever they look like, none where all is read as it once was."""
    if not rules.as_spelled:
        return frozenset()
    if rules.all_as_text:
        return frozenset(shape.header)
    padded = {shape.header[place] for place in shape.padded}.difference(rules.numeric)
    return frozenset(rules.categorical.intersection(shape.header) | padded)


def _may_hold_words(name: str, column: WholeColumn, as_text: frozenset[str], rules: CellRules) -> bool:
    """Whether a column lacks cells that may be words: labels, or words among texts."""
    if not rules.as_spelled or column.disagrees or name in as_text:
        return False
    if name == rules.target:
        return not rules.asked and column.any_missing
    return column.words is not None and column.words.any_missing


@dataclass(frozen=True)
class _Source:
    """A file and how it is read."""

    path: Path
    shape: Shape
    rules: CellRules
    rows: int

    @property
    def cells(self) -> dict[str, Any]:
        """Options of :func:`pandas.read_csv` with which words are missing cells."""
        if not self.rules.asked:
            return _CELLS
        return {**_CELLS, "na_values": ["", "?", *self.rules.missing], "keep_default_na": False}

    def find_booleans(self) -> frozenset[str]:
        """The columns whose first rows pandas takes for Booleans, which would lose how they are spelled."""
        first = next(self.chunks(nrows=_FIRST_ROWS), pd.DataFrame())
        return frozenset(
            name
            for name in first.columns
            if self.rules.takes_text(name) and _are_booleans(cast(pd.Series, first[name]))
        )

    def chunks(self, as_text: Collection[str] = (), **options: Any) -> Iterator[pd.DataFrame]:
        """Yield the table so many rows at a time, in order; some columns as text, words and all."""
        cells = self.cells
        if as_text:
            words = cells["na_values"] if self.rules.asked else ["", *MISSING_WORDS]
            of_column = {name: [""] if name in as_text else words for name in self.shape.header}
            types = dict.fromkeys(as_text, "str")
            cells = {**cells, "na_values": of_column, "keep_default_na": False, "dtype": types}
        try:
            with open_text(self.path) as file:
                yield from pd.read_csv(
                    file,
                    sep=self.shape.delimiter,
                    header=0,
                    names=list(self.shape.header),
                    index_col=False,
                    chunksize=self.rows,
                    encoding="utf-8",
                    **cells,
                    **options,
                )
        except (pd.errors.ParserError, ValueError) as error:
            raise DataError(
                f"a table must be {SPELLED[self.shape.delimiter]}-separated text; '{self.path}' is not "
                f"({str(error).splitlines()[0]}); correct the file"
            ) from None

    def read_again(self, names: list[str], *, missing: bool) -> dict[str, Words]:
        """Read some columns as they are spelled; words that mean missing become missing cells, or stay."""
        gathered = {name: Words(self.shape.most_rows) for name in names}
        if names:
            chunks = self.chunks(usecols=names, dtype="str") if missing else self.chunks(names, usecols=names)
            for chunk in chunks:
                for name, words in gathered.items():
                    words.add(cast(pd.Series, chunk[name]))
        return gathered


def _take_as_missing(values: list[Any], *, clean: Clean, words: frozenset[str]) -> list[Any]:
    """Clean texts; those that are words for missing are None."""
    return [None if value in words else value for value in clean(values)]


def _strip(values: list[Any]) -> list[Any]:
    """Strip blanks at the ends of texts; one that is empty then, or a ``?``, is None."""
    stripped = [value.strip() if isinstance(value, str) else value for value in values]
    return [None if isinstance(value, str) and value in ("", "?") else value for value in stripped]
