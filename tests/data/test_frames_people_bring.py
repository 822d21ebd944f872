"""Data frames of every type, and arrays: the same inputs as from the file, or one clear line."""

from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse

from sturgeon.data import prepare
from sturgeon.data.features.columns import CategoricalColumn, NumericColumn
from sturgeon.errors import DataError

ROWS = 60
DAYS = [datetime.date(2020, 1, 1 + row % 28) for row in range(ROWS)]
MOMENTS = pd.date_range("2020-01-15 12:05", periods=ROWS, freq="7h")


def repeated(*values) -> list:
    return [values[row % len(values)] for row in range(ROWS)]


def frame_of(cells) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(ROWS) / 8, "y": repeated("a", "b"), "c": cells})


def of_arrow(cells, kind=None) -> pd.Series:
    array = pa.array(cells, kind)
    return pd.Series(cells, dtype=pd.ArrowDtype(array.type))


AS_FROM_A_FILE = {
    # a kind of column: its cells, and whether they are numbers (True) or categories (False)
    "whole numbers that may lack": (pd.array(repeated(1, 2, None), "Int64"), True),
    "floats that may lack": (pd.array(repeated(1.5, 2, None), "Float32"), True),
    "Booleans that may lack": (pd.array(repeated(True, False, None), "boolean"), False),
    "texts": (pd.array(repeated("u", "v", None), "string"), False),
    "texts of Arrow": (pd.array(repeated("u", "v", None), "string[pyarrow]"), False),
    "Arrow's whole numbers": (of_arrow(repeated(1, 2, None), pa.int64()), True),
    "Arrow's floats": (of_arrow(repeated(1.5, 2.0, None), pa.float32()), True),
    "Arrow's texts": (of_arrow(repeated("u", "v", None), pa.string()), False),
    "Arrow's large texts": (of_arrow(repeated("u", "v", None), pa.large_string()), False),
    "Arrow's Booleans": (of_arrow(repeated(True, False, None), pa.bool_()), False),
    "Arrow's categories": (of_arrow(repeated("u", "v", None), pa.dictionary(pa.int8(), pa.string())), False),
    "Arrow's decimals": (of_arrow([Decimal(row) / 4 for row in range(ROWS)], pa.decimal128(9, 2)), True),
    "Arrow's dates": (of_arrow(DAYS, pa.date32()), True),
    "Arrow's moments": (of_arrow(list(MOMENTS), pa.timestamp("us")), True),
    "Arrow's times": (of_arrow([datetime.time(row % 24) for row in range(ROWS)], pa.time64("us")), True),
    "unused categories": (pd.Categorical(repeated("u", "v"), categories=["u", "v", "w"]), False),
    "ordered categories": (pd.Categorical(repeated("low", "high"), ["low", "high"], ordered=True), False),
    "sparse numbers": (pd.arrays.SparseArray(repeated(0.0, 0.0, 1.5)), True),
    "sparse Booleans": (pd.arrays.SparseArray(repeated(True, False)), False),
    "numbers and texts of them": (pd.Series(repeated(1, "2", 3.5), dtype=object), True),
    "numbers and None": (pd.Series(repeated(1, None, 3), dtype=object), True),
    "fractions": (pd.Series([Fraction(row, 4) for row in range(ROWS)], dtype=object), None),
    "decimals": (pd.Series([Decimal(row) / 4 for row in range(ROWS)], dtype=object), True),
    "dates and texts of them": (pd.Series(repeated(DAYS[0], "2020-02-01"), dtype=object), True),
    "moments and texts of them": (pd.Series(repeated(MOMENTS[0], "2020-02-01 00:00:00"), dtype=object), True),
    "dates and a dash": (pd.Series(repeated(DAYS[0], DAYS[5], "-"), dtype=object), True),
}


