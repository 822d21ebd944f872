"""`sturgeon tune`, `show` and `predict` together, on a small table."""

import json
import re
import shlex
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sturgeon.caviar.loop import loop
from sturgeon.caviar.loop.pace import Pace
from sturgeon.data import METRICS
from sturgeon.search import SEARCHES, search_by_name
from sturgeon.stopping import STOPPINGS, stopping_by_name, stopping_from_json
from sturgeon.study import Study

PLAIN = ("dropout=0.2", "embedding=none", "weight_decay=0.1")
QUICK = ["--trials", 3, "--epochs", 2, "--fix", "batch_size=32", "--fix", "layers=2"]


def test_tune_json_is_one_object_with_the_fields_of_the_contract(sturgeon, table, tmp_path):
    ran = sturgeon("tune", table, "--target", "kind", "--folds", 1, *QUICK, "--json")
    assert ran.code == 0
    result = json.loads(ran.out)
    assert result["best"].keys() >= {"trial", "config", "value"}
    assert result["metric"] == "val_loss"
    assert result["direction"] == "minimize"
    assert result["trained_on"] == "training and validation rows"
    assert result["trials"] == {
        "waiting": 0, "running": 0, "paused": 0, "complete": 3, "stopped": 0, "failed": 0,
    }  # fmt: skip
    assert result["epochs"] == 6
    assert result["seconds"] > 0
    assert result["test"].keys() == result["naive_test"].keys() == result["default_test"].keys()
    assert list(result["test"]) == list(METRICS["classification"])
    assert result["rows"] == {"train": 140, "validation": 30, "test": 30}
    out = tmp_path / "fish.sturgeon"
    assert result["study"] == str(out / "tune.study")
    assert json.loads((out / "result.json").read_text()) == result
    assert {path.name for path in (out / "best").iterdir()} == {
        "config.json", "preprocessing.json", "weights.npz",
    }  # fmt: skip


def test_an_ensemble_is_printed_shown_and_predicts(sturgeon, table, tmp_path):
    ran = sturgeon("tune", table, "--target", "weight", "--folds", 3, "--ensemble", 2, *QUICK)
    assert "rows: 170 in 3 folds, 30 test" in ran.err
    result = json.loads((tmp_path / "fish.sturgeon" / "result.json").read_text())
    assert (result["folds"], result["rows"]["validation"]) == (3, 0)
    assert 1 <= len(result["ensemble"]) <= 2
    assert f"{3 * len(result['ensemble'])} networks, one a fold, of trial" in ran.out
    assert "tuned, ensemble" in ran.out
    assert ("no better than the default" in ran.out) == result["no_better_than_default"]
    assert all(line == line.rstrip() for line in ran.out.splitlines())
    shown = json.loads(sturgeon("show", tmp_path / "fish.sturgeon", "--json").out)
    assert [one["trial"] for one in shown["ensemble"]] == [one["trial"] for one in result["ensemble"]]
    assert "ensemble of trial" in sturgeon("show", tmp_path / "fish.sturgeon").out
    predicted = sturgeon("predict", tmp_path / "fish.sturgeon", table)
    assert len(predicted.out.splitlines()) == 201


def test_the_printed_result_says_what_was_found_and_where_it_lies(sturgeon, table, tmp_path):
    ran = sturgeon("tune", table, "--target", "weight", *QUICK)
    assert ran.code == 0
    for part in ("3 complete", "val_rmse", "tuned", "default hyperparameters", "mean", "fish.sturgeon/best"):
        assert part in ran.out
    assert "regression of 'weight'" in ran.err


def test_trial_zero_is_the_default_configuration_and_fixed_values_hold(sturgeon, table, tmp_path):
    sturgeon("tune", table, "--target", "kind", *QUICK, "--vary", "dropout=0.1:0.5")
    with Study.open(tmp_path / "fish.sturgeon" / "tune.study") as study:
        assert study.trial(0).config == study.space.default()
        for trial in study.trials:
            assert (trial.config["batch_size"], trial.config["layers"]) == (32, 2)
            assert 0.1 <= trial.config["dropout"] <= 0.5


