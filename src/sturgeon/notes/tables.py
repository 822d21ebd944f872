"""The tables that the claims are measured on: scikit-learn's, which come with it, or one's own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from sturgeon.data import Dataset, prepare, read_table

SHIPPED = ("digits", "breast cancer", "wine", "diabetes")


@dataclass(frozen=True, eq=False)
class NotesTable:
    """One table; it equals itself alone, so that what was measured on it can be remembered.

    Attributes:
        name: What the page calls it.
        source: Inputs and target as arrays, or a file.
        target: The target's column, of a file.
        classes: Whether the target is classes; None to see.
    """

    name: str
    source: tuple[np.ndarray, np.ndarray] | Path
    target: str | None = None
    classes: bool | None = None

    def split(self, seed: int) -> Dataset:
        """Its rows, split and normalised anew."""
        task = None if self.classes is None else "classification" if self.classes else "regression"
        if isinstance(self.source, Path):
            return prepare(self.source, self.target, seed=seed)
        return prepare(self.source, task=task, seed=seed)

    @cached_property
    def rows(self) -> tuple[int, int]:
        """How many it has to learn from and to compare by; other seeds split it as evenly."""
        data = self.split(0)
        return len(data.y_train), len(data.y_validation)

    @cached_property
    def raw(self) -> np.ndarray:
        """The numeric inputs as they are, without those that are constant, ``[rows, inputs]``."""
        if isinstance(self.source, Path):
            frame = read_table(self.source)
            numbers = frame.drop(columns=[self.target]).select_dtypes("number")
            x = numbers.fillna(numbers.median()).to_numpy(float)
        else:
            x = np.asarray(self.source[0], float)
        x = x[np.isfinite(x).all(axis=1)]
        return x[:, x.std(axis=0) > 0]


def shipped_tables() -> tuple[NotesTable, ...]:
    """Give scikit-learn's tables, which need no network."""
    from sklearn import datasets

    loaders = (
        datasets.load_digits,
        datasets.load_breast_cancer,
        datasets.load_wine,
        datasets.load_diabetes,
    )
    found = []
    for name, load in zip(SHIPPED, loaders, strict=True):
        x, y = cast(Any, load(return_X_y=True))
        found.append(NotesTable(name, (x, y), classes=name != "diabetes"))
    return tuple(found)


def own_table(path: Path, target: str) -> NotesTable:
    """Give a table of one's own.

    Raises:
        InputError: It cannot be read, or has no such column.
    """
    table = NotesTable(path.name, path, target)
    table.split(0)
    return table
