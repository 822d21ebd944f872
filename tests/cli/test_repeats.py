"""`sturgeon tune --repeats N`: the winner is not the luckiest."""

import json
import math
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from sturgeon.caviar.table.repeats import Repeated, repeat_seed, repeats_of
from sturgeon.errors import StudyError
from sturgeon.study import Study, trial_seed

QUICK = ["--epochs", 2, "--fix", "batch_size=32", "--fix", "layers=2", "--json"]


def tune(sturgeon, table, *more):
    ran = sturgeon("tune", table, "--target", "weight", *QUICK, *more)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_the_best_mean_wins_and_the_spread_is_told(sturgeon, table, tmp_path):
    result = tune(sturgeon, table, "--trials", 7, "--repeats", 2)
    repeats = result["repeats"]
    assert len(repeats) == 5  # the winner and four rivals
    assert [one["number"] for one in repeats] == [2] * 5
    assert repeats == sorted(repeats, key=lambda one: one["mean"])
    assert result["within_one_standard_error"][0] == repeats[0]["trial"]
    assert result["best"]["trial"] in result["within_one_standard_error"]
    for one in repeats:
        assert one["mean"] == pytest.approx(np.mean(one["values"]))
        assert one["deviation"] == pytest.approx(np.std(one["values"], ddof=1))
        assert len(set(one["values"])) == 2
    with Study.open(result["study"]) as study:
        by_value = sorted(study.trials, key=lambda trial: trial.value)
        assert {one["trial"] for one in repeats} == {trial.number for trial in by_value[:5]}
        for one in repeats:
            trial = study.trial(one["trial"])
            noted = repeats_of(trial, "val_rmse")
            assert [noted[which] for which in (1, 2)] == one["values"]
            assert trial.tags == ("repeated",)
            assert trial.value not in one["values"]
    kept = json.loads((tmp_path / "fish.sturgeon" / "best" / "config.json").read_text())
    assert kept["trial"] == result["best"]["trial"]
    printed = sturgeon("tune", table, "--target", "weight", "--resume")
    assert "trained 2 times more with other seeds" in printed.out


def test_repeats_are_done_once_and_depend_on_the_seed_and_the_trial_only(sturgeon, table, tmp_path):
    whole = tune(sturgeon, table, "--trials", 4, "--repeats", 2, "--out", tmp_path / "whole")
    tune(sturgeon, table, "--trials", 4, "--folds", 1, "--out", tmp_path / "parts")
    tune(sturgeon, table, "--resume", "--repeats", 1, "--out", tmp_path / "parts")
    parts = tune(sturgeon, table, "--resume", "--repeats", 2, "--out", tmp_path / "parts")
    for key in ("repeats", "best", "test"):
        assert parts[key] == whole[key]
    with Study.open(parts["study"]) as study:
        assert all(len(trial.notes) == 2 + 1 for trial in study.trials)  # and where it comes from
    without = tune(sturgeon, table, "--resume", "--repeats", 0, "--out", tmp_path / "parts")
    assert without["repeats"] is None


def test_the_test_rows_choose_no_repeat(sturgeon, fish, tmp_path):
    train, test = fish.iloc[:150], fish.iloc[150:]
    train.to_csv(tmp_path / "train.csv", index=False)
    results = []
    for name, weights in (("a", test["weight"]), ("b", test["weight"].to_numpy()[::-1])):
        test.assign(weight=weights).to_csv(tmp_path / f"{name}.csv", index=False)
        results.append(
            tune(
                sturgeon, tmp_path / "train.csv", "--trials", 3, "--repeats", 1,
                "--test", tmp_path / f"{name}.csv", "--out", tmp_path / name,
            )
        )  # fmt: skip
    assert results[0]["repeats"] == results[1]["repeats"]
    assert results[0]["test"] != results[1]["test"]


def test_a_signal_skips_the_repeats_and_says_so(table, tmp_path):
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "sturgeon", "tune", str(table), "--target", "weight", "--out", str(out),
        "--trials", "2", "--epochs", "400", "--fix", "batch_size=16", "--fix", "layers=2",
        "--repeats", "2000", "--stopping", "never", "--json",
    ]  # fmt: skip

    def repeating():
        try:
            with Study.open(out / "tune.study") as study:
                return any(trial.tags for trial in study.trials)
        except StudyError:  # not made yet
            return False

    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        while not repeating():
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "No trial was chosen by repeats." in said
    result = json.loads(printed)
    assert result["repeats"] is None
    assert result["best"] is not None
    assert result["trials"]["complete"] == 2


def test_a_repeat_that_diverged_puts_its_trial_last():
    fine, broken = Repeated(1, (0.5, 0.7)), Repeated(2, (0.1, math.nan))
    assert fine.to_json() == {
        "trial": 1, "mean": 0.6, "deviation": pytest.approx(0.1414, abs=1e-4), "number": 2,
        "values": [0.5, 0.7],
    }  # fmt: skip
    assert broken.to_json()["mean"] is None
    assert Repeated(3, (0.5,)).to_json()["deviation"] is None


def test_seeds_of_repeats_differ_from_each_other_and_from_the_trials():
    seeds = [repeat_seed(0, trial, which) for trial in range(20) for which in range(1, 20)]
    assert len({*seeds, *(trial_seed(0, trial) for trial in range(400))}) == len(seeds) + 400


@pytest.mark.parametrize("repeats", [-1, "x"])
def test_repeats_are_a_whole_number_from_0(sturgeon, table, repeats):
    ran = sturgeon("tune", table, "--target", "weight", "--repeats", repeats)
    assert ran.code == 2
    assert "--repeats" in ran.complaint
