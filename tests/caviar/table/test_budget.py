"""A budget covers all from the table to the test, and a run that only time bounds adapts to it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.loop import loop
from sturgeon.caviar.loop.pace import Pace
from sturgeon.caviar.opening import TuneOptions
from sturgeon.caviar.table import job as table_job
from sturgeon.caviar.table.ending import Ending
from sturgeon.caviar.table.job import TableJob, tune_table
from sturgeon.caviar.table.opening import table_settings
from sturgeon.caviar.table.planning import suggestion_time
from sturgeon.caviar.table.planning.rehearsal import rehearse
from sturgeon.caviar.table.planning.suggestion_time import SuggestionTime
from sturgeon.data import prepare
from sturgeon.search import CoarseToFine, Random
from sturgeon.stopping import DEFAULT
from sturgeon.study import Study

OPTIONS = TuneOptions(epochs=4)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    frame["y"] = frame["a"] + frame["b"] ** 2
    return frame


@pytest.fixture(scope="module")
def dataset(frame):
    return prepare(frame, "y")


@pytest.fixture(scope="module")
def trainer(dataset):
    settings = table_settings(OPTIONS, dataset.task)
    return table_trainer(dataset, settings.space, settings.objective, settings.epochs)


@pytest.fixture
def processor_time(monkeypatch):
    """Budgets count the processor time of this process, whatever else the machine does."""
    clock = SimpleNamespace(monotonic=time.process_time, process_time=time.process_time)
    for module in (loop, suggestion_time, table_job):
        monkeypatch.setattr(module, "time", clock)


@pytest.mark.parametrize("pays", [False, True])
def test_a_budget_ends_the_trials_and_stops_none_where_that_saves_no_time(pays, frame, tmp_path, monkeypatch):
    monkeypatch.setattr(Pace, "stopping_pays", property(lambda pace: pays))
    over, budget = threading.Event(), 10_000.0
    # The budget is over once so many trials have ended that the rule, if it is asked, has stopped some.
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + (budget if over.is_set() else 0))
    for module in (loop, table_job):
        monkeypatch.setattr(module, "time", clock)

    def look(progress):
        if progress.done >= 12:
            over.set()

    result = tune_table(TableJob(frame, "y", tmp_path / "out", OPTIONS, budget=budget), on_progress=look)
    assert result.test is not None
    assert result.default_test is not None
    assert not result.interrupted
    with Study.open(result.study) as study:
        assert study.about["stopping_by_default"]
        judged = [trial.number for trial in study.trials if "halving" in (trial.reason or "")]
    assert bool(judged) == pays


def test_with_a_number_of_trials_a_budget_changes_no_trial(frame, tmp_path):
    def configs(name: str, budget: str | None):
        result = tune_table(TableJob(frame, "y", tmp_path / name, OPTIONS, trials=6, budget=budget))
        with Study.open(result.study) as study:
            return [(trial.config, trial.value) for trial in study.trials]

    assert configs("without", None) == configs("with", "10m")


@pytest.mark.usefixtures("processor_time")
def test_a_budget_that_is_too_short_for_the_end_leaves_some_to_the_trials(frame, tmp_path):
    result = tune_table(TableJob(frame, "y", tmp_path / "out", OPTIONS, budget=1.5, repeats=50))
    assert sum(result.trials.values()) > 0
    assert result.test is not None


def test_the_end_is_the_last_trainings_the_repeats_and_the_test(dataset, trainer):
    settings = table_settings(OPTIONS, dataset.task)
    pace = Pace(4, 1)
    for number, epoch in ((0, 1.0), (5, 3.0)):
        for _ in range(4):
            pace.trained(number, epoch)
    plain, repeated = (Ending(dataset, settings, trainer, repeats=times, trains=True) for times in (0, 2))
    more = 1 + len(dataset.y_validation) / len(dataset.y_train)
    assert plain.seconds(pace, 0) == pytest.approx(4 * more, abs=0.3)
    assert 12 * more <= plain.seconds(pace, 5) <= 16 * more + 0.2
    lanes = sum(trainer.backend.typical_lanes(device) for device in trainer.backend.devices)
    assert repeated.seconds(pace, 5) - plain.seconds(pace, 5) == pytest.approx(2 * 5 * 12 / lanes)
    before = plain.seconds(pace, 5)
    plain.rehearse()
    assert plain.seconds(pace, 5) > before


@pytest.mark.usefixtures("processor_time")
def test_a_rehearsal_counts_trials_and_leaves_nothing(dataset, trainer, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(threading.enumerate())
    options = TuneOptions(epochs=4, stopping=DEFAULT)
    seen = rehearse(options, dataset, trainer, seconds=1.0, spares=True)
    assert seen.trials > 0
    assert seen.ended_by(0.0) <= seen.ended_by(0.5) <= seen.trials
    assert seen.epochs == sum(epochs for _, epochs in seen.trained) > 0
    assert seen.pace.busy > 0
    assert seen.queued > 0
    assert not list(Path(tmp_path).iterdir())
    assert set(threading.enumerate()) <= before


@pytest.mark.usefixtures("processor_time")
def test_suggestions_are_timed_by_the_size_of_the_record(dataset):
    space = table_settings(OPTIONS, dataset.task).space
    learning = SuggestionTime(CoarseToFine(), space, 4)
    assert 0 < learning.of(300, quickly=True) < learning.of(300, quickly=False)
    assert SuggestionTime(Random(), space, 4).of(50, quickly=False) == 0.0
