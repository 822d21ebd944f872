"""Which columns are numbers, which are categories, and which are refused."""

from __future__ import annotations

import pandas as pd
import pytest

from sturgeon.data.features.kinds import find_kind
from sturgeon.errors import DataError


def column(values: list, **options) -> pd.Series:
    return pd.Series(values, name="c", **options)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3], "numeric"),
        ([1, 1, 2], "numeric"),
        ([1.5, None], "numeric"),
        (["1", "2.5e3", None, " -4"], "numeric"),
        ([None, None], "numeric"),
        ([True, False], "categorical"),
        ([True, None, False], "categorical"),
        (["a", "b", None], "categorical"),
        (["1", "2", "3+"], "categorical"),
        (["0", "1", "2", "3+"] * 30, "categorical"),
    ],
)
def test_the_kind_follows_the_values(values, kind):
    assert find_kind(column(values), "the table") == kind


def test_pandas_categories_and_nullable_types_are_known():
    assert find_kind(column([1, 2], dtype="category"), "t") == "categorical"
    assert find_kind(column([1, None], dtype="Int64"), "t") == "numeric"
    assert find_kind(column([True, None], dtype="boolean"), "t") == "categorical"
    assert find_kind(column(["a", None], dtype="string"), "t") == "categorical"


@pytest.mark.parametrize(
    ("distinct", "rows", "kind"),
    [
        (20, 20, "categorical"),
        (21, 630, "categorical"),
        (21, 629, "pooled"),
        (256, 7680, "categorical"),
        (257, 9000, "pooled"),
    ],
)
def test_categories_are_many_where_few_rows_have_each(distinct, rows, kind):
    assert find_kind(column([f"name {row % distinct}" for row in range(rows)]), "the table") == kind


def test_many_of_pandas_categories_are_pooled_as_texts_are():
    names = [f"name {row % 300}" for row in range(900)]
    assert find_kind(column(names, dtype="category"), "t") == find_kind(column(names), "t") == "pooled"
    assert find_kind(column(names, dtype="category"), "t", alike=False) == "categorical"
    assert find_kind(column(names, dtype="category"), "t", pools=False) == "categorical"
    unused = pd.CategoricalDtype(sorted({*names}))
    assert find_kind(column(["name 0", "name 1"] * 9, dtype=unused), "t") == "categorical"


@pytest.mark.parametrize(
    ("distinct", "rows", "refused"),
    [(20, 20, False), (21, 42, False), (21, 41, True), (256, 5000, False), (257, 5000, True)],
)
def test_an_old_study_refuses_free_text_by_its_many_values(distinct, rows, refused):
    texts = column([f"name {row % distinct}" for row in range(rows)])
    if not refused:
        assert find_kind(texts, "the table", pools=False) == "categorical"
        return
    with pytest.raises(DataError) as caught:
        find_kind(texts, "the table", pools=False)
    for part in ("'c'", f"{distinct} in {rows}", "free text", "--drop c", "--categorical c"):
        assert part in str(caught.value)


def test_a_slip_among_numbers_is_named_with_its_row():
    values: list = [str(number) for number in range(100)]
    values[41] = "4l"
    with pytest.raises(DataError, match=r"'c' of the table has '4l' in row 42;.*--categorical c"):
        find_kind(column(values), "the table")


@pytest.mark.parametrize(
    "values",
    [
        [[1], [2]],
        [1 + 2j, 3j],
        [{"a": 1}, "x"],
    ],
)
def test_lists_and_complex_numbers_are_refused(values):
    with pytest.raises(DataError, match=r"numbers, texts or Booleans; column 'c' of t holds .*--drop c"):
        find_kind(pd.Series(values, name="c"), "t")
