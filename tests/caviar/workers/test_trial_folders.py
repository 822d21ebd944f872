"""Folders for the checkpoints of trials, and functions that get ready before their first trial."""

import gc
from pathlib import Path

import pytest

import sturgeon as st
from sturgeon.errors import InputError


def leave_a_file(trial):
    folder = Path(trial.folder)
    for epoch in trial.epochs(2):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{epoch}.txt"
        path.write_text("state")
        trial.report(loss=trial.config["x"])
        trial.checkpoint(path)


def tune(function, space, **options):
    return st.tune(function, space, minimize="loss", trials=5, workers=0, progress=False, **options)


def test_only_the_folder_of_the_best_trial_stays(space, tmp_path):
    study = tune(leave_a_file, space, study=tmp_path / "a.study")
    kept = [path.name for path in (tmp_path / "a.study.checkpoints").iterdir()]
    assert kept == [f"trial-{study.best.number}"]
    assert Path(study.best.checkpoint).read_text() == "state"


def test_the_folders_of_a_study_in_memory_are_gone_with_it(space):
    study = tune(leave_a_file, space)
    kept = Path(study.best.checkpoint)
    assert kept.exists()
    study.close()
    del study
    gc.collect()
    assert not kept.exists()


def test_a_repetition_has_a_folder_of_its_own_inside_its_trials(space, tmp_path):
    study = tune(leave_a_file, space, study=tmp_path / "a.study", repeats=3)
    assert study.counts()["complete"] == 5
    (kept,) = (tmp_path / "a.study.checkpoints").iterdir()
    assert {path.name for path in kept.iterdir()} == {"1.txt", "2.txt", "repeat-1", "repeat-2"}
    assert study.best.checkpoint == str(kept / "2.txt")


def test_a_folder_that_nobody_needs_is_not_made(space, tmp_path):
    tune(lambda trial: trial.config["x"], space, study=tmp_path / "a.study")
    assert not (tmp_path / "a.study.checkpoints").exists()


def test_what_a_study_that_is_gone_left_behind_is_no_hindrance(space, tmp_path):
    for path in ("trial-6", "trial-0"):
        (tmp_path / "a.study.checkpoints" / path).mkdir(parents=True)
    study = tune(leave_a_file, space, study=tmp_path / "a.study")
    kept = {path.name for path in (tmp_path / "a.study.checkpoints").iterdir()}
    assert kept == {f"trial-{study.best.number}", "trial-6"}


def test_a_function_that_can_save_is_paused_before_it_ever_saved(space, tmp_path):
    def train(trial):
        trial.can_save = True
        for epoch in trial.epochs(4):
            trial.report(loss=trial.config["x"])
            if trial.stopped:
                trial.checkpoint(tmp_path / f"{trial.number}")
                began.append(epoch)

    began = []
    rule = st.SuccessiveHalving(reduction=2, first=1)
    study = tune(train, space, search=st.Random(), stopping=rule)
    assert began
    assert any(trial.checkpoint_step == 1 for trial in study.trials)


class Refusing:
    """A training function that finds on its first look that something is wrong."""

    def prepare(self):
        raise InputError("What is given must be right; got wrong. Give right.")

    def __call__(self, trial):
        return trial.config["x"]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_function_that_refuses_to_get_ready_leaves_no_study(workers, space, tmp_path):
    place = tmp_path / "a.study"
    with pytest.raises(InputError, match=r"^What is given must be right; got wrong. Give right.$"):
        st.tune(Refusing(), space, minimize="loss", trials=2, workers=workers, study=place, progress=False)
    assert not place.exists()
