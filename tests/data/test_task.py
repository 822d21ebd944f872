"""Classification or regression: decided from the target, with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

from sturgeon.data import decide_task, read_table
from sturgeon.errors import DataError

WINE = Path(__file__).parents[2] / "examples" / "data" / "wine_quality_white.csv"
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "task", "reason"),
    [
        (["<=50K", ">50K", "<=50K"], "classification", "text"),
        ([True, False], "classification", "bool"),
        (np.array([True, False, None], dtype=object)[:2], "classification", "Boolean"),
        (pd.Categorical([1, 7, 300]), "classification", "category"),
        ([-1, 1, 1], "classification", "two different"),
        ([0.25, 0.75], "classification", "two different"),
        (np.tile(np.arange(3), 5), "classification", "from 0 to 2"),
        (np.tile(np.arange(1.0, 8.0), 5), "classification", "from 1 to 7"),
        (["1", "2", "3"] * 5, "classification", "from 1 to 3"),
        (np.tile(np.arange(3), 4), "regression", "too rare"),
        (np.repeat([0, 1, 2], [1000, 1000, 10]), "regression", "2 is too rare"),
        (np.tile(np.arange(51), 10), "regression", "more than 50"),
        (np.tile([3, 4, 5], 9), "regression", "from 3 to 5"),
        (np.tile([0, 1, 3], 9), "regression", "from 0 to 3"),
        (RNG.poisson(2, size=5000), "regression", "too rare"),
        (RNG.normal(size=50), "regression", "not all whole"),
    ],
)
def test_the_task_follows_the_target_and_says_why(values, task, reason):
    choice = decide_task(pd.Series(values))
    assert choice.task == task
    assert reason in choice.reason


@pytest.mark.parametrize(
    ("load", "task"),
    [
        (load_digits, "classification"),
        (load_breast_cancer, "classification"),
        (load_iris, "classification"),
        (load_diabetes, "regression"),
    ],
)
def test_well_known_tables_are_told_apart(load, task):
    assert decide_task(pd.Series(load(return_X_y=True)[1])).task == task


def test_wine_quality_is_a_number():
    assert decide_task(read_table(WINE)["quality"]).task == "regression"


def test_the_user_has_the_last_word():
    assert decide_task(pd.Series([3, 4, 5]), "classification").task == "classification"
    assert decide_task(pd.Series([0, 1]), "regression").task == "regression"


def test_an_unknown_task_is_refused():
    with pytest.raises(DataError, match=r"'classification' or 'regression'; got 'ranking'"):
        decide_task(pd.Series([0, 1]), "ranking")
