"""How the cells of a file are read: which are missing, and which columns stay as they are spelled."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from sturgeon.data.reading.names import find_name
from sturgeon.errors import DataError

MISSING_WORDS = (
    *("?", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>"),
    *("#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""What pandas takes as missing by itself, and the question mark of many public tables."""

STRAY_WORDS = (
    *("-", "--", "---", "–", "—", ".", "..", "...", "na", "Na", "n.a.", "N.A.", "n.a", "none", "NONE"),
    *(
        "nil",
        "Nil",
        "NIL",
        "#NULL!",
        "Null",
        "NAN",
        "missing",
        "Missing",
        "MISSING",
        "#DIV/0!",
        "#VALUE!",
        "#REF!",
        "#NUM!",
        "#NAME?",
        "(null)",
        "NaT",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "00/00/0000",
        "#NV",
        "#N/D",
    ),
)
"""What means missing among cells that are otherwise numbers, and is a category elsewhere."""

_PADDED = re.compile(r"\s*[+-]?0\d")
_PADDED_DECIMAL = re.compile(r"\s*[+-]?0\d+\.\d+([eE][+-]?\d+)?\s*")
_FOUND = "words taken as missing"
_NOTES = "how the table was taken"
_TEXT = "read from separated text"


@dataclass(frozen=True, slots=True)
class CellRules:
    """How a file's cells are read, the same in every format.

    Attributes:
        missing: Words that mean a missing value. An empty cell and ``?`` mean it always.
        asked: Whether the user gave these words; then they hold for labels too.
        target: The column of labels, if any, in which words are labels.
        categorical: Columns to read as text.
        numeric: Columns to read as numbers, leading zeros or not.
        known: By column, words that are categories and so not missing.
        all_as_text: Whether every column is read as text, so that a decimal comma is not lost.
        needed: The columns that a network needs, where rows are read for it; the others do not matter.
        tidied: Whether row numbers are left out, a Parquet file's named index is a column, and a word such as
            ``-`` among numbers means missing; False for a study that was begun before that.
        as_spelled: False reads as the first Sturgeon did, for what it left: text that spells numbers loses
            leading zeros, and words mean missing in separated text only.
        alike: False takes numbers of a fixed width with decimals, such as 061.29, as codes, as Sturgeon did.
    """

    missing: tuple[str, ...] = MISSING_WORDS
    asked: bool = False
    target: str | None = None
    categorical: frozenset[str] = frozenset()
    numeric: frozenset[str] = frozenset()
    known: Mapping[str, Collection[str]] = field(default_factory=dict)
    all_as_text: bool = False
    needed: frozenset[str] | None = None
    tidied: bool = True
    as_spelled: bool = True
    alike: bool = True

    @property
    def own(self) -> bool:
        """Whether the words are the user's, given now or when the network was tuned."""
        return self.asked or set(self.missing) != set(MISSING_WORDS)

    def words_of(self, column: str) -> frozenset[str]:
        """The words that mean missing in a column.

        Example:
            >>> rules = CellRules(("NA", "-"), target="y", known={"c": ["-"]})
            >>> sorted(rules.words_of("c")), sorted(rules.words_of("y"))
            (['NA'], [])
        """
        if column == self.target and not self.asked:
            return frozenset()
        return frozenset(self.missing).difference(self.known.get(column, ()))

    def numbers_of(self, column: str) -> dict[str, float]:
        """Those of :meth:`words_of` that are numbers, such as -999, in a column of numbers.

        Example:
            >>> CellRules(("-999", "NA"), asked=True).numbers_of("depth")
            {'-999': -999.0}
        """
        found = ((word, as_number(word)) for word in sorted(self.words_of(column)))
        return {word: number for word, number in found if number is not None}

    def stray_of(self, column: str) -> frozenset[str]:
        """The words that mean missing in a column whose other cells are numbers, beside :meth:`words_of`.

        Example:
            >>> "-" in CellRules().stray_of("a"), CellRules(target="y").stray_of("y")
            (True, frozenset())
        """
        if (
            not (self.tidied and self.as_spelled)
            or self.own
            or column == self.target
            or column in self.categorical
        ):
            return frozenset()
        return frozenset(STRAY_WORDS)

    def takes_text(self, column: str) -> bool:
        """Whether a column may stay as it is spelled."""
        return self.as_spelled and column not in self.numeric

    def for_columns(self, names: Sequence[str]) -> CellRules:
        """The same rules with columns named as a table names them; columns that it lacks are left out."""

        def found(given: Collection[str]) -> dict[str, str]:
            pairs = ((find_name(name, names), name) for name in given)
            return {name: asked for name, asked in pairs if name is not None}

        known = {name: self.known[asked] for name, asked in found(self.known).items()}
        return replace(
            self,
            target=None if self.target is None else find_name(self.target, names),
            categorical=frozenset(found(self.categorical)),
            numeric=frozenset(found(self.numeric)),
            known=known,
            needed=None if self.needed is None else frozenset(found(self.needed)),
        )