def test_the_same_seed_gives_the_same_result_and_another_does_not(sturgeon, table, tmp_path):
    results = []
    for out, seed in (("one", 5), ("two", 5), ("three", 6)):
        ran = sturgeon(
            "tune", table, "--target", "kind", *QUICK, "--seed", seed, "--out", tmp_path / out, "--json"
        )
        result = json.loads(ran.out)
        results.append({key: result[key] for key in ("best", "test", "default_test", "naive_test")})
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_resuming_adds_trials_and_ends_where_one_run_would_have_ended(sturgeon, table, tmp_path):
    quick = [*QUICK[2:], "--search", "random", "--json"]
    whole = sturgeon("tune", table, "--target", "kind", "--trials", 5, *quick, "--out", tmp_path / "whole")
    for trials in (2, 5):
        parts = sturgeon(
            "tune",
            table,
            "--target",
            "kind",
            "--trials",
            trials,
            "--resume",
            *quick,
            "--out",
            tmp_path / "parts",
        )
        assert ("this is a new one" in parts.err) == (trials == 2)
    assert json.loads(parts.out)["trials"]["complete"] == 5
    for key in ("best", "test", "epochs"):
        assert json.loads(parts.out)[key] == json.loads(whole.out)[key]
    again = sturgeon(
        "tune", table, "--target", "kind", "--resume", "--trials", 5, "--json", "--out", tmp_path / "parts"
    )
    for key in ("best", "test", "trials"):
        assert json.loads(again.out)[key] == json.loads(parts.out)[key]


def test_the_test_rows_influence_no_choice(sturgeon, fish, tmp_path):
    """Changing the test table changes the test metrics, and nothing else."""
    train, test = fish.iloc[:150], fish.iloc[150:].copy()
    train.to_csv(tmp_path / "train.csv", index=False)
    results = []
    for name, weights in (("a", test["weight"]), ("b", test["weight"].to_numpy()[::-1])):
        test.assign(weight=weights).to_csv(tmp_path / f"{name}.csv", index=False)
        ran = sturgeon(
            "tune", tmp_path / "train.csv", "--target", "weight", *QUICK,
            "--test", tmp_path / f"{name}.csv", "--out", tmp_path / name, "--json",
        )  # fmt: skip
        results.append(json.loads(ran.out))
    assert results[0]["rows"]["test"] == 50
    assert results[0]["best"] == results[1]["best"]
    assert results[0]["test"] != results[1]["test"]


def test_predict_gives_what_tune_measured(sturgeon, fish, table, tmp_path):
    fish.iloc[150:].to_csv(tmp_path / "test.csv", index=False)
    fish.iloc[:150].to_csv(table, index=False)
    ran = sturgeon("tune", table, "--target", "weight", *QUICK, "--test", tmp_path / "test.csv", "--json")
    measured = json.loads(ran.out)["test"]
    for name in ("p.csv", "p.tsv", "p.parquet", "p.csv.gz"):
        ran = sturgeon("predict", tmp_path / "fish.sturgeon", tmp_path / "test.csv", "-o", tmp_path / name)
        assert ran.code == 0
        path = tmp_path / name
        read = pd.read_parquet if name == "p.parquet" else pd.read_csv
        predicted = read(path, sep="\t") if name == "p.tsv" else read(path)
        error = predicted["weight"].to_numpy() - fish["weight"].to_numpy()[150:]
        assert np.sqrt(np.mean(error**2)) == pytest.approx(measured["rmse"], rel=1e-4)


