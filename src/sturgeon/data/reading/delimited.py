"""Text separated by commas, semicolons, tabs or vertical bars: check its shape, then let pandas read it.

Both go through the file a piece at a time, so that a large table is never in memory as text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import pandas as pd

from sturgeon.data.reading.names import check_names, check_same_names
from sturgeon.data.reading.row_numbers import leave_out_row_numbers
from sturgeon.data.reading.row_shape import Shape, check_shape, spelled
from sturgeon.data.reading.rules import (
    MISSING_WORDS,
    CellRules,
    as_number,
    is_padded,
    mark_text,
    note_missing,
)
from sturgeon.data.reading.stray_words import find_stray
from sturgeon.data.reading.text_file import TextFile, open_text
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
    files: Path | TextFile | Sequence[TextFile],
    *,
    rules: CellRules | None = None,
    chunk_rows: int | None = None,
    called: str | None = None,
) -> pd.DataFrame:
    r"""Read separated text.

    Args:
        files: The file, or several with the same columns, whose rows follow each other.
        rules: How cells are read; None for the usual rules.
        chunk_rows: How many rows to read at a time, at least 1; it has no effect on the result.
        called: What to call several files in messages.

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
    if isinstance(files, Path):
        files = TextFile(files)
    files = [files] if isinstance(files, TextFile) else list(files)
    called = called or files[0].called
    shapes = [check_shape(file) for file in files]
    header = shapes[0].header
    for file, shape in zip(files, shapes, strict=True):
        check_names(list(shape.header), file.called)
        check_same_names(header, shape.header, files[0].called, file.called)
    rules = (rules or CellRules()).for_columns(header)
    source = _Source(tuple(zip(files, shapes, strict=True)), rules, chunk_rows)
    frame = _read(source, header)
    if frame.empty:
        raise DataError(f"a table must have at least one row; {called} has a header only; add data")
    frame = leave_out_row_numbers(
        frame, rules, called=called, unnamed=shapes[0].unnamed, parts=source.rows_of_parts
    )
    mark_text(frame)
    return frame


def _read(source: _Source, header: tuple[str, ...]) -> pd.DataFrame:
    rules = source.rules
    padded = _padded_columns(source, rules)
    as_text = _columns_of_text(source, rules) | padded | source.find_booleans()
    columns = {name: WholeColumn(source.most_rows) for name in header}
    for chunk in source.chunks(as_text, count=True):
        for name, column in columns.items():
            column.add(cast(pd.Series, chunk[name]))
    mixed = [name for name, column in columns.items() if column.disagrees]
    spelled_out = source.read_again(mixed, missing=True)
    again = [name for name, column in columns.items() if _may_hold_words(name, column, as_text, rules)]
    as_text |= set(again)
    unread = source.read_again(again, missing=False)
    found: dict[str, pd.Series] = {}
    taken: dict[str, dict[str, int]] = {}
    for name in header:
        column, words = columns.pop(name), spelled_out.pop(name, None)
        clean = _strip
        if name not in as_text:
            cells = words or column.words
            if cells is not None and (stray := find_stray(cells.different, rules, name)):
                found[name], taken[name] = (
                    read_spelled(cells, clean, source.with_words(stray)),
                    cells.count(stray),
                )
                continue
            found[name] = column.finish(clean) if words is None else read_spelled(words, clean, source.cells)
            if not (_are_booleans(found[name]) and rules.takes_text(name)):
                continue
            words = source.read_again([name], missing=False)[name]  # Booleans that begin late in the file
        cells = words or unread.pop(name, None) or column.words
        if cells is not None and (stray := find_stray(cells.different, rules, name)):
            stray |= rules.words_of(name)
            found[name], taken[name] = (
                read_spelled(cells, clean, source.with_words(stray)),
                cells.count(stray),
            )
            continue
        if (
            cells is not None
            and name in padded
            and (numbers := _fixed_width(cells, source, name)) is not None
        ):
            found[name] = numbers
            continue
        found[name], taken[name] = _finish_text(cells, column, clean, rules.words_of(name))
    taken |= _count_numbers(source, found)
    frame = pd.DataFrame(found, copy=False)
    for name, words in taken.items():
        note_missing(frame, name, words)
    return frame


def _count_numbers(source: _Source, found: dict[str, pd.Series]) -> dict[str, dict[str, int]]:
    """How often each number that the user says means missing stands in columns of numbers."""
    rules = source.rules
    if not rules.own or not rules.numbers_of(""):
        return {}
    names = [name for name, column in found.items() if column.dtype.kind == "f" and column.hasnans]
    counts: dict[str, dict[str, int]] = {}
    for name, words in source.read_again(names, missing=False).items():
        numbers = rules.numbers_of(name)
        spelled_so = [each for each in words.different if as_number(each.strip()) in numbers.values()]
        named = {number: word for word, number in numbers.items()}
        for each, count in words.count({spelling.strip() for spelling in spelled_so}).items():
            word = named[float(each)]
            counts.setdefault(name, {})[word] = counts.get(name, {}).get(word, 0) + count
    return counts


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


