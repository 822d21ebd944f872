"""`sturgeon show` on studies that were not made by `tune`."""

import json
import math

import pytest

from sturgeon.caviar.table.folder import SavedSummary
from sturgeon.caviar.tuning import tune
from sturgeon.cli.views.study_table import Shown, print_study
from sturgeon.search import Random
from sturgeon.space import Choice, Real, Space, notes_space
from sturgeon.study import Study


def make(place, trials, space=None):
    space = space or notes_space()
    with Study.create(place, space, minimize="loss") as study:
        for config in space.sample(trials, 0):
            study.add(config, {"loss": abs(math.log10(config["learning_rate"]) + 2)}, notes=["by hand"])
    return place


def test_show_says_how_much_each_hyperparameter_mattered(sturgeon, tmp_path):
    place = make(tmp_path / "many.study", 80)
    piped = sturgeon("show", place).out
    assert piped == "".join(f"{line.rstrip()}\n" for line in piped.splitlines())  # nothing but text
    printed = " ".join(piped.split())
    assert "learning_rate (priority 1)" in printed
    assert "The notes' order held here" in printed
    importance = json.loads(sturgeon("show", place, "--json").out)["importance"]
    assert importance["shares"][0]["name"] == "learning_rate"
    assert importance["shares"][0]["share"] > 0.7
    assert importance["trials"] == 80
    assert importance["correlation"] > 0


@pytest.mark.parametrize(("width", "drawn"), [(60, False), (120, True)])
def test_a_narrow_terminal_shows_what_varies_and_no_curves(monkeypatch, capsys, width, drawn):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    with Study.create(":memory:", Space(learning_rate=Real(0.0, 1.0)), minimize="loss") as study:
        study.add({"learning_rate": 0.015678}, {"loss": 0.5}, curves={"loss": [(1, 1.0), (2, 0.5)]})
        print_study(study, Shown(study.trials, 1, (), SavedSummary({}, None)))
    printed = capsys.readouterr().out
    assert "learning_rate=0.01568" in printed
    assert ("█" in printed) == drawn


def test_show_says_when_there_are_too_few_trials(sturgeon, tmp_path):
    place = make(tmp_path / "few.study", 3)
    assert "Importance needs 16 trials with a value; there are 3." in sturgeon("show", place).out
    shown = json.loads(sturgeon("show", place, "--json").out)
    assert shown["importance"]["shares"] == []
    assert shown["importance"]["correlation"] is None
    assert shown["all_trials"][0]["notes"] == ["by hand"]


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_study_with_a_constraint_that_is_a_function_is_shown(sturgeon, tmp_path, as_json):
    def small(config):
        return config["learning_rate"] < 0.5

    space = Space(learning_rate=Real(1e-4, 1.0, scale="log", priority=1), constraint=small)
    place = make(tmp_path / "constrained.study", 30, space)
    assert sturgeon("show", place, *as_json).code == 0


def two_goals(place):
    space = Space(x=Real(0.0, 1.0))
    with Study.create(place, space, minimize="size", maximize="accuracy") as study:
        for x, size, accuracy in [(0.2, 3.0, 0.9), (0.4, 1.0, 0.7), (0.6, 4.0, 0.8), (0.8, 2.0, 0.7)]:
            study.add({"x": x}, {"size": size, "accuracy": accuracy})
        study.add({"x": 0.5}, state="failed", error=ValueError("no room"))
    return place


def test_all_objectives_and_the_pareto_front_are_shown(sturgeon, tmp_path):
    place = two_goals(tmp_path / "two.study")
    lines = sturgeon("show", place).out.splitlines()
    assert "minimize size, maximize accuracy" in lines[0]
    assert "Pareto front, trials that no other beats (*): 0, 1" in lines[2]
    rows = [line.split() for line in lines[4:9]]
    assert [row[0] for row in rows] == ["*1", "*0", "3", "2", "4"]
    assert rows[0][:4] == ["*1", "complete", "1", "0.7"]
    shown = json.loads(sturgeon("show", place, "--json").out)
    assert shown["front"] == [0, 1]
    assert [one["metric"] for one in shown["objectives"]] == ["size", "accuracy"]
    assert shown["all_trials"][2]["values"] == {"size": 4.0, "accuracy": 0.8}