def test_predict_classes_with_probabilities_needs_no_target_and_takes_new_categories(
    sturgeon, fish, table, tmp_path
):
    sturgeon("tune", table, "--target", "kind", *QUICK)
    new = fish.drop(columns="kind").assign(extra=1)[["river", "extra", "age", "weight", "length"]].head(5)
    new.loc[2, "river"] = "Amur"
    new.to_csv(tmp_path / "new.csv", index=False)
    ran = sturgeon("predict", tmp_path / "fish.sturgeon", tmp_path / "new.csv")
    lines = ran.out.splitlines()
    assert lines[0] == "kind,probability of beluga,probability of sterlet"
    assert len(lines) == 6
    for line in lines[1:]:
        kind, *probabilities = line.split(",")
        assert sum(map(float, probabilities)) == pytest.approx(1)
        assert kind == ("beluga" if float(probabilities[0]) > 0.5 else "sterlet")
    assert "'river': 1 cells" in ran.err


def test_show_lists_trials_best_first_and_as_json(sturgeon, table, tmp_path):
    sturgeon("tune", table, "--target", "kind", *QUICK)
    folder = tmp_path / "fish.sturgeon"
    printed = sturgeon("show", folder)
    assert printed.code == 0
    assert "3 complete" in printed.out
    shown = json.loads(sturgeon("show", folder / "tune.study", "--json").out)
    assert shown["best"]["value"] == min(trial["value"] for trial in shown["all_trials"])
    assert [trial["trial"] for trial in shown["all_trials"]] == [0, 1, 2]
    assert all(trial["epochs"] == 2 for trial in shown["all_trials"])


def test_space_is_printed_without_a_table(sturgeon):
    ran = sturgeon("tune", "--space", "--vary", "dropout=0:0.5", "--fix", "optimizer=adam")
    assert ran.code == 0
    assert "dropout" in ran.out
    assert "\nmomentum" not in ran.out, "momentum can never be active here"
    rows = json.loads(sturgeon("tune", "--space", "--json").out)["space"]
    assert {"learning_rate", "hidden_units", "batch_size"} <= {row["name"] for row in rows}


# A population has trials of its own number: fewer than its members cannot be asked for.
COUNTED = [name for name in SEARCHES if name != "population"]


def test_a_population_trains_on_a_table_and_needs_more_trials_than_members(sturgeon, table):
    asked = ("tune", table, "--target", "kind", "--search", "population", "--epochs", 1)
    refused = sturgeon(*asked, "--trials", 3)
    assert refused.code == 2
    assert "`--trials` must be above the population; got 3 with population=16" in refused.complaint
    ran = sturgeon(*asked, "--folds", 1, "--json")
    assert json.loads(ran.out)["trials"]["complete"] == 16


@pytest.mark.parametrize("search", [*COUNTED, "optuna:random"])
def test_every_search_runs(sturgeon, table, tmp_path, search):
    ran = sturgeon("tune", table, "--target", "kind", *QUICK, "--search", search, "--json")
    assert json.loads(ran.out)["trials"]["complete"] == 3
    with Study.open(tmp_path / "fish.sturgeon" / "tune.study") as study:
        assert study.search == search_by_name(search)


def test_the_help_lists_every_search_and_every_stopping_rule(sturgeon):
    said = " ".join(sturgeon("tune", "--help").out.split())
    assert f"--search {'|'.join(SEARCHES)} " in said
    assert f"--stopping {'|'.join(STOPPINGS)} " in said


@pytest.mark.parametrize("stopping", STOPPINGS)
def test_a_stopping_rule_is_kept_with_the_study(sturgeon, table, tmp_path, stopping):
    ran = sturgeon("tune", table, "--target", "kind", *QUICK, "--stopping", stopping, "--json")
    assert ran.code == 0, ran.err
    with Study.open(tmp_path / "fish.sturgeon" / "tune.study") as study:
        assert stopping_from_json(study.about["stopping"]) == stopping_by_name(stopping)
    assert sturgeon("tune", table, "--target", "kind", "--resume", "--json").code == 0
    other = "patience" if stopping != "patience" else "never"
    refused = sturgeon("tune", table, "--target", "kind", "--resume", "--stopping", other)
    assert refused.code == 2
    assert "--stopping" in refused.complaint