def _columns_of_text(source: _Source, rules: CellRules) -> frozenset[str]:
    """The columns that are text whatever they look like, none where all is read as it once was."""
    if not rules.as_spelled:
        return frozenset()
    if rules.all_as_text:
        return frozenset(source.shape.header)
    return rules.categorical.intersection(source.shape.header)


def _padded_columns(source: _Source, rules: CellRules) -> frozenset[str]:
    """The columns with leading zeros, which are read as text first."""
    if not rules.as_spelled:
        return frozenset()
    padded = frozenset(
        shape.header[place]
        for _, shape in source.parts
        for place in shape.padded
        if place < len(shape.header)
    )
    return padded - rules.numeric


def _fixed_width(cells: Words, source: _Source, name: str) -> pd.Series | None:
    """A column with leading zeros as numbers, where it has no code but decimals such as 061.29; else None."""
    rules = source.rules
    if not rules.alike or rules.all_as_text or name in rules.categorical:
        return None
    if any(map(is_padded, cells.different)) or (
        name == rules.target and any(as_number(cell) is None for cell in cells.different)
    ):
        return None
    numbers = read_spelled(cells, _strip, source.cells)
    return numbers if numbers.dtype.kind == "f" else None


def _may_hold_words(name: str, column: WholeColumn, as_text: frozenset[str], rules: CellRules) -> bool:
    """Whether a column lacks cells that may be words: labels, or words among texts."""
    if not rules.as_spelled or column.disagrees or name in as_text:
        return False
    if name == rules.target:
        return not rules.asked and column.any_missing
    return column.words is not None and column.words.any_missing


class _Source:
    """One file or several, and how they are read.

    Args:
        parts: The files and their shapes.
        rules: How cells are read.
        rows: How many rows to read at a time; None for what suits the columns.
    """

    def __init__(self, parts: tuple[tuple[TextFile, Shape], ...], rules: CellRules, rows: int | None) -> None:
        self.parts = parts
        self.shape = parts[0][1]
        self.rules = rules
        self.rows_of_parts: list[int] = []
        self._rows = rows or max(1000, CHUNK_CELLS // len(self.shape.header))

    @property
    def most_rows(self) -> int:
        """As many rows as there are, or a few more."""
        return sum(shape.most_rows for _, shape in self.parts)

    @property
    def cells(self) -> dict[str, Any]:
        """Options of :func:`pandas.read_csv` with which words are missing cells."""
        if not self.rules.own:
            return _CELLS
        return {**_CELLS, "na_values": ["", "?", *self.rules.missing], "keep_default_na": False}

    def with_words(self, stray: Collection[str]) -> dict[str, Any]:
        """The same options, with which some more words are missing cells."""
        return {**self.cells, "na_values": [*self.cells["na_values"], *stray]}

    def find_booleans(self) -> frozenset[str]:
        """The columns whose first rows pandas takes for Booleans, which would lose how they are spelled."""
        first = next(self.chunks(nrows=_FIRST_ROWS), pd.DataFrame())
        return frozenset(
            name
            for name in first.columns
            if self.rules.takes_text(name) and _are_booleans(cast(pd.Series, first[name]))
        )

    def chunks(
        self, as_text: Collection[str] = (), *, count: bool = False, **options: Any
    ) -> Iterator[pd.DataFrame]:
        """Yield the table so many rows at a time, in order; some columns as text, words and all.

        Args:
            as_text: Those columns.
            count: Whether to count the rows of each file.
            options: More options of :func:`pandas.read_csv`.
        """
        cells = self.cells
        if as_text:
            words = cells["na_values"] if self.rules.own else ["", *MISSING_WORDS]
            of_column = {name: [""] if name in as_text else words for name in self.shape.header}
            types = dict.fromkeys(as_text, "str")
            cells = {**cells, "na_values": of_column, "keep_default_na": False, "dtype": types}
        for file, shape in self.parts:
            rows = 0
            for chunk in self._chunks_of(file, shape, {**cells, **options}):
                rows += len(chunk)
                yield chunk
            if count:
                self.rows_of_parts.append(rows)

    def _chunks_of(self, file: TextFile, shape: Shape, options: dict[str, Any]) -> Iterator[pd.DataFrame]:
        names = list(shape.header)
        if shape.trailing:
            options = {"usecols": names, **options}
            names += ["\n" * end for end in range(1, shape.trailing + 1)]  # no column is called so
        try:
            with open_text(file, skip=shape.start) as text:
                yield from pd.read_csv(
                    text,
                    sep=shape.delimiter,
                    header=0,
                    names=names,
                    index_col=False,
                    chunksize=self._rows,
                    encoding="utf-8",
                    **options,
                )
        except (pd.errors.ParserError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"a table must be text separated by {spelled(shape.delimiter)}; {file.called} is not "
                f"({str(error).splitlines()[0]}); correct the file"
            ) from None

    def read_again(self, names: list[str], *, missing: bool) -> dict[str, Words]:
        """Read some columns as they are spelled; words that mean missing become missing cells, or stay."""
        gathered = {name: Words(self.most_rows) for name in names}
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
