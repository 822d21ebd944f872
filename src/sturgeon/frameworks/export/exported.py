"""An exported network read back: it takes a table as it is, and its own framework predicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.caviar.table.saved import answer
from sturgeon.data import Preprocessing
from sturgeon.data.features.cells import CategoryNames, category_key, distinct
from sturgeon.data.features.columns import Column, NumericColumn
from sturgeon.errors import DataError, InputError
from sturgeon.frameworks.export.description import Description
from sturgeon.frameworks.export.form import Run
from sturgeon.frameworks.export.forms import form_at

_BLOCK_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A network as ``sturgeon export`` wrote it.

    Attributes:
        description: What it says of itself.
        run: Its framework, ready to predict.
    """

    description: Description
    run: Run

    @property
    def preprocessing(self) -> Preprocessing:
        """The columns it takes, and the target."""
        return self.description.preprocessing

    def predict(self, table: pd.DataFrame, source: str = "the table") -> pd.DataFrame:
        """Predict every row; see :meth:`sturgeon.caviar.table.saved.SavedModel.predict`."""
        return answer(self.preprocessing, self.answers(table, source))

    def answers(self, table: pd.DataFrame, source: str = "the table") -> np.ndarray:
        """Predict every row, as numbers; see :meth:`sturgeon.caviar.table.saved.SavedModel.answers`."""
        table = self.preprocessing.name_columns(table, source)
        columns = self.preprocessing.columns
        blocks = []
        for start in range(0, len(table), _BLOCK_ROWS):
            rows = table.iloc[start : start + _BLOCK_ROWS]
            cells = {c.name: raw_cells(c, cast(pd.Series, rows[c.name]), source) for c in columns}
            blocks.append(self.run(cells))
        if not blocks:
            return np.zeros((0, self.preprocessing.outputs))
        numbers = np.concatenate(blocks).astype(np.float64)
        wrong = np.flatnonzero(~np.isfinite(numbers).all(axis=1))
        if wrong.size:
            raise DataError(
                f"a prediction must be finite; that of row {wrong[0] + 1} of {source} is not; look for a "
                "number in it that is far too large"
            )
        return numbers

    @classmethod
    def load(cls, path: Path) -> ExportedModel:
        """Read an exported file or folder.

        A SavedModel is a program of TensorFlow's operations: load none from people you do not trust. The
        other formats hold no code that is run.

        Args:
            path: What was given to ``sturgeon export -o``.

        Raises:
            MissingExtra: Its framework is not installed.
            InputError: It is no such file or folder.
        """
        form = form_at(path)
        if form is None:
            raise InputError(
                f"An exported network must be a file or folder that `sturgeon export` wrote; got "
                f"{str(path)!r}. Name what was given to `-o`."
            )
        form.check_installed()
        description = Description.from_json(form.describe(path), str(path))
        return cls(description, form.open(path, description))


def raw_cells(column: Column, cells: pd.Series, source: str) -> np.ndarray:
    """The cells of a column as an exported network takes them.

    Args:
        column: What is known of it.
        cells: n cells.
        source: What to call the table in messages.

    Returns:
        Numbers, float64 ``[n]``, NaN where missing, dates being seconds since 1970; or texts,
        objects ``[n]``, ``""`` where missing.

    Raises:
        DataError: A cell of a numeric column is text or infinite.

    Example:
        >>> from sturgeon.data.features.columns import CategoricalColumn
        >>> river = CategoricalColumn("river", ("1", "2"), False, ())
        >>> raw_cells(river, pd.Series([2.0, None]), "the table").tolist()
        ['2', '']
    """
    if isinstance(column, NumericColumn):
        return column.read(cells, source)
    codes, values = distinct(cells, source)
    names = CategoryNames(column.categories)
    found = ((value, names.find(value)) for value in values)
    keys = [category_key(value) if place is None else column.categories[place] for value, place in found]
    return np.array([*keys, ""], dtype=object)[codes]
