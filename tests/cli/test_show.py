"""`sturgeon show` on studies that were not made by `tune`."""

import json
import math

import pytest

from sturgeon.space import Real, Space, standard_space
from sturgeon.study import Study


def make(place, trials, space=None):
    space = space or standard_space()
    with Study.create(place, space, minimize="loss") as study:
        for config in space.sample(trials, 0):
            study.add(config, {"loss": abs(math.log10(config["learning_rate"]) + 2)}, notes=["by hand"])
    return place


def test_show_says_how_much_each_hyperparameter_mattered(sturgeon, tmp_path):
    place = make(tmp_path / "many.study", 80)
    printed = " ".join(sturgeon("show", place).out.split())
    assert "learning_rate (priority 1)" in printed
    assert "The notes' order held here" in printed
    importance = json.loads(sturgeon("show", place, "--json").out)["importance"]
    assert importance["shares"][0]["name"] == "learning_rate"
    assert importance["shares"][0]["share"] > 0.7
    assert importance["trials"] == 80
    assert importance["correlation"] > 0


def test_show_says_when_there_are_too_few_trials(sturgeon, tmp_path):
    place = make(tmp_path / "few.study", 3)
    assert "Importance needs 20 trials with a value; there are 3." in sturgeon("show", place).out
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
