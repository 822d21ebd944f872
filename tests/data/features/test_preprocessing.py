"""Columns to inputs: normalised by training rows, one way for training and prediction."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sturgeon.data import ClassTarget, NumericTarget, Preprocessing, fit_preprocessing
from sturgeon.data.features.cells import category_key
from sturgeon.data.features.scale import Scale, fit_scale
from sturgeon.errors import DataError

CLASSES = ClassTarget("fish", ("no", "yes"))
FRAME = pd.DataFrame(
    {
        "length": [1.0, 2.0, 4.0, 9.0],
        "weight": [1.0, None, 3.0, 8.0],
        "river": ["Elbe", "Volga", None, "Volga"],
        "caught": [True, False, True, True],
        "planet": ["Earth"] * 4,
        "zero": [0.0] * 4,
    }
)


@pytest.fixture(name="fitted")
def fixture_fitted() -> Preprocessing:
    return fit_preprocessing(FRAME, CLASSES)


def test_features_are_named_and_constant_columns_are_reported(fitted):
    assert fitted.feature_names == (
        "length",
        "weight",
        "weight is missing",
        "river=Elbe",
        "river=Volga",
        "river is missing",
        "caught=False",
        "caught=True",
    )
    assert fitted.dropped == ("planet", "zero")


def test_every_input_has_mean_0_and_deviation_1_on_training_rows(fitted):
    inputs = fitted.transform(FRAME)
    assert inputs.dtype == np.float32
    assert inputs.flags.c_contiguous
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs.std(axis=0), 1, atol=1e-6)


def test_the_deviation_divides_by_n(fitted):
    length = FRAME["length"]
    expected = (length - length.mean()) / length.std(ddof=0)
    np.testing.assert_allclose(fitted.transform(FRAME)[:, 0], expected, rtol=1e-6)


def test_a_missing_number_becomes_the_median_and_is_marked(fitted):
    inputs = fitted.transform(FRAME)
    filled = fitted.transform(FRAME.assign(weight=[1.0, 3.0, 3.0, 8.0]))
    np.testing.assert_array_equal(inputs[:, 1], filled[:, 1])
    assert inputs[1, 2] > 0 > inputs[0, 2]


def test_columns_are_found_by_name_whatever_their_order_and_company(fitted):
    shuffled = FRAME[FRAME.columns[::-1]].assign(extra="x").set_index(pd.Index([7, 7, 8, 9]))
    np.testing.assert_array_equal(fitted.transform(shuffled), fitted.transform(FRAME))


def test_a_row_is_transformed_alike_alone_and_among_others(fitted):
    alone = np.concatenate([fitted.transform(FRAME.iloc[[row]]) for row in range(4)])
    np.testing.assert_array_equal(alone, fitted.transform(FRAME))


def test_types_that_differ_but_mean_the_same_give_the_same_inputs(fitted):
    as_text = FRAME.astype(object).assign(
        length=["1", "2.0", " 4", "9"],
        caught=["True", "False", "True", " True"],
        river=["Elbe ", "Volga", "?", "Volga"],
    )
    np.testing.assert_array_equal(fitted.transform(as_text), fitted.transform(FRAME))


def test_a_new_category_is_0_in_every_feature_and_counted(fitted):
    new = FRAME.assign(
        river=["Amur", "Volga", None, "Oder"], caught=[None, True, True, True], length=[None, 2, 4, 9]
    )
    assert fitted.count_unseen(new) == {"length": 1, "river": 2, "caught": 1}
    assert fitted.count_unseen(FRAME) == {}
    raw = [
        scale.undo(value)
        for scale, value in zip(fitted.columns[2].scales, fitted.transform(new)[0, 3:6], strict=True)
    ]
    np.testing.assert_allclose(raw, 0, atol=1e-6)


def test_a_constant_column_is_not_needed_afterwards(fitted):
    np.testing.assert_array_equal(
        fitted.transform(FRAME.drop(columns=["planet", "zero"])), fitted.transform(FRAME)
    )


def test_a_number_that_is_constant_where_present_still_tells_by_its_absence():
    fitted = fit_preprocessing(pd.DataFrame({"a": [2.0, None, 2.0]}), CLASSES)
    assert fitted.feature_names == ("a is missing",)


def test_kinds_can_be_overruled():
    frame = pd.DataFrame({"code": [1, 2, 1], "flag": [True, False, True]})
    fitted = fit_preprocessing(frame, CLASSES, categorical=["code"], numeric=["flag"])
    assert fitted.feature_names == ("code=1", "code=2", "flag")
    later = pd.DataFrame({"code": [2.0, None], "flag": [False, True]})
    assert fitted.transform(later)[0, 1] > 0 > fitted.transform(later)[1, 1]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            {"length": ["1", "2", "long", "9"]},
            ["'long'", "'length'", "row 3", "new.csv", "leave the cell empty"],
        ),
        ({"length": [1.0, np.inf, 2.0, 3.0]}, ["finite", "inf", "'length'", "row 2", "new.csv"]),
        ({"river": [["a"], ["b"], [], []]}, ["'river'", "list", "numbers, texts or Booleans"]),
    ],
)
def test_a_bad_cell_is_named_by_column_row_and_value(fitted, change, parts):
    with pytest.raises(DataError) as caught:
        fitted.transform(FRAME.assign(**change), "new.csv")
    for part in parts:
        assert part in str(caught.value)


def test_a_number_too_large_for_32_bits_is_refused_where_no_range_is_known():
    unbounded = fit_preprocessing(FRAME, CLASSES, bounds=False)
    with pytest.raises(DataError, match=r"32-bit.*1e\+300 in column 'length', row 2"):
        unbounded.transform(FRAME.assign(length=[1.0, 1e300, 2.0, 3.0]))


def test_a_missing_column_is_named_with_the_nearest_there_is(fitted):
    with pytest.raises(DataError, match=r"new.csv lacks 'length'; add it \(did you mean 'Lenght'\?\)"):
        fitted.transform(FRAME.rename(columns={"length": "Lenght"}), "new.csv")


def test_the_target_of_new_rows_is_encoded_like_the_training_rows(fitted):
    new = pd.DataFrame({"fish": ["yes", "no"], "length": [1, 2]}, index=[5, 5])
    assert fitted.encode_target(new).tolist() == [1, 0]
    with pytest.raises(DataError, match=r"'maybe'.*known are 'no', 'yes'"):
        fitted.encode_target(pd.DataFrame({"fish": ["maybe"]}))
    with pytest.raises(DataError, match=r"new.csv lacks 'fish'"):
        fitted.encode_target(FRAME, "new.csv")


def test_two_columns_of_a_needed_name_are_refused(fitted):
    with pytest.raises(DataError, match=r"two called 'length'"):
        fitted.transform(pd.concat([FRAME, FRAME[["length"]]], axis=1))


def test_true_and_1_are_different_categories_whatever_comes_first():
    frame = pd.DataFrame({"c": pd.Series([True, 1, "a", 1], dtype=object)})
    fitted = fit_preprocessing(frame, CLASSES)
    assert fitted.feature_names == ("c=1", "c=True", "c=a")
    np.testing.assert_array_equal(fitted.transform(frame.iloc[::-1])[::-1], fitted.transform(frame))


def test_a_forced_number_that_is_text_is_refused():
    with pytest.raises(DataError, match=r"'Elbe' in column 'river', row 1"):
        fit_preprocessing(FRAME, CLASSES, numeric=["river"])


def test_nothing_that_varies_is_an_error():
    with pytest.raises(DataError, match=r"at least one input column that varies.*'planet'"):
        fit_preprocessing(FRAME[["planet"]], CLASSES)


def test_json_keeps_every_bit(fitted):
    again = Preprocessing.from_json(fitted.to_json())
    assert again == fitted
    np.testing.assert_array_equal(again.transform(FRAME), fitted.transform(FRAME))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 1}', "null", '{"version": 1, "columns": [{}]}']
)
def test_json_that_is_not_a_preprocessing_is_refused(text):
    with pytest.raises(DataError, match="stored preprocessing must"):
        Preprocessing.from_json(text)


def test_json_of_another_version_is_refused(fitted):
    later = json.dumps(json.loads(fitted.to_json()) | {"version": 99})
    with pytest.raises(DataError, match="version 99"):
        Preprocessing.from_json(later)


def test_decode_and_restore_are_for_their_own_task(fitted):
    assert fitted.decode(np.array([1, 0])).tolist() == ["yes", "no"]
    with pytest.raises(DataError, match="use `decode`"):
        fitted.restore_target(np.zeros(1))
    regression = fit_preprocessing(FRAME, NumericTarget("y", Scale(1.0, 2.0)))
    assert regression.restore_target(np.array([[1.0]], dtype=np.float32)).tolist() == [[3.0]]
    with pytest.raises(DataError, match="use `restore_target`"):
        regression.decode(np.array([0]))


cells = st.one_of(
    st.none(), st.sampled_from(["a", "b", "?", "", " c", "1"]), st.booleans(), st.integers(-2, 2)
)
numbers = st.one_of(st.none(), st.floats(-1e6, 1e6))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(cells, numbers), min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_any_small_table_gives_finite_inputs_that_survive_json_and_row_order(rows, random):
    frame = pd.DataFrame({"c": [c for c, _ in rows], "n": [n for _, n in rows]}, dtype=object)
    try:
        fitted = fit_preprocessing(frame, CLASSES, categorical=["c"], numeric=["n"])
    except DataError as error:
        assert "varies" in str(error)  # noqa: PT017
        return
    inputs = fitted.transform(frame)
    assert np.isfinite(inputs).all()
    assert Preprocessing.from_json(fitted.to_json()) == fitted
    assert fitted.count_unseen(frame) == {}
    order = random.sample(range(len(rows)), len(rows))
    np.testing.assert_array_equal(fitted.transform(frame.iloc[order]), inputs[order])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e150, 1e150)))
def test_a_scale_and_its_inverse_cancel(values):
    scale = fit_scale(values)
    if scale is None:
        assert np.ptp(values) < 1e-300
        return
    scaled = scale.apply(values)
    np.testing.assert_allclose(scale.undo(scaled), values, rtol=1e-9, atol=1e-9 * np.abs(values).max())


@settings(max_examples=50, deadline=None, derandomize=True)
@given(hnp.arrays(np.float64, st.integers(2, 30), elements=st.floats(-1e6, 1e6)), st.integers(-900, 900))
def test_a_scale_does_not_depend_on_the_unit_or_the_order(values, exponent):
    values = np.round(values, 3)
    scale = fit_scale(values)
    if scale is None:
        return
    assert fit_scale(values[::-1]) == scale
    assert fit_scale(np.ldexp(values, exponent)) == Scale(
        np.ldexp(scale.mean, exponent), np.ldexp(scale.std, exponent)
    )


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (1, "1"), (1.0, "1"), (np.int8(1), "1"), (1.5, "1.5"), (True, "True"), (np.bool_(False), "False"),
        (" a b ", "a b"), ("?", None), ("", None), (None, None), (float("nan"), None), (pd.NA, None),
        (pd.NaT, None), (Decimal("2.0"), "2"),
    ],
)  # fmt: skip
def test_equal_categories_have_equal_keys(value, key):
    assert category_key(value) == key
