"""Many categories: no row is told by its own target, nor by that of a fold that is held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sturgeon.data import Preprocessing, fit_preprocessing, prepare
from sturgeon.data.features.pooled import FEWEST_ROWS, PRIOR_ROWS, PooledColumn, averaged
from sturgeon.data.targets import ClassTarget

ROWS = 300
KINDS = ["number", "two classes", "three classes"]


def table(kind: str, ids: int = 170) -> pd.DataFrame:
    """A table with a column of many categories, each with an effect of its own, and missing cells."""
    rng = np.random.default_rng(0)
    place = np.minimum(rng.exponential(ids / 4, ROWS).astype(int), ids)
    user = [f"u{each}" if each else None for each in place]
    user[:60] = [f"only {row}" for row in range(60)]
    number = rng.normal(size=ids + 1)[place] + 0.1 * rng.normal(size=ROWS)
    label = {
        "number": number,
        "two classes": np.where(number > 0, "p", "q"),
        "three classes": np.array(["low", "mid", "high"])[np.digitize(number, [-0.5, 0.5])],
    }[kind]
    return pd.DataFrame({"x": rng.normal(size=ROWS), "user": user, "y": label})


def pooled_of(dataset) -> PooledColumn:
    (column,) = (each for each in dataset.preprocessing.columns if isinstance(each, PooledColumn))
    return column


def mean_by_hand(column, cells, targets, cell):
    """The drawn average of a category over some rows, told one by one."""
    name = cell if cell in column.categories or cell is None else "other"
    same = [
        target
        for each, target in zip(cells, targets, strict=True)
        if (each if each in column.categories or each is None else "other") == name
    ]
    overall = np.mean(targets, axis=0)
    return (np.sum(same, axis=0) + PRIOR_ROWS * overall) / (len(same) + PRIOR_ROWS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_fold_sees_averages_of_the_rows_that_it_may_see(kind):
    frame = table(kind)
    dataset = prepare(frame, "y", folds=4)
    column, fold_of = pooled_of(dataset), dataset.fold_of
    assert column.missing
    train = np.setdiff1d(np.arange(ROWS), dataset.test_rows)
    cells = frame["user"].astype(object).where(frame["user"].notna(), None)[train].tolist()
    targets = averaged(dataset.y_train, dataset.outputs)
    means, stds = (np.array([getattr(scale, part) for scale in column.scales]) for part in ("mean", "std"))

    def check(inputs, row, rows):
        expected = (mean_by_hand(column, [cells[i] for i in rows], targets[rows], cells[row]) - means) / stds
        np.testing.assert_allclose(inputs[1:], expected, rtol=1e-4, atol=1e-5)

    everything = np.arange(len(train))
    for row in (0, 7, 100, 200):
        check(dataset.x_train[row], row, everything[fold_of != fold_of[row]])
    for number in (0, 3):
        fold = dataset.fold(number)
        inside, outside = everything[fold_of == number], everything[fold_of != number]
        for place in (0, 5, 20):
            check(fold.x_validation[place], inside[place], outside)
            row = outside[place]
            check(fold.x_train[place], row, outside[fold_of[outside] != fold_of[row]])
    for place in (0, 10):
        cell = frame["user"].astype(object).where(frame["user"].notna(), None)[dataset.test_rows[place]]
        expected = (mean_by_hand(column, cells, targets, cell) - means) / stds
        np.testing.assert_allclose(dataset.x_test[place, 1:], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("folds", [1, 2, 5])
def test_a_target_moves_no_input_of_its_own_row(folds):
    dataset = prepare(table("number"), "y", folds=folds)
    (column,) = dataset.pooled
    targets = averaged(dataset.y_train, 1)
    inputs = [np.zeros(dataset.x_train.shape, np.float32) for _ in range(2)]
    column.write(inputs[0], targets, dataset.fold_of)
    np.testing.assert_array_equal(inputs[0][:, 1], dataset.x_train[:, 1])
    for row in range(0, len(targets), 17):
        moved = targets.copy()
        moved[row] += 100
        column.write(inputs[1], moved, dataset.fold_of)
        changed = inputs[0][:, 1] != inputs[1][:, 1]
        assert not changed[row]
        assert changed.any()
    if folds > 2:
        moved = targets.copy()
        moved[dataset.fold_of == 1] += 100
        parts = []
        for each in (targets, moved):
            train, held_out = dataset.fold(1).x_train.copy(), dataset.fold(1).x_validation.copy()
            column.hold_out(train, held_out, each, dataset.fold_of, 1)
            parts.append((train, held_out))
        np.testing.assert_array_equal(parts[0][0], parts[1][0])
        np.testing.assert_array_equal(parts[0][1], parts[1][1])


def test_validation_rows_join_the_training_rows_as_they_are():
    dataset = prepare(table("number"), "y")
    both = dataset.with_validation_in_training()
    np.testing.assert_array_equal(both.x_train[: len(dataset.x_train)], dataset.x_train)
    assert both.pooled == ()


@pytest.mark.parametrize("kind", KINDS)
def test_new_and_rare_categories_are_one(kind, tmp_path):
    frame = table(kind)
    frame.to_csv(tmp_path / "t.csv", index=False)
    dataset = prepare(tmp_path / "t.csv", "y", folds=5)
    column = pooled_of(dataset)
    assert "only 3" not in column.categories
    rows = frame.head(3).assign(user=["only 3", "never seen", column.categories[0]])
    inputs = dataset.preprocessing.transform(rows)
    np.testing.assert_array_equal(inputs[0, 1:], inputs[1, 1:])
    assert dataset.preprocessing.count_unseen(rows)["user"] == 2
    again = Preprocessing.from_json(dataset.preprocessing.to_json())
    assert again == dataset.preprocessing
    np.testing.assert_array_equal(
        again.transform(again.read(tmp_path / "t.csv"))[dataset.test_rows], dataset.x_test
    )
    assert any("rare and new ones together" in note for note in dataset.notes)


def test_a_column_that_is_different_in_every_row_is_left_out_with_a_word():
    frame = table("number").assign(user=[f"id {row}" for row in range(ROWS)])
    dataset = prepare(frame, "y")
    assert dataset.preprocessing.feature_names == ("x",)
    assert dataset.preprocessing.unrepeated == ("user",)
    note = (
        f"column 'user' is left out, as its values hardly ever repeat: {ROWS} different ones in {ROWS} rows"
    )
    assert note in dataset.notes
    assert Preprocessing.from_json(dataset.preprocessing.to_json()) == dataset.preprocessing


def test_postcodes_and_long_numbers_may_be_many_categories(tmp_path):
    codes = [f"{place:05}" for place in np.random.default_rng(1).integers(0, 200, ROWS) ** 2]
    table("number").assign(user=codes).to_csv(tmp_path / "t.csv", index=False)
    column = pooled_of(prepare(tmp_path / "t.csv", "y", folds=5))
    assert set(column.categories) <= set(codes)
    counted = pd.Series(codes).value_counts()
    assert len(column.categories) <= (counted >= FEWEST_ROWS).sum()


def test_without_targets_many_categories_are_refused():
    with pytest.raises(ValueError, match="free text"):
        fit_preprocessing(table("number")[["user"]], ClassTarget("y", ("a", "b")))


def test_equal_tables_give_equal_datasets():
    one, other = (prepare(table("three classes"), "y", folds=5) for _ in range(2))
    assert one.fingerprint == other.fingerprint
    assert one.fold(2).fingerprint == other.fold(2).fingerprint
    moved = table("three classes")
    moved.loc[0, "y"] = {"low": "mid", "mid": "low", "high": "low"}[moved.loc[0, "y"]]
    assert prepare(moved, "y", folds=5).fingerprint != one.fingerprint


def test_a_column_of_pandas_categories_becomes_what_its_texts_become(tmp_path):
    frame = table("number")
    frame.astype({"user": "category"}).to_parquet(tmp_path / "t.parquet")
    texts, categories = prepare(frame, "y"), prepare(tmp_path / "t.parquet", "y")
    assert texts.pooled
    assert categories.fingerprint == texts.fingerprint
    assert prepare(tmp_path / "t.parquet", "y", alike=False).features > 50  # as a study of before had it
