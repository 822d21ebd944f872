"""Cells and labels are as they are spelled; what is ambiguous is asked for in one line."""

from __future__ import annotations

from unicodedata import normalize

import numpy as np
import pandas as pd
import pytest

from sturgeon.data import prepare
from sturgeon.data.features.kinds import find_kind
from sturgeon.data.splits import split_at_random
from sturgeon.errors import DataError

ROWS = 60


def table(tmp_path, **columns):
    path = tmp_path / "t.csv"
    frame = pd.DataFrame({"x": np.arange(ROWS) / 8, **columns})
    frame.to_csv(path, index=False)
    return path


def repeated(*values):
    return [values[row % len(values)] for row in range(ROWS)]


@pytest.mark.parametrize("labels", [("007", "042", "7"), ("01", "02", "10"), ("-01", "1")])
def test_labels_with_leading_zeros_are_classes_and_come_back_so(tmp_path, labels):
    path = table(tmp_path, y=repeated(*labels))
    dataset = prepare(path, "y")
    assert dataset.task == "classification"
    assert "leading zeros" in dataset.task_reason
    decoded = dataset.preprocessing.decode(dataset.y_test).tolist()
    assert decoded == [labels[row % len(labels)] for row in dataset.test_rows]


def test_numbers_that_begin_with_a_zero_and_a_point_stay_numbers(tmp_path):
    path = table(tmp_path, a=repeated("0.5", "-0.25", "0", "10"), y=repeated("0.1", "0.2", "0.35"))
    dataset = prepare(path, "y")
    assert (dataset.task, dataset.features, dataset.notes) == ("regression", 2, ())


def test_columns_with_leading_zeros_are_categories_unless_said_to_be_numbers(tmp_path):
    path = table(tmp_path, zip=repeated("01", "1", "020"), y=repeated("a", "b"))
    dataset = prepare(path, "y")
    assert dataset.preprocessing.feature_names == ("x", "zip=01", "zip=020", "zip=1")
    assert dataset.notes == ("column 'zip' is taken as 3 categories, as its cells have leading zeros ('01')",)
    assert prepare(path, "y", numeric=["zip"]).preprocessing.feature_names == ("x", "zip")


def fixed_width(form):
    return [format(float(number), form) for number in np.random.default_rng(0).uniform(0, 200, ROWS)]


@pytest.mark.parametrize("word", ["", "NA", "-"])
def test_decimals_of_a_fixed_width_are_numbers(tmp_path, word):
    cells, target = fixed_width("06.2f"), fixed_width("05.1f")
    assert any(cell.startswith("0") for cell in cells)
    cells[7] = word
    path = table(tmp_path, a=cells, y=target)
    dataset = prepare(path, "y")
    assert (dataset.task, dataset.preprocessing.feature_names[:2]) == ("regression", ("x", "a"))
    plain = pd.read_csv(path, na_values=["-"])
    assert dataset.fingerprint == prepare(plain, "y").fingerprint
    assert dataset.fingerprint == prepare(plain.assign(y=target), "y", task="regression").fingerprint
    assert prepare(path, "y", categorical=["a"]).preprocessing.unrepeated == ("a",)
    old = prepare(path, "y", task="regression", alike=False)
    assert old.preprocessing.feature_names == ("x",)  # as a study of before had it


def test_decimals_beside_codes_or_words_are_no_numbers(tmp_path):
    path = table(tmp_path, a=repeated("007", "01.5"), b=repeated("01.50", "low"), y=repeated("01.5", "NA"))
    dataset = prepare(path, "y")
    assert dataset.preprocessing.feature_names == ("x", "a=007", "a=01.5", "b=01.50", "b=low")
    assert dataset.preprocessing.target.labels == ("01.5", "NA")


def test_a_decimal_comma_may_have_a_fixed_width_too(tmp_path):
    cells = [cell.replace(".", ",") for cell in fixed_width("06.2f")]
    dataset = prepare(table(tmp_path, a=cells, y=repeated("a", "b")), "y")
    assert dataset.preprocessing.feature_names == ("x", "a")


def test_codes_of_many_values_are_pooled_and_in_an_old_study_asked_for():
    codes = pd.Series([f"{number:04}" for number in range(100)], name="zip")
    assert find_kind(codes, "the table") == "pooled"
    with pytest.raises(DataError, match=r"leading zeros .'0000'.*numeric zip.*categorical zip"):
        find_kind(codes, "the table", pools=False)


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        ([f"{1 + row % 9},000" for row in range(ROWS)], ["plain numbers", "'1,000' in row 1"]),
        ([f"{1 + row % 9}.000 €" for row in range(ROWS)], ["plain numbers", "'1.000 €' in row 1", "decimal"]),
        (["n" if row == 4 else f"{row}%" for row in range(ROWS)], ["must hold nothing else", "'n' in row 5"]),
        (["unknown" if row in (4, 9) else row / 4 for row in range(ROWS)], ["'unknown' in row 5", "97%"]),
        (["NA" if row == 4 else row / 4 for row in range(ROWS)], ["'NA' in row 5"]),
    ],
)
def test_a_target_of_numbers_in_dress_is_asked_for(tmp_path, cells, parts):
    path = table(tmp_path, y=cells)
    with pytest.raises(DataError) as caught:
        prepare(path, "y")
    for part in (*parts, "column 'y'", "task='classification'"):
        assert part in str(caught.value)


