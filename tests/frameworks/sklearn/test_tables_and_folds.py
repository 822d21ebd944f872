"""The estimators on data frames with text and gaps, in folds, and within bounds."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from sturgeon.errors import InputError
from sturgeon.frameworks.sklearn import NetworkClassifier, NetworkRegressor
from sturgeon.network.ensemble import NetworkEnsemble
from sturgeon.space import Integer, Space

SMALL = {"hidden_units": 12, "layers": 1, "epochs": 25, "random_state": 0}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    river, length = rng.choice(["Elbe", "Volga", "Oka"], 200), rng.normal(80, 20, 200)
    frame = pd.DataFrame({"length": length, "river": river})
    frame["sex"] = pd.Categorical(rng.choice(["f", "m"], 200))
    kind = np.where(length + 30 * (river == "Elbe") > 90, "beluga", "sterlet")
    weight = 3 * length + 40 * (river == "Elbe")
    frame.loc[rng.random(200) < 0.1, "length"] = np.nan
    frame.loc[rng.random(200) < 0.1, "river"] = None
    return frame, kind, weight


def test_text_categories_and_gaps_are_taken_as_they_are(table):
    frame, kind, weight = table
    classifier = NetworkClassifier(**SMALL).fit(frame, kind)
    assert classifier.score(frame, kind) > 0.9
    assert classifier.predict_proba(frame).sum(axis=1) == pytest.approx(np.ones(200))
    assert classifier.feature_names_in_.tolist() == ["length", "river", "sex"]
    assert NetworkRegressor(**SMALL).fit(frame, weight).score(frame, weight) > 0.7
    strange = frame.assign(river="Don")  # one that training never had
    assert len(classifier.predict(strange)) == 200
    with pytest.raises(InputError, match="learnt from a table predicts for tables; got ndarray"):
        classifier.predict(frame.to_numpy())
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame.drop(columns="sex"))


def test_a_frame_of_numbers_is_what_its_array_is(table):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 2))
    frame = pd.DataFrame(x, columns=["a", "b"])
    one, other = NetworkRegressor(**SMALL).fit(x, x[:, 0]), NetworkRegressor(**SMALL).fit(frame, x[:, 0])
    np.testing.assert_array_equal(one.predict(x), other.predict(frame))


QUICK = {"hidden_units": 4, "layers": 1, "epochs": 1, "random_state": 0}


def test_frames_of_polars_and_arrow_are_what_those_of_pandas_are(table):
    frame, kind, _ = table
    of_pandas = NetworkClassifier(**QUICK).fit(frame, kind)
    expected = of_pandas.predict_proba(frame)
    for other in (pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        np.testing.assert_array_equal(of_pandas.predict_proba(other), expected)
        model = NetworkClassifier(**QUICK).fit(other, kind)
        np.testing.assert_array_equal(model.predict_proba(frame), expected)
    of_arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    np.testing.assert_array_equal(of_pandas.predict_proba(of_arrow), expected)


@pytest.mark.parametrize("bounds", [None, True])
@pytest.mark.parametrize(
    "names", [["a", "b", "c"], [0, 1, 2], pd.MultiIndex.from_product([["g"], ["a", "b", "c"]])]
)
def test_names_that_are_no_texts_predict_too(table, names, bounds):
    frame, kind, _ = table
    frame = frame.set_axis(names, axis=1)
    model = NetworkClassifier(**QUICK, bounds=bounds).fit(frame, kind)
    assert model.predict(frame).shape == (200,)


def test_a_frame_of_numbers_within_bounds_is_what_its_array_is():
    x = np.random.default_rng(1).normal(size=(60, 2))
    frame = pd.DataFrame(x, columns=["a", "b"])
    one, other = (NetworkRegressor(**QUICK, bounds=True).fit(rows, x[:, 0]) for rows in (x, frame))
    np.testing.assert_array_equal(one.predict(x), other.predict(frame))


@pytest.mark.parametrize("tune", [None, 3])
def test_folds_answer_together_and_are_repeatable(table, tune):
    frame, kind, _ = table
    space = Space(hidden_units=Integer(4, 12)) if tune else None
    model = NetworkClassifier(**SMALL, folds=3, tune=tune, space=space).fit(frame, kind)
    assert isinstance(model.network_, NetworkEnsemble)
    assert {one.fold for one in model.network_.members} == {0, 1, 2}
    assert model.score(frame, kind) > 0.9
    again = clone(model).fit(frame, kind)
    np.testing.assert_array_equal(model.predict_proba(frame), again.predict_proba(frame))
    if tune:
        alone = clone(model).set_params(ensemble=1).fit(frame, kind)
        assert len(alone.network_.members) == 3
        assert alone.validation_value_ == model.validation_value_


def test_bounds_keep_predictions_near_what_was_seen(table):
    frame, _, weight = table
    far = frame.assign(length=1e9)
    width = weight.max() - weight.min()
    bounded = NetworkRegressor(**SMALL).fit(frame, weight)
    assert bounded.predict(far).max() <= weight.max() + width / 20 + 1e-6
    free = NetworkRegressor(**SMALL, bounds=False).fit(frame, weight)
    assert free.predict(far).max() > 10 * weight.max()
    x = np.random.default_rng(0).normal(size=(80, 2))
    plain = NetworkRegressor(**SMALL, bounds=True).fit(x, x[:, 0])
    assert plain.predict(1e6 * x).max() <= x[:, 0].max() + np.ptp(x[:, 0]) / 20 + 1e-6


@pytest.mark.parametrize(("wrong", "words"), [({"folds": 0}, "`folds`"), ({"ensemble": 0}, "`ensemble`")])
def test_wrong_numbers_are_refused(table, wrong, words):
    with pytest.raises(InputError, match=f"{words} must be a whole number from 1"):
        NetworkClassifier(**SMALL, **wrong).fit(table[0], table[1])


def test_too_few_rows_for_two_folds_are_refused(table):
    with pytest.raises(InputError, match="two rows of each class"):
        NetworkClassifier(**SMALL, folds=3).fit(table[0][:3], ["a", "a", "b"])


def test_many_classes_and_dates_keep_their_own_labels():
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(12), 15)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(30 * codes + rng.integers(0, 10, 180), "D")
    frame = pd.DataFrame({"day": days, "noise": rng.choice(["a", "b"], 180)})
    labels = np.array([f"class {code}" for code in codes])
    settings = {**SMALL, "epochs": 60, "hidden_units": 32, "dropout": 0.0, "batch_size": 32}
    model = NetworkClassifier(**settings).fit(frame, labels)
    assert model.classes_.tolist() == sorted(set(labels))
    assert model.score(frame, labels) > 0.6


@pytest.mark.parametrize("place", [0, -1])
def test_whole_numbers_of_pandas_may_be_missing_in_the_first_row_and_in_the_last(place):
    numbers = pd.array(range(1, 121), dtype="Int64")
    numbers[place] = pd.NA
    table = pd.DataFrame({"a": numbers, "b": pd.array(["x", None, "y"] * 40, dtype="string")})
    predicted = NetworkRegressor(epochs=2).fit(table, np.arange(120.0)).predict(table)
    assert np.isfinite(predicted).all()


def test_two_columns_of_one_name_are_refused():
    x = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) ** 2})
    with pytest.raises(InputError, match="got 'a' twice"):
        NetworkRegressor(epochs=1).fit(pd.concat([x, x[["a"]]], axis=1), x["b"])
