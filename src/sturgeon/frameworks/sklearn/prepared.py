"""Rows made ready to fit a network on: arrays by mean and deviation, tables as the command line does it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sturgeon.data import ClassTarget, Dataset, NumericTarget, Preprocessing, prepare
from sturgeon.data.features.aligned import empty_aligned
from sturgeon.data.features.scale import Scale, fit_scale
from sturgeon.data.scores import positive_class
from sturgeon.data.splits import FEWEST_IN_A_PART, assign_folds, bin_by_size, split_at_random
from sturgeon.errors import InputError

# Nothing is to be judged where one configuration is trained, but training judges after each epoch.
_TOKEN_ROWS = 2


@dataclass(frozen=True)
class Rows:
    """What an estimator was given.

    Attributes:
        x: Inputs as they came, float64 ``[rows, features]``; or a table, of which the columns are taken as
            the command line takes them.
        y: Class codes, integers ``[rows]``; or numbers, float64 ``[rows]``.
        classes: How many classes there are; 0 for a regression.
        bounds: Of a table, whether numbers beyond the training rows' range are compressed, and predictions
            kept near that of their targets.
    """

    x: np.ndarray | pd.DataFrame
    y: np.ndarray
    classes: int
    bounds: bool = True


@dataclass(frozen=True)
class Prepared:
    """A dataset, and what goes with it.

    Attributes:
        dataset: The rows, without a test part.
        encode: Turns inputs, as they came, into what a network takes.
        target: What is predicted.
    """

    dataset: Dataset
    encode: Callable[[Any], np.ndarray]
    target: ClassTarget | NumericTarget


def prepare_whole(rows: Rows, *, seed: int) -> Prepared:
    """All rows to train on."""
    every = np.arange(len(rows.y))
    if not isinstance(rows.x, pd.DataFrame):
        return _of_numbers(rows, every, every[:_TOKEN_ROWS])
    prepared = _of_table(rows, seed=seed, folds=2)  # then preprocessing is fitted on all of them
    data = prepared.dataset
    token = {"x_validation": data.x_train[:_TOKEN_ROWS], "y_validation": data.y_train[:_TOKEN_ROWS]}
    return replace(prepared, dataset=replace(data, fold_of=None, pooled=(), **token))


def prepare_split(rows: Rows, validation: float, *, seed: int) -> Prepared:
    """Rows to train on, and a share to choose by."""
    if isinstance(rows.x, pd.DataFrame):
        return _of_table(rows, seed=seed, folds=1, validation=validation)
    split = split_at_random(_strata(rows), validation=validation, test=0.0, seed=seed)
    return _of_numbers(rows, split.train, split.validation)


def prepare_folds(rows: Rows, folds: int, *, seed: int) -> Prepared:
    """All rows in folds, as many as the rarest class allows.

    Raises:
        InputError: There are too few rows for two.
    """
    strata = _strata(rows)
    counts = np.bincount(strata) if rows.classes else np.array([len(strata) // FEWEST_IN_A_PART])
    folds = min(folds, int(counts[counts > 0].min()))
    if folds < 2:
        raise InputError(
            "Folds need two rows of each class, or four rows, at least; there are fewer. Write folds=1."
        )
    if isinstance(rows.x, pd.DataFrame):
        return _of_table(rows, seed=seed, folds=folds)
    every = np.arange(len(rows.y))
    prepared = _of_numbers(rows, every, every[:0])
    fold_of = assign_folds(strata, folds=folds, seed=seed)
    return replace(prepared, dataset=replace(prepared.dataset, fold_of=fold_of))


def _of_table(rows: Rows, *, seed: int, folds: int, validation: float = 0.15) -> Prepared:
    assert isinstance(rows.x, pd.DataFrame)
    target = "y"
    while target in map(str, rows.x.columns):
        target += "_"
    dataset = prepare(
        (rows.x, rows.y),
        target,
        task="classification" if rows.classes else "regression",
        seed=seed,
        folds=folds,
        validation=validation,
        test_share=0.0,
        bounds=rows.bounds,
    )
    preprocessing = dataset.preprocessing
    encode = functools.partial(preprocessing.transform, source="X")
    return Prepared(dataset, encode, preprocessing.target)


def _of_numbers(rows: Rows, training: np.ndarray, validation: np.ndarray) -> Prepared:
    """Inputs normalised by the training rows' own μ and σ (N9 of the notes)."""
    assert isinstance(rows.x, np.ndarray)
    seen = rows.x[training]
    mean, deviation = seen.mean(axis=0), seen.std(axis=0)
    # What is the same in every row says nothing: it becomes 0, but for rounding.
    deviation = np.where(deviation > 10 * np.finfo(np.float64).eps * np.abs(mean), deviation, 1.0)
    positive = positive_class(rows.y) if rows.classes == 2 else None
    target: ClassTarget | NumericTarget = ClassTarget("y", tuple(range(rows.classes)), positive)
    targets = rows.y.astype(np.int32)
    if not rows.classes:
        scale = fit_scale(rows.y[training]) or Scale(float(rows.y[training[0]]), 1.0)
        target, targets = NumericTarget("y", scale), scale.apply(rows.y).astype(np.float32)
    encode = functools.partial(_normalised, mean=mean, deviation=deviation)
    inputs, none = encode(rows.x), training[:0]
    parts = zip(("train", "validation", "test"), (training, validation, none), strict=True)
    arrays: dict[str, Any] = {}
    for name, part in parts:
        arrays |= {f"x_{name}": _aligned(inputs[part]), f"y_{name}": targets[part]}
    dataset = Dataset(
        task="classification" if rows.classes else "regression",
        task_reason="it was asked for",
        target="y",
        preprocessing=Preprocessing((), (), target),
        test_rows=none,
        **arrays,
    )
    return Prepared(dataset, encode, target)


def _strata(rows: Rows) -> np.ndarray:
    return rows.y if rows.classes else bin_by_size(rows.y)


def _normalised(x: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    return ((x - mean) / deviation).astype(np.float32)


def _aligned(array: np.ndarray) -> np.ndarray:
    copy = empty_aligned(array.shape, array.dtype)
    copy[:] = array
    return copy
