"""Test rows that are copies of rows to learn from are told of, and those that are equal by chance are not."""

import numpy as np
import pandas as pd
import pytest

from sturgeon.data import prepare

ROWS = 300


def measured(seed=0) -> pd.DataFrame:
    """A table in which no two rows are equal."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 4)), columns=pd.Index(["a", "b", "c", "d"]))
    frame["city"] = rng.choice(["Bonn", "Kyiv", "Hue"], size=ROWS)
    return frame.assign(y=frame["a"] + frame["b"])


def told(dataset) -> list[str]:
    return [note for note in dataset.notes if "exact cop" in note]


def test_a_table_without_copies_is_not_remarked_on():
    assert told(prepare(measured(), "y")) == []


@pytest.mark.parametrize("folds", [1, 3])
def test_copies_are_counted(folds):
    frame = measured()
    frame = pd.concat([frame, frame.iloc[:100]], ignore_index=True)
    dataset = prepare(frame, "y", folds=folds)
    originals = set(frame.drop(dataset.test_rows)["a"])
    copies = int(frame["a"].iloc[dataset.test_rows].isin(originals).sum())
    assert copies > 10
    assert told(dataset)[0].startswith(f"{copies} of {dataset.rows['test']} test rows are exact copies")


def test_rows_with_another_target_are_no_copies():
    frame = measured()
    other = frame.iloc[:100].assign(y=frame["y"].iloc[:100] + 1.0)
    assert told(prepare(pd.concat([frame, other], ignore_index=True), "y")) == []


def test_rows_of_few_different_cells_are_equal_by_chance():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.choice(["low", "high"], size=(400, 3)), columns=pd.Index(["a", "b", "c"]))
    assert told(prepare(frame.assign(y=frame["a"]), "y")) == []


def test_a_test_table_of_its_own_is_compared_too():
    frame, test = measured(), measured(seed=1)
    assert told(prepare(frame, "y", test=test)) == []
    test.iloc[0] = frame.iloc[7]
    dataset = prepare(frame, "y", test=test.iloc[:50])
    assert told(dataset)[0].startswith("1 of 50 test rows is an exact copy of a row")


def test_rare_categories_that_are_told_by_the_target_do_not_hide_copies():
    frame = measured().assign(user=[f"user {row % 90}" for row in range(ROWS)])
    both = pd.concat([frame, frame.iloc[:100]], ignore_index=True)
    dataset = prepare(both, "y")
    assert dataset.pooled
    assert told(dataset)


def test_rare_categories_that_are_one_input_make_no_copies():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.choice(list("pqrs"), size=(4_000, 5)), columns=pd.Index(list("abcde")))
    frame["city"] = [f"city {number}" for number in rng.integers(0, 1_500, size=4_000)]
    frame["y"] = rng.choice(["no", "yes"], size=4_000)
    dataset = prepare(frame, "y", categorical=["city"])
    assert dataset.pooled
    assert told(dataset) == []


def test_numbers_beside_an_outlier_make_no_copies():
    frame = pd.DataFrame({"a": np.arange(1.0, ROWS + 1), "y": ["no", "yes"] * (ROWS // 2)})
    frame.loc[0, "a"] = 1e12
    assert told(prepare(frame, "y")) == []
