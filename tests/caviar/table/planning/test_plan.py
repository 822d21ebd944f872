"""A plan is measured, counts what the budget affords, and chooses by a stated rule."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table.job import TableJob
from sturgeon.caviar.table.planning.plan import FEWEST_TRIALS, plan_table, recommend
from sturgeon.errors import InputError
from sturgeon.space import notes_space

SPACE = notes_space().replace(
    batch_size=notes_space()["batch_size"].__class__(32, 64, "power_of_two"),
    hidden_units=notes_space()["hidden_units"].__class__(50, 56),
)


@pytest.fixture(scope="module")
def job():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd"))
    frame["y"] = frame["a"] + frame["b"] ** 2
    return TableJob(frame, "y", Path("nowhere"), TuneOptions(space=SPACE, epochs=4), budget="10m")


@pytest.fixture(scope="module")
def made(job):
    lines = []
    plan = plan_table(job, seconds=0.4, on_progress=lines.append)
    assert lines[0] == "reading the table"
    return plan


def test_a_plan_is_complete_and_consistent(made):
    assert made.recommendation == "caviar"
    assert made.trials >= FEWEST_TRIALS
    assert made.trials_with_halving >= made.trials
    assert made.lanes >= 1
    assert made.devices
    assert made.memory_bytes > 0
    assert made.free_bytes is None or made.free_bytes > 0
    assert made.seconds_per_trial > 0
    assert made.compiling_seconds >= 0
    assert (made.epochs, made.budget_seconds) == (4, 600.0)
    assert f"affords {made.trials} whole trainings" in made.reason


def test_nothing_is_written(made):
    assert made
    assert not Path("nowhere").exists()


def test_a_budget_that_affords_nothing_means_panda(job):
    made = plan_table(replace(job, budget=0.001), seconds=0.1)
    assert (made.trials, made.recommendation) == (0, "panda")
    assert "gamble" in made.reason


def test_the_rule_changes_at_eight_whole_trainings():
    assert [recommend(trials, 30, 60)[0] for trials in (0, 7, 8, 99)] == [
        "panda",
        "panda",
        "caviar",
        "caviar",
    ]
    assert pytest.approx(0.9, abs=1e-3) == 1 - 0.75**FEWEST_TRIALS


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"budget": None}, "Name it"),
        ({"budget": "-3"}, "longer than 0"),
        ({"target": "x"}, "did you|columns"),
    ],
)
def test_bad_input_is_refused_before_anything_is_trained(job, change, says):
    with pytest.raises(InputError, match=says):
        plan_table(replace(job, **change))


@pytest.mark.parametrize(
    "options", [TuneOptions(epochs=0), TuneOptions(seed=-1), TuneOptions(minimize="val_accuracy")]
)
def test_options_that_break_a_rule_are_refused(job, options):
    with pytest.raises(InputError):
        plan_table(replace(job, options=options))