@pytest.mark.parametrize("case", AS_FROM_A_FILE)
def test_a_frame_gives_the_inputs_that_its_file_does(case, tmp_path):
    cells, are_numbers = AS_FROM_A_FILE[case]
    frame = frame_of(cells)
    dataset = prepare(frame, "y")
    column = dataset.preprocessing.columns[1]
    assert isinstance(column, CategoricalColumn if are_numbers is False else NumericColumn)
    inputs = dataset.preprocessing.transform(frame)
    np.testing.assert_array_equal(inputs[dataset.test_rows], dataset.x_test)
    np.testing.assert_array_equal(dataset.preprocessing.transform(frame.iloc[::-1])[::-1], inputs)
    if are_numbers is None:  # not written so in a file
        return
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert prepare(tmp_path / "t.csv", "y").preprocessing.feature_names == dataset.preprocessing.feature_names
    read = dataset.preprocessing.read(tmp_path / "t.csv")
    np.testing.assert_allclose(dataset.preprocessing.transform(read), inputs, atol=1e-5)


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["u", "v", "w"]), pl.String])
def test_polars_predicts_what_it_was_tuned_on(kind):
    frame = pl.DataFrame({"x": np.arange(ROWS) / 8, "y": repeated("a", "b")})
    frame = frame.with_columns(pl.Series("c", repeated("u", "v", None), dtype=kind))
    dataset = prepare(frame, "y")
    assert dataset.preprocessing.columns[1].categories == ("u", "v")
    inputs = dataset.preprocessing.transform(frame)
    np.testing.assert_array_equal(inputs[dataset.test_rows], dataset.x_test)
    assert dataset.preprocessing.encode_target(frame).tolist() == repeated(0, 1)


def test_runs_of_equal_cells_in_arrow_are_read():
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([30, ROWS]), pa.array(["u", "v"]))
    table = pa.table({"x": np.arange(ROWS) / 8, "y": repeated("a", "b"), "c": runs})
    assert prepare(table, "y").preprocessing.columns[1].categories == ("u", "v")


def test_masked_cells_are_missing():
    numbers = np.ma.masked_array(
        np.arange(2.0 * ROWS).reshape(ROWS, 2), mask=[[True, False]] * 9 + [[False] * 2] * 51
    )
    features = prepare((numbers, repeated(0, 1)), None).preprocessing.feature_names
    assert features == ("x0", "x0 is missing", "x1")


PLAIN = frame_of(1.0)
CLEAR_LINES = {
    "lists": (frame_of([[1]] * ROWS), "column 'c' of the table holds several values in a cell (list)"),
    "lists of Arrow": (frame_of(of_arrow([[1]] * ROWS)), "values in a cell (list<item: int64>)"),
    "structures of Arrow": (
        frame_of(of_arrow([{f"member {number}": 1 for number in range(60)}] * ROWS)),
        "cell (struct<member 0: int64, member 1: int64, member 2: int64, me…)",
    ),
    "bytes": (frame_of([b"x"] * ROWS), "column 'c' of the table holds bytes"),
    "dates and numbers": (frame_of(pd.Series(repeated(DAYS[0], 5), dtype=object)), "mixes them"),
    "two columns of one name": (PLAIN.set_axis(["x", "y", "x"], axis=1), "columns 1 and 3 of the table"),
    "1 and '1'": (PLAIN.set_axis([1, "y", "1"], axis=1), "are both called '1'"),
    "no name": (PLAIN.set_axis([None, "y", "c"], axis=1), "column 1 of the table has none"),
    "a column alone": (PLAIN["y"], "got Series; a table has columns"),
    "a column of Polars alone": (pl.Series("y", [1]), "got Series; a table has columns"),
    "a lazy frame": (pl.LazyFrame({"y": [1]}), "got LazyFrame; collect it first"),
    "a type that Arrow lacks": (pl.DataFrame({"y": pl.Series([1], dtype=pl.Int128)}), "Arrow cannot take it"),
    "a sparse matrix": ((scipy.sparse.eye(ROWS, format="csr"), repeated(0, 1)), "give X.toarray()"),
    "uneven rows": (([[1, 2], [3]], [0, 1]), "X must be an array of even rows"),
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAR_LINES)
def test_what_cannot_be_taken_is_one_clear_line(case):
    table, words = CLEAR_LINES[case]
    with pytest.raises(DataError) as caught:
        prepare(table, None if isinstance(table, tuple) else "y")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
