"""How large a saved network is and how long it takes, and a job that is told what it may take."""

import json

import numpy as np
import pandas as pd
import pytest

import sturgeon
from sturgeon import TableJob, TuneOptions, tune_table
from sturgeon.caviar.table.choosing.prediction_cost import (
    PredictionBudget,
    PredictionCost,
    to_bytes,
    to_short_seconds,
)
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.space import Constant, Integer, Space

SPACE = Space(
    learning_rate=Constant(0.02),
    hidden_units=Integer(4, 40, default=30),
    batch_size=Constant(32),
    layers=Constant(2),
)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    return pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=x[:, 0] + np.sin(2 * x[:, 1]))


def job_on(frame, out, **changes):
    options = {"folds": changes.pop("folds", 3)}
    return TableJob(frame, "y", out, TuneOptions(space=SPACE, epochs=2), 5, data_options=options, **changes)


def files_of(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("folds", [1, 3])
def test_the_result_says_what_the_files_take(frame, tmp_path, folds):
    result = tune_table(job_on(frame, tmp_path, folds=folds))
    assert result.prediction["size"] == files_of(tmp_path / "best")
    assert result.prediction["seconds_per_1000_rows"] > 0
    assert json.loads((tmp_path / "result.json").read_text())["prediction"] == result.prediction


def test_an_ensemble_is_cut_down_to_what_it_may_take(frame, tmp_path):
    whole = tune_table(job_on(frame, tmp_path))
    trials = len(whole.ensemble)
    assert trials > 1
    bound = whole.prediction["size"] - 1
    again = {"resume": True, "folds": None}
    cut = tune_table(job_on(frame, tmp_path, max_size=bound, **again))
    assert cut.prediction["size"] <= bound
    assert len(cut.ensemble) < trials
    one = min(files_of(path) for path in (tmp_path / "candidates").iterdir()) // 3 + 3000
    single = tune_table(job_on(frame, tmp_path, max_size=one, **again))
    assert single.prediction["size"] <= one
    assert 1 <= len(SavedModel.load(tmp_path).network.members) < 3
    with pytest.raises(sturgeon.InputError, match=r"within `max_size='100 B'`; the smallest .* takes"):
        tune_table(job_on(frame, tmp_path, max_size=100, **again))
    assert len(SavedModel.load(tmp_path).predict(frame)) == 120


def test_one_network_that_is_too_large_gives_way_to_the_best_that_is_not(frame, tmp_path):
    result = tune_table(job_on(frame, tmp_path / "any", folds=1, max_size="9kB"))
    assert result.prediction["size"] <= 9_000
    with sturgeon.Study.open(result.study) as study:
        smaller = [
            t.number
            for t in study.trials
            if t.config["hidden_units"] <= result.best["config"]["hidden_units"]
        ]
        assert result.best["trial"] == min(smaller, key=lambda number: study.trial(number).value)
    with pytest.raises(sturgeon.InputError, match=r"max_predict_time='0\.0001 ms'"):
        tune_table(job_on(frame, tmp_path / "none", folds=1, max_predict_time="0.1us"))


def test_the_bound_is_kept_for_whoever_resumes(frame, tmp_path):
    tune_table(job_on(frame, tmp_path, max_size="20kB"))
    result = tune_table(job_on(frame, tmp_path, resume=True, folds=None))
    assert result.prediction["size"] <= 20_000


def test_a_budget_allows_what_is_within_both_bounds():
    cost = PredictionCost(1000, 0.002)
    assert PredictionBudget().allows(cost)
    assert PredictionBudget(1000, 0.002).allows(cost)
    assert not PredictionBudget(999, None).allows(cost)
    assert not PredictionBudget(None, 0.0019).allows(cost)


@pytest.mark.parametrize("wrong", ["", "0", "-1MB", "2 parsecs", "MB", 0, "1e400MB"])
def test_what_is_no_size_is_refused(wrong):
    with pytest.raises(sturgeon.InputError, match="`max_size` must be a size above 0"):
        to_bytes(wrong, "max_size")


@pytest.mark.parametrize("wrong", ["", "0ms", "-1", "5 MB", 0.0])
def test_what_is_no_short_time_is_refused(wrong):
    with pytest.raises(sturgeon.InputError, match="`max_predict_time` must be a time above 0"):
        to_short_seconds(wrong, "max_predict_time")
