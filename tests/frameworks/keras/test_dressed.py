"""Numbers as people have them become arrays before Keras sees them; what is no number is told in one line."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

from sturgeon.errors import DataError
from sturgeon.frameworks.keras.data import plain_data

X = np.array([[1.0, 2.0], [3.0, 4.5], [5.0, 6.0]])
Y = np.array([0, 1, 1])
FRAME = pd.DataFrame(X, columns=["a", "b"])


@pytest.mark.parametrize(
    "x",
    [
        FRAME.astype(object),
        FRAME.astype("Float32"),
        FRAME.astype("float[pyarrow]"),
        FRAME.astype({"a": "Int64"}),
        FRAME.astype(pd.SparseDtype("float32")),
        FRAME.map(lambda value: Decimal(str(value))),
        FRAME.set_axis([0, 0], axis=1),
        polars.DataFrame(X),
        pyarrow.table({"a": X[:, 0], "b": X[:, 1]}),
        X.astype(object),
        X.tolist(),
        tuple(map(tuple, X.tolist())),
        list(X),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_numbers_in_dress_are_arrays(x):
    got, targets = plain_data((x, Y.tolist()), "train_data")
    assert got.dtype.kind in "if"
    assert got.tolist() == X.tolist()
    assert targets.tolist() == Y.tolist()


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pd.Series([True, False, True], dtype="boolean"), [1, 0, 1]),
        (pd.Series([1, None, 3], dtype="Int64"), [1, np.nan, 3]),
        (pd.Series([1, None, 3], dtype=object), [1, np.nan, 3]),
        (pd.Series([2**40, 1, 2], dtype=object), [2**40, 1, 2]),
    ],
)
def test_columns_that_are_true_missing_or_whole(column, values):
    got, targets = plain_data((column.to_frame("a"), column), "train_data")
    assert np.array_equal(got[:, 0], values, equal_nan=True)
    assert np.array_equal(targets, values, equal_nan=True)


def test_several_inputs_and_names_stay_apart():
    parts, _ = plain_data(((X, FRAME.astype(object)), Y), "train_data")
    assert [part.tolist() for part in parts] == [X.tolist()] * 2
    named, _ = plain_data(({"one": FRAME.astype("Float64"), "two": X}, Y), "train_data")
    assert [named[name].tolist() for name in ("one", "two")] == [X.tolist()] * 2


def test_tensors_of_a_dataset_of_pytorch_are_taken():
    torch = pytest.importorskip("torch")
    made = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    assert [part.tolist() for part in plain_data(made, "train_data")] == [X.tolist(), Y.tolist()]


class Rows:
    """As PyTorch's own data sets of single rows, by their base class."""

    __module__ = "torch.utils.data.dataset"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((FRAME.assign(b="red"), Y), "column 'b' in x of `train_data` holds 'red' (str)"),
        ((FRAME.astype(str), Y), "column 'a' in x of `train_data` holds '1.0' (str)"),
        ((FRAME.assign(b=pd.Timestamp("2020-01-01")), Y), "holds '2020-01-01 00:00:00'"),
        ((FRAME.assign(a=pd.Categorical(["u", "v", "u"])), Y), "column 'a' in x"),
        ((X, np.array(["yes", "no", "no"])), "y of `train_data` holds 'yes' (str)"),
        ((X, ["yes", "no", "no"]), "y of `train_data` holds 'yes' (str)"),
        (([[1, 2], [3], [4]], Y), "Rows must have one length; those of x of `train_data`"),
        ((X, Y[:2]), "it has 3 in x, 2 in y"),
        ((X, Y, np.ones(4)), "3 in y, 4 in the weights"),
        ((X[:0], Y[:0]), "it has 0 in x, 0 in y"),
        ("rows.csv", "got str 'rows.csv'"),
        ({"x": X, "y": Y}, "must be (x, y), or something that gives batches; got dict"),
        ((X,), "got a tuple of 1"),
        (type("Dataset", (Rows,), {"__module__": Rows.__module__})(), "Wrap it: torch.utils.data.DataLoader"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_what_keras_cannot_learn_from_is_told_in_one_line(data, message):
    with pytest.raises(DataError) as caught:
        plain_data(data, "train_data")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
