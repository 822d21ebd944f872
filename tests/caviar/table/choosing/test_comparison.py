"""The tuned network beside boosted trees, on the same rows and with an interval for each difference."""

import sys

import numpy as np
import pandas as pd
import pytest

from sturgeon import TableJob, TuneOptions, tune_table
from sturgeon.caviar.table.choosing.comparison import bootstrap_means, measure_difference
from sturgeon.caviar.table.choosing.trees import RawRows, train_trees
from sturgeon.data import prepare
from sturgeon.space import Constant, Integer, Space

SPACE = Space(
    learning_rate=Constant(0.02),
    hidden_units=Integer(8, 12, default=10),
    batch_size=Constant(32),
    layers=Constant(1),
)


@pytest.fixture(scope="module")
def frame():
    """Numbers with gaps, categories with gaps, and a name that LightGBM would not bear."""
    rng = np.random.default_rng(0)
    river = rng.choice(["Elbe", "Volga", "Oka"], 150)
    length = rng.normal(80, 20, 150)
    frame = pd.DataFrame({'le"ng{th': length, "river": river})
    frame["weight"] = 3 * length + 40 * (river == "Elbe") + rng.normal(0, 5, 150)
    frame["kind"] = np.where(length + 30 * (river == "Elbe") > 90, "beluga", "sterlet")
    frame.loc[rng.random(150) < 0.1, 'le"ng{th'] = np.nan
    frame.loc[rng.random(150) < 0.1, "river"] = None
    return frame


@pytest.mark.parametrize(("target", "other"), [("kind", "weight"), ("weight", "kind")])
def test_every_competitor_answers_on_the_test_rows(frame, tmp_path, target, other):
    options = {"folds": 2, "drop": [other]}
    tuning = TuneOptions(space=SPACE, epochs=2)
    result = tune_table(TableJob(frame, target, tmp_path, tuning, 2, data_options=options, compare=True))
    found = {one["name"]: one for one in result.comparison}
    assert list(found) == ["default", "guess", "LightGBM", "HistGradientBoosting"]
    assert found["guess"]["test"] == pytest.approx(result.naive_test)
    assert found["default"]["test"] == pytest.approx(result.default_test)
    metric = "loss" if target == "kind" else "rmse"
    for one in found.values():
        difference = one["difference"]
        assert difference["metric"] == metric
        assert difference["value"] == pytest.approx(
            one["test"][metric] - result.test[metric], rel=1e-6, abs=1e-7
        )
        assert difference["low"] <= difference["value"] <= difference["high"]
    for name in ("LightGBM", "HistGradientBoosting"):
        assert found[name]["test"][metric] < found["guess"]["test"][metric]
    # What was drawn is drawn again.
    again = tune_table(
        TableJob(frame, target, tmp_path, resume=True, data_options={"drop": [other]}, compare=True)
    )
    assert [one["difference"] for one in again.comparison] == [one["difference"] for one in result.comparison]


def test_trees_get_the_table_as_it_is(frame):
    dataset = prepare(frame, "weight", drop=["kind"])
    rows = RawRows.of(dataset, frame, None)
    assert len(rows.train) == len(rows.y) == dataset.rows["train"] + dataset.rows["validation"]
    assert rows.test["x0"].isna().sum() == frame.iloc[dataset.test_rows]['le"ng{th'].isna().sum()
    assert isinstance(rows.train["x1"].dtype, pd.CategoricalDtype)
    rest = np.setdiff1d(np.arange(150), dataset.test_rows)
    np.testing.assert_allclose(rows.y, frame["weight"].to_numpy()[rest], rtol=1e-6)


def test_a_test_table_of_its_own_is_what_is_answered_on(frame):
    dataset = prepare(frame[:120], "kind", drop=["weight"], test=frame[120:])
    rows = RawRows.of(dataset, frame[:120], frame[120:])
    assert (len(rows.train), len(rows.test)) == (120, 30)


def test_without_lightgbm_one_line_says_what_to_install(frame, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    monkeypatch.setattr("sturgeon.caviar.table.choosing.trees.find_spec", lambda name: None)
    dataset = prepare(frame, "kind", drop=["weight"])
    missing, other = train_trees(RawRows.of(dataset, frame, None), classes=2, seed=0)
    assert missing.answers is None
    assert missing.why == "is not installed: pip install lightgbm"
    assert other.answers.shape == (len(dataset.test_rows), 2)


def test_resampled_means_are_those_of_the_rows():
    values = np.random.default_rng(0).normal([0.0, 5.0], size=(400, 2))
    means = bootstrap_means(values, seed=3)
    assert means.shape == (2000, 2)
    np.testing.assert_allclose(means.mean(axis=0), values.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(means.std(axis=0), values.std(axis=0) / 20, rtol=0.1)
    np.testing.assert_array_equal(means, bootstrap_means(values, seed=3))


def test_an_interval_is_paired(frame):
    dataset = prepare(frame, "kind", drop=["weight"])
    losses = np.random.default_rng(0).exponential(size=200)
    difference = measure_difference(dataset, losses, losses + 0.1, seed=0)
    assert (difference.low, difference.high) == pytest.approx((0.1, 0.1))  # as every row is worse by as much
