"""Attempts that go on from a checkpoint."""

import os
import signal
from pathlib import Path

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.errors import StudyFailed
from sturgeon.study import Study


def test_an_attempt_goes_on_after_its_checkpoint_and_not_after_its_last_report(space, tmp_path):
    def train(trial):
        seen = f"{trial.attempt}:{trial.resume_from and Path(trial.resume_from).name}:"
        for epoch in trial.epochs(5):
            seen += str(epoch)
            trial.report(loss=1 / epoch, attempt=trial.attempt)
            if epoch == 3 and trial.attempt == 1:
                os.kill(os.getpid(), signal.SIGKILL)  # reported, but not in the checkpoint
            (tmp_path / f"{epoch}.ckpt").touch()
            trial.checkpoint(tmp_path / f"{epoch}.ckpt")
        (tmp_path / "seen").write_text(seen)

    study = tune(train, space, minimize="loss", trials=1)
    assert (tmp_path / "seen").read_text() == "2:2.ckpt:345"
    best = study.best
    assert best.curves["loss"] == [(epoch, 1 / epoch) for epoch in range(1, 6)]
    assert [value for _, value in best.curves["attempt"]] == [1, 1, 2, 2, 2]
    assert best.checkpoint == str(tmp_path / "5.ckpt")


def test_a_trial_without_a_checkpoint_begins_anew(space):
    def train(trial):
        assert trial.resume_from is None
        for epoch in trial.epochs(3):
            trial.report(loss=1 / epoch, attempt=trial.attempt)
            if epoch == 2 and trial.attempt == 1:
                os.kill(os.getpid(), signal.SIGKILL)

    best = tune(train, space, minimize="loss", trials=1).best
    assert [value for _, value in best.curves["attempt"]] == [2, 2, 2]


def test_a_trial_killed_after_its_last_checkpoint_keeps_the_value_it_had(space):
    def train(trial):
        for epoch in trial.epochs(3):
            trial.report(loss=1 / epoch)
            trial.checkpoint(f"/nowhere/{epoch}")
        if trial.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)

    best = tune(train, space, minimize="loss", trials=1).best
    assert (best.value, best.attempts) == (1 / 3, 2)


def test_a_checkpoint_returns_when_all_reports_before_it_are_written_down(space, tmp_path):
    place = tmp_path / "reports.study"

    def train(trial):
        for epoch in trial.epochs(3):
            trial.report(loss=1 / epoch)
        trial.checkpoint("/nowhere")
        with Study.open(place) as study:
            return {"loss": 1.0, "seen": len(study.trial(0).curves["loss"])}

    assert tune(train, space, minimize="loss", trials=1, study=place).best.metrics["seen"] == 3


def test_a_report_outlives_the_process_that_made_it(space, tmp_path):
    place = tmp_path / "reports.study"

    def train(trial):
        for epoch in trial.epochs(3):
            trial.report(loss=1 / epoch)
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(StudyFailed):
        tune(train, space, minimize="loss", trials=1, study=place)
    with Study.open(place) as study:
        assert study.trial(0).curves["loss"] == [(epoch, 1 / epoch) for epoch in (1, 2, 3)]