def test_the_type_of_an_error_is_shown(sturgeon, tmp_path):
    place = two_goals(tmp_path / "two.study")
    assert "ValueError: no room" in sturgeon("show", place).out
    failed = json.loads(sturgeon("show", place, "--json").out)["all_trials"][-1]
    assert (failed["error"], failed["why"]) == ("ValueError", "no room")


def test_json_obeys_top_and_holds_all_without_it(sturgeon, tmp_path):
    place = make(tmp_path / "many.study", 30)
    assert len(json.loads(sturgeon("show", place, "--json").out)["all_trials"]) == 30
    shown = json.loads(sturgeon("show", place, "--json", "--top", "2").out)
    assert len(shown["all_trials"]) == 2
    assert shown["best"]["trial"] in [trial["trial"] for trial in shown["all_trials"]]


def test_a_best_value_at_the_edge_of_its_range_is_pointed_out(sturgeon, tmp_path):
    place = tmp_path / "edge.study"
    with Study.create(
        place, Space(rate=Real(1e-4, 0.1, scale="log"), x=Real(0, 1)), minimize="loss"
    ) as study:
        for rate in (0.001, 0.01, 0.0999):
            study.add({"rate": rate, "x": 0.5}, {"loss": -rate})
    assert "trial 2: rate=0.0999 is at the upper end of its range (0.1)" in sturgeon("show", place).out
    [edge] = json.loads(sturgeon("show", place, "--json").out)["edges"]
    assert edge == {"name": "rate", "value": 0.0999, "end": "upper", "bound": 0.1}


def test_the_best_is_that_of_the_study_whichever_trials_are_shown(sturgeon, tmp_path):
    place = tmp_path / "filtered.study"
    with Study.create(place, Space(rate=Real(0.0, 1.0), x=Real(0, 1)), minimize="loss") as study:
        for rate in (0.0001, 0.5, 0.9999):
            study.add({"rate": rate, "x": 0.5}, {"loss": -rate})
        study.add({"rate": 0.6, "x": 0.5}, state="failed", error=ValueError("no room"))
    printed = sturgeon("show", place, "--where", "rate<0.4").out
    assert "trial 2: rate=0.9999 is at the upper end" in printed
    assert "trial 0: rate" not in printed
    for chosen in (["--where", "rate<0.4"], ["--state", "failed"]):
        shown = json.loads(sturgeon("show", place, "--json", *chosen).out)
        assert len(shown["all_trials"]) == 1
        assert shown["best"] == {"trial": 2, "config": {"rate": 0.9999, "x": 0.5}, "value": -0.9999}
        assert [edge["end"] for edge in shown["edges"]] == ["upper"]


def test_the_best_satisfies_what_the_study_is_subject_to(sturgeon, tmp_path):
    def train(trial):
        return {"loss": trial.config["x"], "size": 1 - trial.config["x"]}

    place = tmp_path / "subject.study"
    options = {"study": str(place), "search": Random(), "workers": 0, "progress": False}
    with tune(
        train, Space(x=Real(0.0, 1.0)), minimize="loss", trials=12, subject_to="size <= 0.5", **options
    ) as study:
        best = study.best
        assert best.value > min(one.value for one in study.trials)
    assert json.loads(sturgeon("show", place, "--json").out)["best"]["trial"] == best.number


def test_what_a_terminal_would_obey_is_printed_as_letters(sturgeon, tmp_path):
    place = tmp_path / "stranger.study"
    space = Space(kind=Choice(("plain", "\x1b]0;title\x07")), x=Real(0.0, 1.0))
    with Study.create(place, space, minimize="lo\x1b[2Jss") as study:
        study.add({"kind": "\x1b]0;title\x07", "x": 0.5}, {study.metric: 1.0})
        study.add({"kind": "plain", "x": 0.5}, state="failed", error=ValueError("\x1b[31m\u202ered\nline"))
    printed = sturgeon("show", place).out
    assert all(one.isprintable() or one == "\n" for one in printed)
    assert "kind=\\x1b]0;title\\x07" in printed
    assert "ValueError: \\x1b[31m\\u202ered line" in printed
