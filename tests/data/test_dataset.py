"""A table to a dataset: nothing learnt from validation or test rows, and bad tables in one line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

from sturgeon.data import ClassTarget, Dataset, NumericTarget, Preprocessing, prepare, read_table
from sturgeon.errors import DataError

WINE = Path(__file__).parents[2] / "examples" / "data" / "wine_quality_white.csv"


def make_fish(rows: int = 100, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    length = rng.normal(50, 10, rows)
    return pd.DataFrame(
        {
            "length": length,
            "river": rng.choice(["Elbe", "Volga", "Oder"], rows),
            "caught": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 9, rows)),
            "kind": np.where(length + rng.normal(0, 5, rows) > 50, "sturgeon", "perch"),
            "weight": 0.1 * length + rng.normal(0, 1, rows),
        }
    )


def assert_same(one: Dataset, other: Dataset) -> None:
    for field in dataclasses.fields(Dataset):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    assert one.fingerprint == other.fingerprint


def test_wine_is_regression_in_standard_units():
    dataset = prepare(WINE, "quality")
    assert (dataset.task, dataset.features, dataset.outputs) == ("regression", 11, 1)
    assert dataset.rows == {"train": 3428, "validation": 735, "test": 735}
    assert dataset.y_train.dtype == np.float32
    np.testing.assert_allclose([dataset.y_train.mean(), dataset.y_train.std()], [0, 1], atol=1e-4)
    quality = np.concatenate([dataset.y_train, dataset.y_validation, dataset.y_test])
    restored = dataset.preprocessing.restore_target(quality)
    np.testing.assert_allclose(np.sort(restored), np.sort(read_table(WINE)["quality"]), atol=1e-5)


def test_digits_are_classes():
    dataset = prepare(load_digits(return_X_y=True))
    assert (dataset.task, dataset.target, dataset.features, dataset.outputs) == (
        "classification",
        "y",
        61,
        10,
    )
    assert dataset.preprocessing.dropped == ("x0", "x32", "x39")
    assert dataset.y_train.dtype == np.int32
    assert isinstance(dataset.preprocessing.target, ClassTarget)
    assert dataset.preprocessing.target.labels == tuple(range(10))
    assert type(dataset.preprocessing.target.labels[0]) is int


def test_breast_cancer_and_diabetes_are_told_apart():
    assert prepare(load_breast_cancer(return_X_y=True)).outputs == 2
    assert isinstance(prepare(load_diabetes(return_X_y=True)).preprocessing.target, NumericTarget)


def test_labels_come_back_in_their_own_spelling():
    fish = make_fish()
    dataset = prepare(fish, "kind")
    codes = np.concatenate([dataset.y_train, dataset.y_validation, dataset.y_test])
    assert sorted(dataset.preprocessing.decode(codes)) == sorted(fish["kind"])


@pytest.mark.parametrize("values", [[True, False], [1.5, 2.5], [2, 4], ["x", "y"]])
def test_labels_survive_json_with_their_type(values):
    fish = make_fish().assign(label=np.resize(np.array(values), 100))
    target = prepare(fish, "label", task="classification").preprocessing
    again = Preprocessing.from_json(target.to_json())
    assert again == target
    assert isinstance(again.target, ClassTarget)
    assert sorted(again.target.labels) == sorted(values)
    assert [type(label) for label in again.target.labels] == [type(value) for value in values]
    assert again.decode([0, 1]).tolist() == sorted(values)


def test_arrays_are_contiguous_float32_and_read_only():
    dataset = prepare(make_fish(), "kind")
    for array in (dataset.x_train, dataset.x_validation, dataset.x_test):
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert not array.flags.writeable


def test_the_same_seed_gives_the_same_dataset_and_another_does_not():
    fish = make_fish()
    assert_same(prepare(fish, "kind", seed=1), prepare(fish, "kind", seed=1))
    assert prepare(fish, "kind", seed=1).fingerprint != prepare(fish, "kind", seed=2).fingerprint


def test_the_fingerprint_sees_one_changed_cell_and_the_task():
    fish = make_fish()
    changed = fish.copy()
    changed.loc[3, "length"] += 1
    assert prepare(fish, "kind").fingerprint != prepare(changed, "kind").fingerprint
    codes = fish.assign(kind=np.resize([0, 1], 100))
    assert prepare(codes, "kind").fingerprint != prepare(codes, "kind", task="regression").fingerprint


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.csv.gz", "t.tsv", "t.tsv.gz"])
def test_every_file_format_gives_the_same_arrays(tmp_path, name):
    fish = make_fish()
    path = tmp_path / name
    if name == "t.parquet":
        fish.to_parquet(path)
    else:
        fish.to_csv(path, index=False, sep="\t" if "tsv" in name else ",")
    assert_same(prepare(path, "kind"), prepare(fish, "kind"))


def test_arrays_and_a_frame_give_the_same_arrays():
    inputs, labels = load_digits(return_X_y=True)
    frame = pd.DataFrame(inputs, columns=[f"x{n}" for n in range(64)]).assign(y=labels)
    assert_same(prepare((inputs, labels)), prepare(frame, "y"))


def test_a_frame_with_a_series_keeps_its_column_names():
    fish = make_fish()
    assert_same(prepare((fish.drop(columns="kind"), fish["kind"]), "kind"), prepare(fish, "kind"))


def test_whole_number_column_names_are_taken_as_text():
    assert prepare(pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3))), "2").features == 2


@pytest.mark.parametrize("target", ["kind", "weight"])
def test_rows_outside_the_training_part_never_change_the_preprocessing(target):
    fish = make_fish(200)
    options = {"time_order": True}  # the last 60 rows are for validation and the test
    before = prepare(fish, target, **options)
    changed = fish.copy()
    changed.loc[140:, "length"] = 1e6
    changed.loc[140:, "river"] = "Amur"
    changed.loc[140:, "caught"] = np.nan
    if target == "weight":
        changed.loc[140:, "weight"] = -1e6
    after = prepare(changed, target, **options)
    assert after.preprocessing == before.preprocessing
    np.testing.assert_array_equal(after.x_train, before.x_train)
    np.testing.assert_array_equal(after.y_train, before.y_train)
    assert not np.array_equal(after.x_test, before.x_test)


def test_a_random_split_does_not_leak_either():
    fish = make_fish(200).assign(row=np.arange(200.0))
    before = prepare(fish, "kind", seed=4)
    rows = before.preprocessing.columns[-1].value.undo(before.x_train[:, -1]).round().astype(int)  # type: ignore[union-attr]
    outside = np.setdiff1d(np.arange(200), rows)
    changed = fish.copy()
    changed.loc[outside, ["length", "row"]] = -1e6
    assert prepare(changed, "kind", seed=4).preprocessing == before.preprocessing


def test_a_test_table_is_only_judged_by():
    fish, later = make_fish(100), make_fish(40, seed=1)
    dataset = prepare(fish, "kind", test=later)
    assert dataset.rows == {"train": 85, "validation": 15, "test": 40}
    np.testing.assert_array_equal(dataset.x_test, dataset.preprocessing.transform(later))
    other = prepare(fish, "kind", test=later.assign(length=0.0))
    assert other.preprocessing == dataset.preprocessing
    np.testing.assert_array_equal(other.x_train, dataset.x_train)


def test_a_test_table_as_a_file_or_arrays_works_too(tmp_path):
    fish, later = make_fish(100), make_fish(40, seed=1)
    later[later.columns[::-1]].assign(extra=1).to_csv(tmp_path / "later.csv", index=False)
    assert_same(prepare(fish, "kind", test=tmp_path / "later.csv"), prepare(fish, "kind", test=later))
    inputs, labels = load_digits(return_X_y=True)
    assert prepare((inputs[:900], labels[:900]), test=(inputs[900:], labels[900:])).rows["test"] == 897


def test_by_time_the_test_part_is_the_last_rows():
    fish = make_fish(100)
    dataset = prepare(fish, "kind", time_order=True, validation=0.2, test_share=0.1)
    assert dataset.rows == {"train": 70, "validation": 20, "test": 10}
    np.testing.assert_array_equal(dataset.x_test, dataset.preprocessing.transform(fish.iloc[90:]))


def test_columns_can_be_dropped_and_kinds_overruled():
    names = prepare(make_fish(), "kind", drop=["weight"], categorical=["caught"]).preprocessing.feature_names
    assert "weight" not in names
    assert "caught=3" in names


def test_one_column_may_be_named_without_a_list():
    fish = make_fish().rename(columns={"caught": "cat", "river": "a"})
    assert_same(prepare(fish, "kind", categorical="cat"), prepare(fish, "kind", categorical=["cat"]))


def bad_rows(column: str, values: dict[int, object]) -> pd.DataFrame:
    fish = make_fish().astype({column: object})
    for row, value in values.items():
        fish.loc[row, column] = value
    return fish.infer_objects()


FISH = make_fish()


@pytest.mark.parametrize(
    ("table", "target", "options", "parts"),
    [
        (FISH, "knid", {}, ["got 'knid'", "did you mean 'kind'?"]),
        (FISH, "zzz", {}, ["the columns are 'length', 'river'"]),
        (FISH, None, {}, ["must be named", "'length'"]),
        (FISH.assign(kind="perch"), "kind", {}, ["two classes or more", "'kind'", "'perch' in every row"]),
        (FISH.assign(weight=2.5), "weight", {}, ["must vary", "'weight'", "2.5 in every"]),
        (FISH.assign(weight=1), "weight", {}, ["two classes or more", "'weight'", "1 in every row"]),
        (FISH.assign(kind=None), "kind", {}, ["missing in all 100 rows"]),
        (
            bad_rows("weight", {4: None, 9: None}),
            "weight",
            {},
            ["missing in 2 of 100", "first in row 5", "remove"],
        ),
        (bad_rows("kind", {4: "whale"}), "kind", {}, ["class must have two rows", "'whale'"]),
        (bad_rows("weight", {4: np.inf}), "weight", {}, ["finite", "'weight'", "row 5"]),
        (bad_rows("weight", {4: np.inf}), "weight", {"task": "classification"}, ["finite", "row 5"]),
        (bad_rows("length", {99: -np.inf}), "kind", {}, ["finite", "-inf", "'length'", "row 100"]),
        (FISH, "kind", {"task": "regression"}, ["must hold numbers", "'kind'", "row 1"]),
        (
            FISH,
            "weight",
            {"task": "classification"},
            ["class must have two rows", "and 88 more", "regression"],
        ),
        (FISH, "kind", {"task": "ranking"}, ["'ranking'"]),
        (FISH.iloc[:8], "weight", {}, ["at least 10 rows", "got 8"]),
        (FISH.iloc[:0], "weight", {}, ["at least one row"]),
        (
            FISH,
            "kind",
            {"drop": ["length", "river", "caught", "weight"]},
            ["at least one input", "none left"],
        ),
        (FISH, "kind", {"drop": ["lenght"]}, ["`drop`", "'lenght'", "did you mean 'length'?"]),
        (FISH, "kind", {"drop": ["kind"]}, ["`drop`", "the target 'kind'"]),
        (
            FISH,
            "kind",
            {"numeric": ["length"], "categorical": ["length"]},
            ["'length'", "`numeric` and `categorical`"],
        ),
        (FISH, "kind", {"numeric": ["river"]}, ["must hold numbers", "'river'"]),
        (
            FISH.assign(note=[f"note {n}" for n in range(100)]),
            "kind",
            {"recognise": False},
            ["free text", "--drop note"],
        ),
        (
            FISH.sort_values("kind"),
            "kind",
            {"time_order": True, "test_share": 0.6},
            ["of every class", "'sturgeon'"],
        ),
        (FISH.set_axis(["a", "a", "b", "kind", "c"], axis=1), "kind", {}, ["columns 1 and 2", "'a'"]),
        (([1, 2], [1, 2]), None, {}, ["two dimensions", "(2,)"]),
        (([[1], [2]], [1]), None, {}, ["one value for each row", "(1,)", "2 rows"]),
        (([[1]], [1], [1]), None, {}, ["pair (X, y)", "got 3"]),
        (([[1], [2]], [1, 2]), "x0", {}, ["'x0'", "not be a column of X"]),
        (42, "kind", {}, ["path, a pandas DataFrame or a pair", "int"]),
        ("nowhere.csv", "kind", {}, ["there is no 'nowhere.csv'"]),
    ],
)
def test_bad_input_gets_one_line(table, target, options, parts):
    with pytest.raises(DataError) as caught:
        prepare(table, target, **options)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_a_test_label_spelt_otherwise_shows_both_spellings():
    later = FISH.assign(kind=FISH["kind"] + ".")
    with pytest.raises(DataError) as caught:
        prepare(FISH, "kind", test=later)
    for part in ("'perch.'", "'sturgeon.'", "known are 'perch', 'sturgeon'", "the test table", "spell"):
        assert part in str(caught.value)


def test_a_test_table_without_a_column_or_the_target_names_it():
    with pytest.raises(DataError, match=r"the test table lacks 'length', 'river'"):
        prepare(FISH, "kind", test=FISH.drop(columns=["length", "river"]))
    with pytest.raises(DataError, match=r"got 'kind', and the test table has no such column"):
        prepare(FISH, "kind", test=FISH.drop(columns="kind"))


def test_text_in_a_numeric_column_outside_the_training_part_is_named_by_its_row():
    table = FISH.astype({"length": object})
    table.loc[97, "length"] = "long"
    with pytest.raises(DataError, match=r"'long' in column 'length', row 98"):
        prepare(table, "kind", time_order=True)


def test_the_table_given_is_left_as_it_was():
    fish = make_fish()
    before = fish.copy(deep=True)
    prepare(fish, "kind")
    pd.testing.assert_frame_equal(fish, before)


@pytest.mark.parametrize("time_order", [False, True])
def test_the_test_part_can_be_found_in_the_table_again(time_order):
    fish = make_fish()
    dataset = prepare(fish, "kind", time_order=time_order)
    again = dataset.preprocessing.transform(fish.iloc[dataset.test_rows])
    np.testing.assert_array_equal(again, dataset.x_test)
    other = prepare(fish, "kind", test=make_fish(20, seed=1))
    assert other.test_rows.tolist() == list(range(20))


def folded(rows, folds, **options):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(len(rows), 2))
    return prepare((x, np.array(rows)), task="classification", folds=folds, **options)


def test_folds_share_the_rows_that_are_not_for_the_test():
    labels = ["a", "b"] * 50
    whole, single = folded(labels, 4), folded(labels, 1)
    assert whole.folds == 4
    assert whole.rows == {"train": 85, "validation": 0, "test": 15}
    np.testing.assert_array_equal(whole.test_rows, single.test_rows)
    seen = [whole.fold(number) for number in range(4)]
    assert sum(len(one.y_validation) for one in seen) == 85
    for one in seen:
        assert one.folds == 1
        assert len(one.y_train) + len(one.y_validation) == 85
    assert whole.fingerprint == folded(labels, 4).fingerprint
    assert (
        len({each.fingerprint for each in (whole, single, folded(labels, 3), folded(labels, 4, seed=1))}) == 4
    )


def test_fewer_folds_where_the_rarest_class_has_fewer_rows():
    dataset = folded(["a"] * 60 + ["b"] * 4, 5)
    assert dataset.folds == 3  # one of the four is for the test
    assert dataset.folds_reason == "3 instead of 5, since the rarest class has 3 rows"
    assert folded(["a", "b"] * 50, None).folds == 5


def test_folds_that_make_no_sense_are_refused():
    with pytest.raises(DataError, match="at least 1; got 0"):
        folded(["a", "b"] * 50, 0)
    with pytest.raises(DataError, match="order of time"):
        folded(["a", "b"] * 50, 5, time_order=True)
    assert folded(["a", "b"] * 50, None, time_order=True).folds == 1
