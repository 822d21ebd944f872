"""The rows that a study was tuned on: found again, and told from new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data import prepare
from sturgeon.data.features.cells import category_key, distinct
from sturgeon.data.reading.sources import Table
from sturgeon.errors import DataError, InputError
from sturgeon.recheck.blocks import FEWEST_BLOCKS, FEWEST_ROWS
from sturgeon.recheck.rows.table_study import TableStudy, begun_rules_of

FEWEST = FEWEST_BLOCKS * FEWEST_ROWS
_BY_CHANCE, _TRIFLE = 2.0, 0.02
"""Rows count as old from so many times the share that chance gives, and so much more."""


def read_old_rows(old: TableStudy, given: Table | None, new: Table | None = None) -> pd.DataFrame | None:
    """The rows that the study was tuned on, where they can be had.

    A file that has grown since still begins with them; one that holds others by now has them no more.

    Args:
        old: The study.
        given: The old data, where the caller names it.
        new: The new data: where it lies in the same file, it is looked whether that is the old one still.

    Raises:
        DataError: What the caller named cannot be read.
    """
    if given is not None:
        return old.read(given, "the old data")[0]
    if old.data is None:
        return None
    try:
        frame = old.read(old.data, "the old data")[0]
    except InputError:
        return None
    count = _rows_in_file(old)
    if count is None or (len(frame) == count and not _is_file(new, old.data)):
        return frame
    if len(frame) < count or not was_begun_with(old, old.data, None if len(frame) == count else count):
        return None
    return frame.head(count)


def _rows_in_file(old: TableStudy) -> int | None:
    """How many rows the study's file had; None where an older study does not say."""
    rows = old.study.about.get("rows")
    if not isinstance(rows, dict):
        return None
    return sum(count for part, count in rows.items() if part != "test" or not old.options.get("test"))


def _is_file(table: Table | None, place: str) -> bool:
    if not isinstance(table, str | Path):
        return False
    given, known = Path(table), Path(place)
    return given.is_file() and known.is_file() and given.samefile(known)


def was_begun_with(old: TableStudy, table: Table, first: int | None = None) -> bool:
    """Whether a table, or its first so many rows, is what the study was begun with."""
    about = old.study.about
    options = {**old.options, **begun_rules_of(old.study), "folds": about.get("folds", 1)}
    try:
        if first is not None:
            table = old.read_whole(table).head(first)
            options |= dict.fromkeys(("encoding", "sheet", "sql"))
        dataset = prepare(table, old.target, seed=old.study.seed, **options)
    except (InputError, TypeError):
        return False
    return dataset.fingerprint == about.get("fingerprint")


@dataclass(frozen=True)
class Told:
    """Which new rows are old ones.

    Attributes:
        old: Whether a row is, shape n.
        bound: Up to which share that says nothing, since different rows are equal by chance.
    """

    old: np.ndarray
    bound: float

    @property
    def some(self) -> bool:
        """Whether there are more of them than chance gives."""
        return len(self.old) > 0 and float(self.old.mean()) > self.bound


def tell_old_rows(old: pd.DataFrame, new: pd.DataFrame, columns: Sequence[str]) -> Told:
    """Say which new rows are old ones, whatever their order: each old row accounts for one new row.

    Rows that have nothing to do with each other may be equal too, in a table of few categories. How often
    that is so, the old rows show that have a twin among themselves.

    Args:
        old: The old rows.
        new: The new rows.
        columns: By which columns rows are compared; both have them.

    Example:
        >>> old = pd.DataFrame({"length": [1.5, 2.5, 3.5]})
        >>> tell_old_rows(old, pd.DataFrame({"length": [3.5, 1.5, 1.5, 9.0]}), ["length"]).old.tolist()
        [True, True, False, False]
    """
    both = pd.concat([old[[*columns]], new[[*columns]]], ignore_index=True)
    places = number_rows(cast(pd.DataFrame, both))
    before, after = places[: len(old)], places[len(old) :]
    times = np.bincount(before, minlength=int(places.max()) + 1)
    nth = pd.Series(after).groupby(after).cumcount().to_numpy()
    found = nth < times[after]
    if len(new) == len(old) and found.all():
        return Told(found, 0.0)
    return Told(found, _BY_CHANCE * float((times[before] > 1).mean()) + _TRIFLE)


def number_rows(frame: pd.DataFrame) -> np.ndarray:
    """Give each row a number that only equal rows share, shape n."""
    places = np.zeros(len(frame), dtype=np.int64)
    for name in frame.columns:
        column = cast(pd.Series, frame[name])
        if column.dtype.kind in "iuf":
            codes = pd.factorize(column.to_numpy(dtype=np.float64))[0]
        else:
            numbers, values = distinct(column, "the data")
            keys: dict[str | None, int] = {}
            own = [keys.setdefault(category_key(value), len(keys)) for value in values]
            codes = np.array([*own, -1])[numbers]
        places = pd.factorize(places * (int(codes.max()) + 2) + codes + 1)[0]
    return places


@dataclass(frozen=True)
class SetAside:
    """New rows, once the old ones among them were set aside.

    Attributes:
        frame: The rows that networks may learn from.
        first: Where in it the rows begin that the study was not tuned on.
        notes: What was done, in words.
    """

    frame: pd.DataFrame
    first: int = 0
    notes: tuple[str, ...] = ()


def set_old_rows_aside(
    frame: pd.DataFrame, old: pd.DataFrame | None, source: str, *, in_time: bool
) -> SetAside:
    """Leave the old rows out of the new; in order of time, where they come first, networks learn from them.

    Args:
        frame: The new rows.
        old: The rows that the study was tuned on; None where they are not known.
        source: What to call the new rows.
        in_time: Whether they are in order of time.

    Raises:
        InputError: All are old, or too few are new.
    """
    columns = [] if old is None else [str(name) for name in frame.columns if name in old.columns]
    if old is None or not columns or frame.empty:
        return SetAside(frame)
    told = tell_old_rows(old, frame, columns)
    if not told.some:
        return SetAside(frame)
    if told.old.all():
        raise refuse(source)
    count, new = int(told.old.sum()), int((~told.old).sum())
    what = f"{count} of {len(frame)} rows are rows that the study was tuned on"
    if new < FEWEST:
        raise DataError(
            f"a recheck needs at least {FEWEST} new rows to say anything; {what} in {source}, and {new} are "
            f"new; {FEWEST - new} more would do"
        )
    if in_time:
        first = _first_new(told.old)
        later = told.old[first:]
        if len(later) and later.mean() <= told.bound and 2 * len(later) >= new:
            return SetAside(frame, first, (f"{what}: networks learn from them, and none is judged on them.",))
    left = cast(pd.DataFrame, frame[~told.old]).reset_index(drop=True)
    return SetAside(left, 0, (f"{what}; they were left out.",))


def _first_new(old: np.ndarray) -> int:
    """The place that best parts old rows, before it, from new ones, after it.

    Example:
        >>> _first_new(np.array([True, True, False, False, True, False]))
        2
    """
    right = np.concatenate([[0], np.cumsum(old)]) + np.concatenate([np.cumsum(~old[::-1])[::-1], [0]])
    return int(np.argmax(right))


def refuse(source: str) -> InputError:
    """The error for new data that is old."""
    return InputError(
        f"A recheck needs new data; {source} is data that the study was tuned on. Give the rows that came "
        "since."
    )