def test_classes_among_numbers_are_classes_when_asked_for(tmp_path):
    path = table(tmp_path, y=repeated("1,000", "2,000"))
    assert prepare(path, "y", task="classification").preprocessing.target.labels == ("1,000", "2,000")
    assert prepare(table(tmp_path, y=repeated("1", "2", "none of these")), "y").outputs == 3


def test_categories_that_look_like_numbers_are_told(tmp_path):
    path = table(tmp_path, price=repeated("1,000 €", "2,000 $", "900"), y=repeated("a", "b"))
    note = "column 'price' is taken as 3 categories, though its cells look like numbers ('1,000 €')"
    assert prepare(path, "y").notes == (note,)


def test_a_rare_class_is_in_every_part_and_nothing_else_moves():
    strata = np.repeat([0, 1, 2], [1500, 1500, 3])
    for seed in range(20):
        shares = {"validation": 0.15, "test": 0.15, "seed": seed}
        split = split_at_random(strata, **shares, each_in_every_part=True)
        before = split_at_random(strata, **shares)
        parts = (split.train, split.validation, split.test)
        old = (before.train, before.validation, before.test)
        assert [len(part) for part in parts] == [len(part) for part in old]
        assert sorted(np.concatenate(parts)) == list(range(len(strata)))
        assert all(set(strata[part]) == {0, 1, 2} for part in parts)
        assert sum(len(np.setdiff1d(one, other)) for one, other in zip(parts, old, strict=True)) <= 6
    plain = np.repeat([0, 1], 100)
    one, other = (
        split_at_random(plain, validation=0.2, test=0.2, seed=1, each_in_every_part=e) for e in (0, 1)
    )
    np.testing.assert_array_equal(one.test, other.test)


def test_a_part_that_lacks_a_class_is_told(tmp_path):
    labels = ["rare" if row < 2 else "ab"[row % 2] for row in range(ROWS)]
    dataset = prepare(table(tmp_path, y=labels), "y")
    assert dataset.notes[-1].endswith("part has no row of class 'rare': its metrics say nothing of it")
    ordered = prepare(table(tmp_path, y=labels), "y", time_order=True)
    assert [note.split()[1] for note in ordered.notes] == ["validation", "test"]


@pytest.mark.parametrize("largest", ["1e155", "-2e200"])
def test_a_target_whose_squares_overflow_is_refused_at_once(tmp_path, largest):
    cells = [largest if row == 3 else row for row in range(ROWS)]
    with pytest.raises(DataError, match=r"squared; column 'y' of .* in row 4; write it in another unit"):
        prepare(table(tmp_path, y=cells), "y")


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("others", ["whole", "text"])
def test_a_cell_of_many_digits_gets_a_short_line(tmp_path, digits, others):
    cells = [("1" * digits if row == 3 else row if others == "whole" else row / 4) for row in range(ROWS)]
    with pytest.raises(DataError, match=r"column 'a'.* row 4") as caught:
        prepare(table(tmp_path, a=cells, y=repeated("a", "b")), "y")
    assert len(str(caught.value)) < 400


def test_names_are_compared_as_they_look(tmp_path):
    decomposed, composed = "gro\u0308\u00dfe", "gr\u00f6\u00dfe"
    path = table(tmp_path, **{decomposed: repeated("01", "1"), "y": repeated("a", "b")})
    assert prepare(path, composed).target == decomposed
    fitted = prepare(path, "y", categorical=[composed]).preprocessing
    frame = fitted.read(path).rename(columns={decomposed: composed})
    assert fitted.count_unseen(frame) == {}


def test_names_of_a_test_table_are_compared_as_they_look():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"gr\u00f6\u00dfe": rng.normal(size=90), "w\u00e4r": np.arange(90) // 3})
    frame["y"] = frame["gr\u00f6\u00dfe"]
    test = frame[60:].rename(columns=lambda name: normalize("NFD", name))
    for group in ("w\u00e4r", "wa\u0308r"):
        dataset = prepare(frame[:63], "y", test=test, group_column=group)
        assert dataset.rows["test"] == 30
        assert dataset.preprocessing.feature_names == ("gr\u00f6\u00dfe",)
        assert any("1 groups of 'w\u00e4r' are in the table" in note for note in dataset.notes)


def test_an_old_study_reads_as_it_did(tmp_path):
    path = table(tmp_path, zip=repeated("01", "1", "020"), y=repeated("007", "042", "7"))
    dataset = prepare(path, "y", as_spelled=False)
    assert dataset.preprocessing.feature_names == ("x", "zip")
    assert dataset.preprocessing.target.labels == (7, 42)
    assert dataset.notes == ()
    assert "missing_words" not in dataset.preprocessing.to_json()