def test_more_epochs_are_offered_as_a_study_that_starts_from_the_best(sturgeon, table, tmp_path):
    begun = ("tune", table, "--target", "kind")
    assert sturgeon(*begun, *QUICK, "--no-report").code == 0
    with Study.open(tmp_path / "fish.sturgeon" / "tune.study") as study:
        had, best = study.about["epochs"], study.best.config
    refused = sturgeon(*begun, "--resume", "--epochs", had + 1)
    assert refused.code == 2
    offered = shlex.split(re.search(r"with (--epochs .*?), and without --resume", refused.complaint)[1])
    assert sturgeon(*begun, *offered, "--trials", 3, "--no-report").code == 0
    with Study.open(tmp_path / "fish-2.sturgeon" / "tune.study") as study:
        assert study.about["epochs"] == had + 1
        assert best in [trial.config for trial in study.trials]


def test_a_budget_ends_a_run_and_keeps_what_was_reached(sturgeon, table, monkeypatch):
    trained, epochs = Pace.trained, []

    def note(self, number, seconds):
        epochs.append(number)
        trained(self, number, seconds)

    # The budget is over after 500 epochs.
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + (1000 if len(epochs) >= 500 else 0))
    monkeypatch.setattr(Pace, "trained", note)
    monkeypatch.setattr(loop, "time", clock)
    ran = sturgeon(
        "tune", table, "--target", "kind", "--epochs", 100_000, "--budget", "1000s", "--json",
        "--fix", "batch_size=32", "--fix", "layers=2",
    )  # fmt: skip
    result = json.loads(ran.out)
    assert ran.code == 0
    assert result["trials"]["stopped"] >= 1
    assert result["trials"]["running"] == 0
    assert result["best"] is not None
    assert result["test"]["accuracy"] > 0.5


def test_an_exhausted_space_ends_the_study(sturgeon, table):
    fixed = [
        f"--fix={name}"
        for name in ("learning_rate=0.01", "optimizer=adam", "batch_size=32", "hidden_units=60", *PLAIN)
    ]
    ran = sturgeon(
        "tune",
        table,
        "--target",
        "kind",
        "--epochs",
        1,
        *fixed,
        "--fix=layers=2",
        "--vary=schedule=cosine,constant",
        "--trials",
        9,
        "--json",
    )
    assert ran.code == 0
    result = json.loads(ran.out)
    assert result["trials"]["complete"] == 2
    assert result["exhausted"] is True
    again = sturgeon("tune", table, "--target", "kind", "--resume")
    assert "no further configuration" in again.out
    within = sturgeon("tune", table, "--target", "kind", "--resume", "--trials", 2, "--json")
    assert json.loads(within.out)["exhausted"] is False


def test_progress_goes_to_stderr_alone(sturgeon, table):
    ran = sturgeon("tune", table, "--target", "kind", *QUICK, "--json")
    assert ran.out.count("\n") == 1
    assert "rows: 170 in 5 folds, 30 test" in ran.err


def test_names_with_brackets_are_printed_as_they_are(sturgeon, table, tmp_path):
    out = tmp_path / "wine[red][/p]"
    ran = sturgeon("tune", table, "--target", "kind", *QUICK, "--out", out)
    assert ran.code == 0
    assert f"network: {out}/best" in ran.out
    assert sturgeon("show", out).code == 0


def test_validation_targets_that_never_vary_rank_no_trial_above_another(sturgeon, fish, table):
    fish.assign(weight=[*fish["weight"][:140], *[20.0] * 60]).to_csv(table, index=False)
    ran = sturgeon(
        "tune", table, "--target", "weight", *QUICK, "--time-order", "--maximize", "val_r2", "--json"
    )
    assert json.loads(ran.out)["best"]["value"] == 0


