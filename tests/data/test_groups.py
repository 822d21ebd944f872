"""Rows of a group stay together: in one part, and in one fold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.data import prepare
from sturgeon.data.groups import assign_groups, split_by_groups
from sturgeon.errors import DataError


def patients(rows=240, groups=30, seed=0):
    rng = np.random.default_rng(seed)
    who = rng.integers(0, groups, rows)
    frame = pd.DataFrame({"dose": rng.normal(size=rows), "patient": [f"p{one}" for one in who]})
    frame["effect"] = frame["dose"] + 0.1 * who
    frame["better"] = np.where(frame["effect"] > frame["effect"].median(), "yes", "no")
    return frame


def parts_of(frame, dataset):
    """The patients of the test rows, and of all others."""
    test = frame["patient"].iloc[dataset.test_rows]
    rest = frame["patient"].drop(index=dataset.test_rows)
    return set(test), rest


@pytest.mark.parametrize("target", ["effect", "better"])
def test_no_group_is_in_two_folds_or_in_the_test_too(target):
    frame = patients()
    other = {"effect": "better", "better": "effect"}[target]
    dataset = prepare(frame, target, drop=[other], folds=5, group_column="patient")
    test, rest = parts_of(frame, dataset)
    assert test
    assert not test & set(rest)
    assert dataset.folds == 5
    assert rest.groupby(dataset.fold_of).nunique().sum() == rest.nunique()
    assert dataset.preprocessing.feature_names == ("dose",)
    assert dataset.rows["test"] == pytest.approx(0.15 * 240, abs=8)
    assert np.bincount(dataset.fold_of) == pytest.approx(len(rest) / 5, abs=12)
    assert any(line.startswith("groups by 'patient'") and "5 folds" in line for line in dataset.notes)
    inputs = frame.drop(columns=["patient", target])
    assert dataset.preprocessing.transform(inputs).shape == (240, 1)  # to predict needs no groups


def test_without_folds_no_group_is_in_two_parts():
    frame = patients()
    groups = frame["patient"].astype("category").cat.codes.to_numpy().astype(int)
    split = split_by_groups(groups, np.zeros(240, int), column="patient", validation=0.15, test=0.15, seed=0)
    sets = [set(groups[rows]) for rows in (split.train, split.validation, split.test)]
    assert all(sets)
    assert sum(map(len, sets)) == len(set(groups))
    dataset = prepare(frame, "effect", drop=["better"], group_column="patient")
    assert dataset.rows["validation"] > 0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**31), st.integers(2, 5), st.integers(0, 30), st.integers(1, 4))
def test_every_part_gets_a_group_and_no_group_is_cut(seed, parts, more, strata):
    rng = np.random.default_rng(seed)
    groups = np.concatenate([np.arange(parts + more), rng.integers(0, parts + more, 40)])
    kinds = rng.integers(0, strata, len(groups))
    part_of = assign_groups(groups, kinds, [1 / parts] * parts, seed=seed)
    assert set(part_of) == set(range(parts))
    assert all(len(set(part_of[groups == group])) == 1 for group in set(groups))
    again = assign_groups(groups, kinds, [1 / parts] * parts, seed=seed)
    np.testing.assert_array_equal(part_of, again)


def test_classes_are_spread_as_evenly_as_groups_allow():
    groups = np.repeat(np.arange(40), 5)
    kinds = np.repeat(np.arange(40) % 4 == 0, 5).astype(int)  # a quarter of the groups
    part_of = assign_groups(groups, kinds, [0.2] * 5, seed=0)
    assert [kinds[part_of == part].sum() for part in range(5)] == [10] * 5


def test_the_only_group_of_a_class_is_learnt_from():
    frame = patients()
    frame.loc[frame["patient"] == "p3", "better"] = "much"
    for seed in range(4):
        dataset = prepare(frame, "better", drop=["effect"], seed=seed, group_column="patient")
        assert "p3" not in parts_of(frame, dataset)[0]


def of_classes(*classes):
    """Ten rows of a group for each class that is given."""
    rng = np.random.default_rng(0)
    rows = 10 * len(classes)
    who = np.repeat(np.arange(len(classes)), 10)
    return pd.DataFrame({"dose": rng.normal(size=rows), "patient": who, "y": np.array(classes)[who]})


@pytest.mark.parametrize("classes", ["ppqq", "ppqqrs", "pppqqqrr", "ppqrst" + "p" * 6])
def test_a_class_of_few_groups_is_learnt_from_where_that_can_be(classes):
    for seed in range(12):
        dataset = prepare(of_classes(*classes), "y", seed=seed, group_column="patient")
        assert {*dataset.y_train.tolist()} == set(range(len(set(classes))))
        assert min(dataset.rows.values()) > 0


def test_every_class_is_brought_from_the_validation_rows_and_the_test_rows_stay():
    groups = np.repeat(np.arange(6), 5)
    split = {"column": "g", "validation": 0.15, "test": 0.15}
    moved = 0
    for seed in range(60):
        classes = np.repeat(np.random.default_rng(seed).permutation([0, 0, 1, 1, 2, 3]), 5)
        was = split_by_groups(groups, classes, **split, seed=seed)
        now = split_by_groups(groups, classes, **split, seed=seed, classes=True)
        either = np.concatenate([was.train, was.validation])
        if {*classes[either]} == {*classes}:
            np.testing.assert_array_equal(now.test, was.test)  # folds of an older study hold the same rows
        if {*classes[was.train]} == {*classes}:
            np.testing.assert_array_equal(now.train, was.train)
        else:
            moved += {*classes[now.train]} == {*classes}
    assert moved


def test_classes_of_too_few_groups_are_refused_for_what_they_are():
    with pytest.raises(
        DataError, match=r"a group of 'patient' are kept together.*leave `group_column` out"
    ) as told:
        prepare(of_classes(*"pqrs"), "y", group_column="patient")
    assert "time" not in str(told.value)


def test_fewer_groups_than_folds_give_fewer_folds_and_say_so():
    dataset = prepare(patients(groups=4), "effect", drop=["better"], folds=5, group_column="patient")
    assert dataset.folds == 3
    assert dataset.folds_reason == "3 instead of 5, since there are 3 groups that are not for the test"


def test_a_group_in_both_tables_is_told():
    frame = patients()
    told = prepare(frame[:200], "effect", drop=["better"], test=frame[200:], folds=2, group_column="patient")
    [warning] = [line for line in told.notes if line.startswith("warning: ")]
    assert "groups of 'patient' are in the table and in the test table" in warning
    apart = frame["patient"].isin([f"p{n}" for n in range(10)])
    fine = prepare(frame[~apart], "effect", drop=["better"], test=frame[apart], group_column="patient")
    assert not any(line.startswith("warning: ") for line in fine.notes)


@pytest.mark.parametrize(
    "spell", [float, lambda one: str(float(one)), str, lambda one: f" {one}"], ids=["float", "1.0", "1", " 1"]
)
def test_a_group_in_both_tables_is_told_however_it_is_spelled(spell):
    frame = patients().drop(columns="better")
    frame["patient"] = frame["patient"].str.removeprefix("p").astype(int)
    test = frame[200:].reset_index(drop=True)
    shared = test["patient"].iloc[1:].isin(frame["patient"][:200])
    test["patient"] = pd.Series([None, *map(spell, test["patient"].iloc[1:])])
    told = prepare(frame[:200], "effect", test=test, folds=2, group_column="patient").notes
    [warning] = [line for line in told if line.startswith("warning: ")]
    assert f"{shared.sum()} test rows" in warning


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"patient": "p1"}, {}, "take 3 groups; column 'patient' has 1"),
        ({"patient": "p1"}, {"test": patients()}, "take 2 groups; column 'patient' has 1"),
        ({}, {"group_column": "doctor"}, "has none for `group_column='doctor'`; name one that it has"),
        ({}, {"group_column": "effect"}, "something else than the target"),
        ({}, {"time_order": True}, "by time or by groups; got both"),
        ({"patient": [None, *["p1", "p2", "p3"] * 79, "p1", "p2"]}, {}, "is empty in 1 rows"),
    ],
)
def test_groups_that_cannot_be_kept_together_are_refused(change, options, words):
    frame = patients().assign(**change)
    with pytest.raises(DataError) as caught:
        prepare(frame, "effect", **{"drop": ["better"], "group_column": "patient", **options})
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
