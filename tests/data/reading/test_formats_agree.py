"""Every format reads the same table the same way: what is learnt from one predicts from the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.data import prepare, read_table
from sturgeon.errors import DataError

ROWS = 30
CODES = ["01", "1", "007", "7", "10", "1.0", "1.50"]
WORDS = ["Elbe", "été", "NA", "None", "true", "True", "01", "1,000", ""]
LONG = [1234567890123456701, 1234567890123456702, -(2**60) - 1, None]
SHORT = [1, 2, 10, None]
FLOATS = [0.5, 1.0, -2.25, 1e-7, None]


def texts(values):
    return pd.Series(values, dtype="str")


def whole(values):
    return pd.Series(pd.array(values, dtype="Int64"))


def floats(values):
    return pd.Series(values, dtype=float)


def booleans(values):
    return pd.Series(values, dtype=bool)


KINDS = {
    "codes": (CODES, texts, False),
    "words": (WORDS, texts, False),
    "asked codes": (CODES, texts, True),
    "asked whole": (LONG, whole, True),
    "asked floats": (FLOATS, floats, True),
    "whole": (SHORT, whole, False),
    "floats": (FLOATS, floats, False),
    "Booleans": ([True, False], booleans, False),
}
LABELS = [["007", "042", "7"], ["yes", "no"], ["None", "NA", "yes"], ["true", "false"], ["01", "02", "10"]]


@st.composite
def tables(draw):
    """A table of odd columns, and which of them are said to be categories."""
    columns, asked = {"x": pd.Series(np.arange(ROWS) / 8)}, []
    for number in range(draw(st.integers(1, 3))):
        values, series, is_asked = KINDS[draw(st.sampled_from(sorted(KINDS)))]
        few = draw(st.lists(st.sampled_from(values), min_size=2, max_size=4))
        order = draw(st.permutations(range(ROWS)))
        columns[f"c{number}"] = series([few[place % len(few)] for place in order])
        asked += [f"c{number}"] * is_asked
    labels = draw(st.sampled_from(LABELS))
    columns["y"] = texts([labels[row % len(labels)] for row in range(ROWS)])
    return pd.DataFrame(columns), asked


def write_all(folder, frame, asked):
    """The table in every format; a workbook holds 15 digits of a number, so it takes longer ones as text."""
    paths = [*write_both(folder, frame), *(folder / f"t.{form}" for form in ("feather", "jsonl", "xlsx"))]
    frame.to_feather(paths[2])
    frame.to_json(paths[3], orient="records", lines=True, double_precision=15)
    frame.astype({name: "str" for name in asked if frame[name].dtype == "Int64"}).to_excel(
        paths[4], index=False
    )
    return paths


def write_both(folder, frame):
    paths = folder / "t.csv", folder / "t.parquet"
    frame.to_csv(paths[0], index=False)
    frame.to_parquet(paths[1], index=False)
    return paths


@settings(max_examples=12, deadline=None, derandomize=True)
@given(tables())
def test_what_is_learnt_from_one_format_is_the_same_on_the_others(tmp_path_factory, table):
    frame, asked = table
    paths = write_all(tmp_path_factory.mktemp("formats"), frame, asked)
    datasets = [prepare(path, "y", categorical=asked, decimal=".") for path in paths]
    first = datasets[0]
    for dataset, path in zip(datasets, paths, strict=True):
        for part in ("x_train", "y_train", "x_validation", "y_validation", "x_test", "y_test"):
            np.testing.assert_array_equal(getattr(dataset, part), getattr(first, part), path.suffix)
        assert dataset.task == "classification"
    for dataset in (first, datasets[-1]):
        fitted = dataset.preprocessing
        read = [fitted.read(path) for path in paths]
        inputs, codes = fitted.transform(read[0]), fitted.encode_target(read[0])
        assert fitted.decode(codes).astype(str).tolist() == frame["y"].tolist()
        for each in read[1:]:
            np.testing.assert_array_equal(fitted.transform(each), inputs)
            np.testing.assert_array_equal(fitted.encode_target(each), codes)
            assert fitted.count_unseen(each) == fitted.count_unseen(read[0])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_long_whole_numbers_stay_apart_though_a_cell_is_missing(tmp_path, form):
    frame = pd.DataFrame({"x": np.arange(40.0), "id": whole([1234567890123456701, 1234567890123456702] * 20)})
    frame["y"] = ["a", "b"] * 20
    frame.loc[7, "id"] = pd.NA
    path = write_both(tmp_path, frame)[form == "parquet"]
    fitted = prepare(path, "y", categorical=["id"]).preprocessing
    assert fitted.columns[1].categories == ("1234567890123456701", "1234567890123456702")
    assert "id" not in fitted.count_unseen(fitted.read(path).drop(index=7))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_words_for_missing_are_missing_in_features_and_labels_are_labels(tmp_path, form):
    frame = pd.DataFrame(
        {"x": np.arange(30.0), "c": ["None", "Elbe", "NA"] * 10, "y": ["None", "NA", "yes"] * 10}
    )
    path = write_both(tmp_path, frame)[form == "parquet"]
    dataset = prepare(path, "y")
    assert dataset.preprocessing.feature_names == ("x", "c=Elbe", "c is missing")
    assert dataset.preprocessing.target.labels == ("NA", "None", "yes")
    assert any("20 cells of column 'c'" in note and "'NA', 'None'" in note for note in dataset.notes)
    assert any("'None', 'NA' of the target are classes" in note for note in dataset.notes)
    other = prepare(path, "y", missing=[])
    assert other.preprocessing.feature_names == ("x", "c=Elbe", "c=NA", "c=None")
    assert not any("missing, as" in note for note in other.notes)
    reread = type(other.preprocessing).from_json(other.preprocessing.to_json())
    assert reread == other.preprocessing
    assert reread.count_unseen(reread.read(path)) == {}
    with pytest.raises(DataError, match=r"every row must have a target; .* missing in 10 of 30"):
        prepare(path, "y", missing=["NA"])


def test_the_words_can_be_others(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,x\n-,unknown\nNA,NA\n")
    frame = read_table(path, missing=["-", "unknown"])
    assert frame["a"].tolist()[0] == "1"
    assert frame["a"].isna().tolist() == [False, True, False]
    assert frame["b"].isna().tolist() == [False, True, False]