@pytest.mark.parametrize(
    ("goal", "metric"),
    [("--maximize", name) for name in ("val_auc", "val_average_precision", "val_f1")]
    + [("--minimize", name) for name in ("val_brier", "val_ece")],
)
def test_a_score_of_all_probabilities_decides(sturgeon, table, tmp_path, goal, metric):
    ran = sturgeon("tune", table, "--target", "kind", *QUICK, goal, metric, "--json")
    assert ran.code == 0
    result = json.loads(ran.out)
    assert result["metric"] == metric
    with Study.open(tmp_path / "fish.sturgeon" / "tune.study") as study:
        assert result["best"]["value"] == study.best.curves[metric][-1][1]
        others = {"val_auc", "val_average_precision", "val_f1", "val_brier", "val_ece"} - {metric}
        assert not others & study.best.curves.keys()


def test_a_study_goes_on_with_the_metric_that_it_was_begun_with(sturgeon, table):
    begun = ["tune", table, "--target", "kind", "--epochs", 2, "--fix", "batch_size=32"]
    sturgeon(*begun, "--maximize", "val_accuracy", "--trials", 1)
    ran = sturgeon(*begun[:4], "--resume", "--trials", 2, "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["metric"] == "val_accuracy"


def test_validation_rows_of_one_class_are_nothing_to_rank(sturgeon, fish, table, tmp_path):
    fish.assign(kind=[*fish["kind"][:140], *["beluga"] * 60]).to_csv(table, index=False)
    one_class = ["tune", table, "--target", "kind", *QUICK, "--time-order"]
    ran = sturgeon(*one_class, "--maximize", "val_auc")
    assert ran.code == 2
    assert "val_auc needs validation rows of two classes; all 30 are of one" in ran.complaint
    assert not (tmp_path / "fish.sturgeon" / "tune.study").exists()
    ran = sturgeon(*one_class, "--json")
    test = json.loads(ran.out)["test"]
    assert [name for name, value in test.items() if value is None] == ["auc", "average_precision"]
    assert "undefined" in sturgeon("tune", table, "--target", "kind", "--resume", "--time-order").out


def test_a_target_of_tiny_numbers_prints_its_digits(sturgeon, fish, table):
    fish.assign(weight=fish["weight"] * 1e-9).to_csv(table, index=False)
    lines = sturgeon("tune", table, "--target", "weight", *QUICK).out.splitlines()
    rmse = next(line for line in lines if "rmse" in line and "val_" not in line)
    assert rmse.count("e-09") + rmse.count("e-08") == 3


def test_equal_test_targets_have_no_r2(sturgeon, fish, table):
    fish.assign(weight=[*fish["weight"][:170], *[20.1] * 30]).to_csv(table, index=False)
    ran = sturgeon("tune", table, "--target", "weight", *QUICK, "--time-order", "--json")
    result = json.loads(ran.out)
    assert result["test"]["r2"] is result["naive_test"]["r2"] is result["default_test"]["r2"] is None


def test_resuming_without_a_number_of_trials_goes_on_to_that_of_the_beginning(sturgeon, table):
    sturgeon("tune", table, "--target", "kind", *QUICK)
    ran = sturgeon("tune", table, "--target", "kind", "--resume", "--json")
    assert json.loads(ran.out)["trials"]["complete"] == 3


def test_another_output_directory_takes_the_result_of_a_study_that_is_resumed(sturgeon, table, tmp_path):
    sturgeon(
        "tune", table, "--target", "kind", *QUICK, "--study", tmp_path / "s.study", "--out", tmp_path / "a"
    )
    ran = sturgeon(
        "tune",
        table,
        "--target",
        "kind",
        "--resume",
        "--study",
        tmp_path / "s.study",
        "--out",
        tmp_path / "b",
    )
    assert ran.code == 0
    assert sturgeon("predict", tmp_path / "b", table).code == 0


def test_the_last_training_learns_from_the_validation_rows_too(sturgeon, table, tmp_path):
    sturgeon("tune", table, "--target", "kind", "--folds", 1, *QUICK)
    config = json.loads((tmp_path / "fish.sturgeon" / "best" / "config.json").read_text())
    assert config["trained_on"] == "training and validation rows"
