"""From a table's columns to the network's inputs: fitted on training rows, then only applied.

What is stored is plain JSON, and there is one way to apply it, `Preprocessing.transform`: in training
and in prediction, on one machine and on another, the same table gives the same bits.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.features import stored
from sturgeon.data.features.aligned import empty_aligned
from sturgeon.data.features.blocks import encode_blocks
from sturgeon.data.features.columns import (
    Column,
    NumericColumn,
    fit_categorical,
    fit_numeric,
)
from sturgeon.data.features.kinds import are_many, find_kind
from sturgeon.data.features.pieces import Pieces
from sturgeon.data.features.pooled import fit_pooled
from sturgeon.data.features.recognition import Asked, find_written
from sturgeon.data.features.written import Form
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.names import listed, name_as, name_by_text, nearest
from sturgeon.data.reading.rules import MISSING_WORDS, CellRules
from sturgeon.data.reading.sources import as_frame
from sturgeon.data.reading.tables import read_table
from sturgeon.data.targets import ClassTarget, NumericTarget, Target
from sturgeon.data.task import Task
from sturgeon.errors import DataError


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What was learnt from the training rows about each column and the target.

    Attributes:
        columns: The input columns that are used, in the table's order.
        dropped: Columns left out because they are the same in every training row.
        target: The classes, or the mean, the standard deviation and the range.
        missing_words: Words that mean missing in a file; None for a network that was trained before files of
             every format were read by the same rules, and reads them as it did.
        unrepeated: Columns left out because their categories hardly ever repeat, such as names of rows.
        pieces: The ranges of numbers that are inputs of their own, after those of the columns; None for none.

    Example:
        >>> frame = pd.DataFrame({"length": [1.0, 3.0], "river": ["Elbe", "Volga"]})
        >>> fitted = fit_preprocessing(frame, ClassTarget("fish", ("no", "yes")))
        >>> fitted.feature_names
        ('length', 'river=Elbe', 'river=Volga')
        >>> fitted.transform(frame).tolist()
        [[-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]]
        >>> Preprocessing.from_json(fitted.to_json()) == fitted
        True
    """

    columns: tuple[Column, ...]
    dropped: tuple[str, ...]
    target: Target
    missing_words: tuple[str, ...] | None = None
    unrepeated: tuple[str, ...] = ()
    pieces: Pieces | None = None

    @property
    def task(self) -> Task:
        """What is predicted: "classification" or "regression"."""
        return "classification" if isinstance(self.target, ClassTarget) else "regression"

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the inputs, in order: those of the columns, then the pieces of numbers."""
        names = tuple(name for column in self.columns for name in column.feature_names)
        return names if self.pieces is None else (*names, *self.pieces.names(names))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Which inputs are numbers of columns themselves, not cycles of dates nor marks "is missing"."""
        places, place = [], 0
        for column in self.columns:
            if isinstance(column, NumericColumn) and column.value is not None:
                places.append(place)
            place += len(column.feature_names)
        return tuple(places)

    @property
    def outputs(self) -> int:
        """How many outputs the network has: one a class, or one number."""
        return len(self.target.labels) if isinstance(self.target, ClassTarget) else 1

    @property
    def bounds(self) -> bool:
        """Whether it knows the training rows' ranges, by which it keeps inputs and predictions plausible."""
        numbers = [c for c in self.columns if isinstance(c, NumericColumn) and c.value is not None]
        measured = [*numbers, self.target] if isinstance(self.target, NumericTarget) else numbers
        return all(each.seen is not None for each in measured)

    def transform(
        self, frame: pd.DataFrame, source: str = "the table", *, order: np.ndarray | None = None
    ) -> np.ndarray:
        """Turn rows into normalised inputs.

        Columns are found by name: their order is free, and others are ignored. A category that training
        never had is 0 in all features of its column before normalising; `count_unseen` counts them. A number
        beyond the training rows' range is compressed smoothly, to at most one σ beyond.

        Args:
            frame: n rows with at least the columns in `columns`.
            source: What to call the table in messages.
            order: Which row of the table comes first, second, …: a permutation of range(n), so that the rows
                of a part lie together without being copied. None keeps the table's order.

        Returns:
            float32, shape (n, features), C-contiguous, at an address that JAX takes without a copy, finite.

        Raises:
            DataError: A column is missing; a cell of a numeric column is text, infinite or too large.
        """
        frame = self.name_columns(frame, source)
        places = np.arange(len(frame))
        if order is not None:
            places[order] = np.arange(len(frame))
        inputs = empty_aligned((len(frame), len(self.feature_names)), np.float32)
        for start, block in encode_blocks(self.columns, frame, source):
            rows = places[start : start + len(block)]
            inputs[rows, : block.shape[1]] = block
            if self.pieces is not None:
                inputs[rows, block.shape[1] :] = self.pieces.encode(block)
        return inputs

    def read(
        self, path: str | Path, options: FileOptions | None = None, *, tidied: bool = True
    ) -> pd.DataFrame:
        """Read rows to predict as the training rows were read.

        Args:
            path: As for :func:`sturgeon.data.read_table`.
            options: How the file is read.
            tidied: As for :func:`sturgeon.data.prepare`.

        Returns:
            The table. Columns of categories are as they are spelled, and a word that is one is not missing.

        Raises:
            DataError: As :func:`sturgeon.data.read_table` does.
        """
        return read_table(path, rules=replace(self.cell_rules(), tidied=tidied), options=options)

    def cell_rules(self, *, asked: bool = False) -> CellRules:
        """How the cells of another file are read for this network.

        Args:
            asked: Whether words that mean missing hold for labels too.
        """
        if self.missing_words is None:
            return CellRules(as_spelled=False, needed=self._needed)
        categories = {c.name: c.categories for c in self.columns if not isinstance(c, NumericColumn)}
        numbers = [c for c in self.columns if isinstance(c, NumericColumn)]
        target = self.target if isinstance(self.target, NumericTarget) else None
        written = {each.name for each in (*numbers, *([target] if target else ())) if each.form is not None}
        return CellRules(
            self.missing_words,
            asked=asked,
            target=self.target.name,
            categorical=frozenset(categories) | written,
            numeric=frozenset(each.name for each in numbers) - written,
            known=categories,
            needed=self._needed,
        )

    @property
    def _needed(self) -> frozenset[str]:
        return frozenset((*(column.name for column in self.columns), self.target.name))

    def check_columns(self, frame: pd.DataFrame, source: str = "the table") -> None:
        """See that a table has every column that is needed.

        Raises:
            DataError: One is missing, or two have its name.
        """
        self.name_columns(frame, source)

    def name_columns(self, frame: pd.DataFrame, source: str = "the table") -> pd.DataFrame:
        """Name a table's columns as they were in training, where only the encoding of accents differs.

        Raises:
            DataError: One is missing, or two have its name.
        """
        needed = [column.name for column in self.columns]
        frame = name_as(name_by_text(as_frame(frame)), needed)
        _check_columns(needed, frame, source)
        return frame

    def count_unseen(self, frame: pd.DataFrame, source: str = "the table") -> dict[str, int]:
        """Count, by column, the cells of a kind that training never had: a new category, a missing value.

        Args:
            frame: Rows as for `transform`.
            source: What to call the table in messages.

        Returns:
            Column name to count, columns without any left out.

        Raises:
            DataError: As `transform` does.
        """
        frame = self.name_columns(frame, source)
        counts = {c.name: c.count_unseen(cast(pd.Series, frame[c.name]), source) for c in self.columns}
        return {name: count for name, count in counts.items() if count}

    def name_outside(self, frame: pd.DataFrame, source: str = "the table") -> list[tuple[str, ...]]:
        """Name, by row, the columns whose cell is outside what training had.

        That is a number beyond its range, a new category, or a missing value where training lacked none.

        Args:
            frame: n rows as for `transform`.
            source: What to call the table in messages.

        Returns:
            n times the names, in the order of `columns`; empty for a row like those of training.

        Raises:
            DataError: As `transform` does; or the ranges are not known, as this is of an older Sturgeon.
        """
        if not self.bounds:
            raise DataError(
                "rows are compared with the ranges that training rows had; this network was tuned before "
                "Sturgeon kept them; tune again in a new directory"
            )
        frame = self.name_columns(frame, source)
        found = {c.name: c.find_outside(cast(pd.Series, frame[c.name]), source) for c in self.columns}
        named: list[tuple[str, ...]] = [()] * len(frame)
        for row in np.flatnonzero(np.any([*found.values()], axis=0)):
            named[row] = tuple(name for name, outside in found.items() if outside[row])
        return named

    def encode_target(self, frame: pd.DataFrame, source: str = "the table") -> np.ndarray:
        """Turn the target column of labelled rows into what the network learns.

        Args:
            frame: n rows with the target column.
            source: What to call the table in messages.

        Returns:
            int32 class codes, or float32 in standard units; shape n.

        Raises:
            DataError: The column is missing; a row has no target, an unknown label, or text for a number.
        """
        frame = name_by_text(as_frame(frame))
        frame = name_as(frame, [self.target.name])
        _check_columns([self.target.name], frame, source)
        return self.target.encode(cast(pd.Series, frame[self.target.name]), source)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Turn class codes (integers, shape n) into the labels the table had, shape n.

        Raises:
            DataError: The task is regression.
        """
        if not isinstance(self.target, ClassTarget):
            raise DataError("`decode` needs classes; the task is regression; use `restore_target`")
        return self.target.decode(codes)

    def restore_target(self, standardised: np.ndarray) -> np.ndarray:
        """Turn standardised predictions, any shape, into the target's own unit, float64.

        Raises:
            DataError: The task is classification.
        """
        if not isinstance(self.target, NumericTarget):
            raise DataError(
                "`restore_target` needs a numeric target; the task is classification; use `decode`"
            )
        return self.target.restore(standardised)

    def to_json(self) -> str:
        """Write it down as JSON, with the version of the format; floats keep all their bits."""
        text = stored.write(self.columns, self.dropped, self.target)
        text = stored.write_reading(text, self.missing_words, self.unrepeated)
        return stored.write_pieces(text, self.pieces)

    @classmethod
    def from_json(cls, text: str) -> Preprocessing:
        """Read what `to_json` wrote.

        Raises:
            DataError: It is not such JSON, or of a version that this Sturgeon does not know.
        """
        parts = stored.read(text)  # checks the text too
        missing_words, unrepeated = stored.read_reading(text)
        return cls(*parts, missing_words, unrepeated, stored.read_pieces(text))


def fit_preprocessing(
    frame: pd.DataFrame,
    target: Target,
    *,
    rows: np.ndarray | None = None,
    numeric: Collection[str] = (),
    categorical: Collection[str] = (),
    forms: Mapping[str, Form] | None = None,
    averaged: np.ndarray | None = None,
    bounds: bool = True,
    missing_words: tuple[str, ...] | None = MISSING_WORDS,
    alike: bool = True,
    source: str = "the table",
) -> Preprocessing:
    """Learn from training rows how to turn columns into inputs.

    Args:
        frame: The input columns, indexed by each row's position in the whole table.
        target: The fitted target.
        rows: Which rows are for training, ascending; None for all.
        numeric: Columns to take as numbers, whatever they look like.
        categorical: Columns to take as categories, whatever they look like.
        forms: The forms in which numbers and moments are written; None to find them in these columns.
        averaged: The training rows' targets, as :func:`sturgeon.data.features.pooled.averaged` gives them, by
            which many categories are told; None refuses columns of many.
        bounds: Whether numbers beyond the training rows' range are compressed.
        missing_words: Words that mean missing in a file; None where all is read as the first Sturgeon did.
        alike: As for :func:`find_kind`.
        source: What to call the table in messages.

    Returns:
        The fitted preprocessing.

    Raises:
        DataError: A column cannot be used as it is, or none that varies is left.
    """
    if forms is None:
        forms = {} if missing_words is None else _find_forms(frame, numeric, categorical, source)
    fitted: list[Column] = []
    dropped: list[str] = []
    unrepeated: list[str] = []
    for label in frame.columns:
        name, cells = str(label), cast(pd.Series, frame[label])
        if rows is not None:  # column by column: all the training rows at once would be a second table
            cells = cells.iloc[rows]
        if name in numeric or name in forms:
            kind = "numeric"
        elif name in categorical:
            kind = "pooled" if averaged is not None and are_many(cells, source) else "categorical"
        else:
            rules = {"as_spelled": missing_words is not None, "pools": averaged is not None, "alike": alike}
            kind = find_kind(cells, source, **rules)
        if kind == "numeric":
            column = fit_numeric(cells, source, form=forms.get(name), bounds=bounds)
        elif kind == "categorical":
            column = fit_categorical(cells, source)
        else:
            assert averaged is not None
            column = fit_pooled(cells, averaged, source)
        if column is not None:
            fitted.append(column)
        else:
            (unrepeated if kind == "pooled" else dropped).append(name)
    if not fitted:
        raise DataError(
            f"a network needs at least one input column that varies; {source} has none beside the target "
            f"(constant: {listed(dropped) or 'none'}; different in every row or nearly so: "
            f"{listed(unrepeated) or 'none'}); drop fewer columns or add one"
        )
    return Preprocessing(tuple(fitted), tuple(dropped), target, missing_words, tuple(unrepeated))


def _find_forms(
    frame: pd.DataFrame, numeric: Collection[str], categorical: Collection[str], source: str
) -> dict[str, Form]:
    asked = Asked(numbers=numeric, categories=categorical)
    return {name: each.form for name, each in find_written(frame, source, asked).items()}


def _check_columns(needed: list[str], frame: pd.DataFrame, source: str) -> None:
    names = [str(name) for name in frame.columns]
    missing = [name for name in needed if name not in names]
    if missing:
        raise DataError(
            f"a table must have every column the network was trained with; {source} lacks {listed(missing)}; "
            f"add it ({nearest(missing[0], names)})"
        )
    doubled = [name for name in needed if names.count(name) > 1]
    if doubled:
        raise DataError(
            f"a column's name must be its own; {source} has two called {doubled[0]!r}; rename one"
        )