def cell_rules(missing: Collection[str] | str | None, **settings: object) -> CellRules:
    """Make rules of what the user says of missing words.

    Args:
        missing: The words, or one; None for the usual ones.
        settings: Other attributes of the rules.

    Raises:
        DataError: A word is not text.

    Example:
        >>> cell_rules("-").missing
        ('-',)
    """
    if missing is None:
        return CellRules(**settings)  # pyright: ignore[reportArgumentType]
    words = (missing,) if isinstance(missing, str) else tuple(missing)
    for word in words:
        if not isinstance(word, str):
            raise DataError(f"`missing` must be words; got {word!r}; write it as text")
    return CellRules(tuple(w.strip() for w in words if w.strip()), asked=True, **settings)  # pyright: ignore[reportArgumentType]


def as_number(word: str) -> float | None:
    """The number that a word is; None where it is none, or none that is finite."""
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def is_padded(cell: object, *, decimals: bool = False) -> bool:
    """Whether a cell is text that begins with a zero before another digit, which a number would lose.

    Args:
        cell: Any cell.
        decimals: Whether a number with decimals, such as 061.29, is one too. No code has decimals: such cells
            are numbers of a fixed width.

    Example:
        >>> [is_padded(cell) for cell in ("007", "-01", "0.5", "10", 7, "061.29")]
        [True, True, False, False, False, False]
    """
    if not isinstance(cell, str) or _PADDED.match(cell) is None:
        return False
    return decimals or _PADDED_DECIMAL.fullmatch(cell) is None


def note_missing(frame: pd.DataFrame, column: str, words: Mapping[str, int]) -> None:
    """Keep with a table which words of a column were taken as missing, and how often each.

    Example:
        >>> frame = pd.DataFrame({"river": [None, None]})
        >>> note_missing(frame, "river", {"None": 2})
        >>> describe_missing(frame, "river")
        "2 cells of column 'river' are taken as missing, as they say 'None'"
    """
    if words:
        frame.attrs[_FOUND] = {**frame.attrs.get(_FOUND, {}), column: dict(words)}


def describe_missing(frame: pd.DataFrame, column: str) -> str | None:
    """Say which words of a column were taken as missing; None where no word was."""
    words = frame.attrs.get(_FOUND, {}).get(column)
    if not words:
        return None
    listed = ", ".join(repr(word) for word in sorted(words))
    count = Counter(words).total()
    cells = "1 cell" if count == 1 else f"{count} cells"
    return (
        f"{cells} of column {column!r} {'is' if count == 1 else 'are'} taken as missing, "
        f"as {'it says' if count == 1 else 'they say'} {listed}"
    )


def mark_text(frame: pd.DataFrame) -> None:
    """Keep with a table that it was separated text, whose numbers may have lost how they were spelled."""
    frame.attrs[_TEXT] = True


def was_text(frame: pd.DataFrame) -> bool:
    """Whether a table was separated text, of whatever name and however compressed.

    Example:
        >>> frame = pd.DataFrame({"length": [1.5]})
        >>> mark_text(frame)
        >>> was_text(frame), was_text(pd.DataFrame())
        (True, False)
    """
    return bool(frame.attrs.get(_TEXT))


def note(frame: pd.DataFrame, line: str) -> None:
    """Keep with a table what whoever reads the results should know of how it was taken.

    Example:
        >>> frame = pd.DataFrame({"river": ["Elbe"]})
        >>> note(frame, "the first sheet is read")
        >>> notes_of(frame)
        ('the first sheet is read',)
    """
    frame.attrs[_NOTES] = (*frame.attrs.get(_NOTES, ()), line)


def notes_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """What :func:`note` kept with a table."""
    return frame.attrs.get(_NOTES, ())
