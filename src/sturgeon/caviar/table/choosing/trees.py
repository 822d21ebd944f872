"""Boosted trees at their defaults, on the rows that a tuned network had: LightGBM, and scikit-learn's own.

They get the table as people would hand it to them: numbers as they are, dates as numbers, missing ones as
missing, categories as categories.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from sturgeon.caviar.lanes.devices import available_cores
from sturgeon.data import Dataset, NumericTarget
from sturgeon.data.features.cells import CategoryNames, distinct
from sturgeon.data.features.columns import NumericColumn
from sturgeon.data.reading.file_options import FileOptions
from sturgeon.data.reading.formats.workbook import ENDINGS as WORKBOOKS
from sturgeon.data.reading.sources import Table, open_table

_MOST_CATEGORIES = 255
"""What scikit-learn's trees take as categories; of a column with more they get the numbers."""


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of a dataset as they were in the table.

    Attributes:
        train: Those that are not for the test: numbers, and pandas' categories.
        y: Their class codes, or their targets in the target's own unit.
        test: Those of the test part, in the dataset's order.
    """

    train: pd.DataFrame
    y: np.ndarray
    test: pd.DataFrame

    @classmethod
    def of(
        cls, dataset: Dataset, table: Table, test: Table | None, options: FileOptions | None = None
    ) -> RawRows:
        """Read a dataset's table once more.

        Args:
            dataset: The data.
            table: What it was prepared from.
            test: The test table of its own, if there was one.
            options: How both files are read.
        """
        options = options or FileOptions()
        frame, source = _open(dataset, table, options)
        inputs, y = _inputs_of(dataset, frame, source), dataset.preprocessing.encode_target(frame, source)
        if isinstance(target := dataset.preprocessing.target, NumericTarget):
            y = target.restore(y)
        if test is not None:
            workbook = isinstance(test, str | Path) and str(test).lower().endswith(WORKBOOKS)
            options = FileOptions(options.encoding, options.sheet if workbook else None)
            return cls(inputs, y, _inputs_of(dataset, *_open(dataset, test, options)))
        rest = np.setdiff1d(np.arange(len(frame)), dataset.test_rows)
        return cls(inputs.iloc[rest], y[rest], inputs.iloc[dataset.test_rows])


@dataclass(frozen=True, slots=True)
class TreeAnswers:
    """What boosted trees say.

    Attributes:
        name: Which ones.
        answers: Probabilities ``[test rows, classes]``, or numbers in the target's own unit
            ``[test rows, 1]``; None where they could not be trained.
        seconds: How long the training took.
        why: Why they could not be trained, and what to do.
    """

    name: str
    answers: np.ndarray | None = None
    seconds: float = 0.0
    why: str = ""


def train_trees(rows: RawRows, *, classes: int, seed: int) -> list[TreeAnswers]:
    """Train both kinds on as many cores as a tuning uses, and have them answer on the test rows.

    Args:
        rows: The rows.
        classes: How many classes there are; 0 for a number.
        seed: Of what is random in them.
    """
    kinds: list[tuple[str, Callable[[int, int], Any]]] = [
        ("LightGBM", _lightgbm if classes else _lightgbm_regressor),
        ("HistGradientBoosting", _histogram if classes else _histogram_regressor),
    ]
    return [_train(name, make, rows, classes, seed) for name, make in kinds]


def _train(name: str, make: Callable[[int, int], Any], rows: RawRows, classes: int, seed: int) -> TreeAnswers:
    from threadpoolctl import threadpool_limits

    if name == "LightGBM" and find_spec("lightgbm") is None:
        return TreeAnswers(name, why="is not installed: pip install lightgbm")
    cores = available_cores()
    train, test = (
        (rows.train, rows.test) if name == "LightGBM" else map(_few_categories, (rows.train, rows.test))
    )
    began = time.monotonic()
    try:
        with threadpool_limits(cores, user_api="openmp"):
            fitted = make(cores, seed).fit(train, rows.y)
            seconds = time.monotonic() - began
            answers = fitted.predict_proba(test) if classes else fitted.predict(test)[:, None]
    except Exception as error:  # of another package: the tuning is done, and must not be lost with it
        return TreeAnswers(name, why=f"could not be trained: {' '.join(str(error).split())}")
    if classes:
        every = np.zeros((len(test), classes))
        every[:, np.asarray(fitted.classes_, int)] = answers
        answers = every
    return TreeAnswers(name, np.asarray(answers, np.float64), seconds)


def _lightgbm(cores: int, seed: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_jobs=cores, random_state=seed, verbose=-1)


def _lightgbm_regressor(cores: int, seed: int) -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_jobs=cores, random_state=seed, verbose=-1)


def _histogram(cores: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed)


def _histogram_regressor(cores: int, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=seed)


def _few_categories(frame: pd.DataFrame) -> pd.DataFrame:
    many = [
        name
        for name, kind in frame.dtypes.items()
        if isinstance(kind, pd.CategoricalDtype) and len(kind.categories) > _MOST_CATEGORIES
    ]
    codes = {name: frame[name].cat.codes.astype(float).where(lambda code: code >= 0) for name in many}
    return frame.assign(**cast(dict[str, Any], codes))


def _open(dataset: Dataset, table: Table, options: FileOptions) -> tuple[pd.DataFrame, str]:
    rules, target = dataset.preprocessing.cell_rules(), dataset.preprocessing.target.name
    frame, _, source = open_table(table, target, "the table", rules=rules, options=options)
    return dataset.preprocessing.name_columns(frame, source), source


def _inputs_of(dataset: Dataset, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The columns that are inputs, by numbers as names: LightGBM bears no quotes or brackets in one."""
    columns: dict[str, Any] = {}
    for column in dataset.preprocessing.columns:
        cells = cast(pd.Series, frame[column.name])
        name = f"x{len(columns)}"
        if isinstance(column, NumericColumn):
            columns[name] = column.read(cells, source)
        else:
            codes, values = distinct(cells, source)
            names = CategoryNames(column.categories)
            found = [names.find(value) for value in values]
            places = np.array([*(-1 if place is None else place for place in found), -1])[codes]
            columns[name] = pd.Categorical.from_codes(places, categories=range(len(column.categories)))  # pyright: ignore[reportArgumentType]
    return pd.DataFrame(columns)
