"""Inputs and predictions kept plausible: compressed beyond what training saw, and bounded."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sturgeon.data import ClassTarget, NumericTarget, Preprocessing, fit_preprocessing, prepare
from sturgeon.data.features.scale import Range, Scale, fit_scale
from sturgeon.data.targets import fit_numeric_target
from sturgeon.errors import DataError

CLASSES = ClassTarget("fish", ("no", "yes"))
SHELLS = pd.DataFrame(
    {
        "height": [0.1, 0.15, 0.2, 0.25],
        "weight": [1.0, None, 3.0, 8.0],
        "river": ["Elbe", "Volga", "Volga", "Elbe"],
    }
)
LAST_BIT = 4 * np.finfo(np.float64).eps

seen_numbers = hnp.arrays(np.float64, st.integers(2, 30), elements=st.floats(-1e6, 1e6))
any_number = st.floats(allow_nan=False, allow_infinity=False)


def of_training(values: np.ndarray) -> tuple[Range, Scale] | None:
    scale = fit_scale(values)
    return None if scale is None else (Range(values.min(), values.max()), scale)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seen_numbers, hnp.arrays(np.float64, st.integers(1, 20), elements=any_number))
def test_what_is_outside_is_compressed_in_order_by_at_most_one_deviation(values, others):
    if (fitted := of_training(np.round(values, 3))) is None:
        return
    seen, scale = fitted
    everything = np.sort(np.concatenate([np.round(values, 3), others]))
    normal = seen.normalise(everything, scale)
    inside = seen.holds(everything)
    np.testing.assert_array_equal(normal[inside], scale.apply(everything[inside]))
    low, high = scale.apply(np.array([seen.low, seen.high]))
    assert (normal >= low - 1 - LAST_BIT * abs(low)).all()
    assert (normal <= high + 1 + LAST_BIT * abs(high)).all()
    assert (np.diff(normal) >= -LAST_BIT * (1 + abs(normal[1:]))).all()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seen_numbers, st.floats(1e-9, 1e-3), st.sampled_from([-1, 1]))
def test_just_outside_a_number_goes_on_as_inside(values, step, side):
    if (fitted := of_training(np.round(values, 3))) is None:
        return
    seen, scale = fitted
    end = seen.low if side < 0 else seen.high
    ends, beyond = seen.normalise(np.array([end, end + side * step * scale.std]), scale)
    assert abs(beyond - ends - side * step) <= step**3 + 1e-9 * (1 + abs(end / scale.std))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seen_numbers, hnp.arrays(np.float64, st.integers(1, 20), elements=any_number))
def test_no_prediction_leaves_the_targets_of_training_by_more_than_a_twentieth_of_their_range(
    values, outputs
):
    try:
        target = fit_numeric_target(pd.Series(values, name="age"), "the table")
    except DataError:
        return
    width = np.ptp(values)
    with np.errstate(over="ignore"):
        numbers = target.limit(target.restore(outputs))
    assert (numbers >= values.min() - width / 20 - 1e-9 * (1 + abs(values.min()))).all()
    assert (numbers <= values.max() + width / 20 + 1e-9 * (1 + abs(values.max()))).all()
    inside = target.encode(pd.Series(values, name="age"), "the table")
    np.testing.assert_array_equal(target.limit_outputs(inside), inside)


def test_a_target_of_the_largest_numbers_has_bounds_too():
    target = fit_numeric_target(pd.Series([-1.7e308, 0.0, 1.7e308], name="age"), "the table")
    assert target.limit(np.array([0.0, np.inf, -np.inf])).tolist()[0] == 0.0
    assert not np.isnan(target.limit(np.array([np.inf]))).any()


def test_the_median_of_the_largest_numbers_is_one_of_them():
    cells = [1.5e308, 1.6e308, None, 1.65e308, 1.7e308]
    fitted = fit_preprocessing(pd.DataFrame({"height": cells}), CLASSES)
    assert fitted.columns[0].fill == 1.625e308
    assert Preprocessing.from_json(fitted.to_json()) == fitted
    assert np.isfinite(fitted.transform(pd.DataFrame({"height": cells}))).all()


def test_the_same_training_inputs_as_without_the_rule():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.standard_t(2, (400, 5)), columns=list("abcde"))
    bounded, plain = prepare(table, "e"), prepare(table, "e", bounds=False)
    np.testing.assert_array_equal(bounded.x_train, plain.x_train)
    np.testing.assert_array_equal(bounded.y_test, plain.y_test)
    assert (bounded.x_test != plain.x_test).any()
    assert abs(bounded.x_test - plain.x_test).max() > 0.01
    assert bounded.preprocessing.bounds
    assert not plain.preprocessing.bounds


def test_rows_name_the_columns_that_are_outside_of_what_training_saw():
    fitted = fit_preprocessing(SHELLS, CLASSES)
    new = pd.DataFrame(
        {
            "height": [0.1, 2.5, None, 0.0, "0.25"],
            "weight": [8.0, 9.0, None, 3.0, 1.0],
            "river": ["Elbe", "Oka", "Volga", None, "Volga"],
        }
    )
    assert fitted.name_outside(new) == [
        (),
        ("height", "weight", "river"),
        ("height",),
        ("height", "river"),
        (),
    ]
    assert fitted.name_outside(new.iloc[:0]) == []


def test_rows_whose_names_are_encoded_otherwise_are_named_too():
    composed, decomposed = "gr\u00f6\u00dfe", "gro\u0308\u00dfe"
    fitted = fit_preprocessing(SHELLS.rename(columns={"height": composed}), CLASSES)
    rows = SHELLS.assign(height=[9.0, 0.1, 0.2, 0.2]).rename(columns={"height": decomposed})
    assert fitted.name_outside(rows) == [(composed,), (), (), ()]


def test_a_file_of_the_first_version_predicts_as_before():
    target = NumericTarget("age", Scale(10.0, 3.0), Range(1.0, 29.0))
    fitted = fit_preprocessing(SHELLS, target)
    document = json.loads(fitted.to_json())
    assert document["version"] == 3
    assert Preprocessing.from_json(fitted.to_json()) == fitted
    document["version"] = 1
    for part in (document["target"], *document["columns"]):
        for later in ("seen", "form", "cycles"):
            part.pop(later, None)
    old = Preprocessing.from_json(json.dumps(document))
    assert old == fit_preprocessing(SHELLS, NumericTarget("age", Scale(10.0, 3.0)), bounds=False)
    new = SHELLS.assign(height=2.5)
    np.testing.assert_allclose(old.transform(new)[:, 0], (2.5 - 0.175) / np.sqrt(0.003125), rtol=1e-6)
    assert fitted.transform(new)[0, 0] < fitted.transform(SHELLS)[3, 0] + 1
    assert old.target.limit(np.array([1e9])).tolist() == [1e9]
    with pytest.raises(DataError, match="tune again"):
        old.name_outside(new)
