"""Folders for the checkpoints of trials, and functions that get ready before their first trial."""

import gc
from pathlib import Path

import pytest

import sturgeon as st
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.caviar.workers.messages import Returned
from sturgeon.errors import InputError
from sturgeon.study import Study


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


def test_the_checkpoints_of_a_best_trial_that_was_deleted_stay_and_the_study_goes_on(space, tmp_path):
    study = tune(leave_a_file, space, study=tmp_path / "a.study")
    deleted = study.best
    study.delete(deleted.number)
    study.close()
    with st.tune(
        leave_a_file,
        space,
        minimize="loss",
        trials=6,
        workers=0,
        progress=False,
        study=tmp_path / "a.study",
        resume=True,
    ) as study:
        assert study.counts()["complete"] == 6
        assert Path(deleted.checkpoint).exists()
        assert Path(study.best.checkpoint).exists()


def test_the_best_trial_keeps_its_checkpoints_where_it_ends_in_another_process_meanwhile(
    space, tmp_path, monkeypatch
):
    """It ends when this process looks which trials have checkpoints."""
    with (
        Study.create(tmp_path / "a.study", space, minimize="loss") as study,
        Study.open(study.place) as other,
    ):
        ledger = Ledger(study, Limits(trials=10))
        here, elsewhere = study.ask()[0], other.ask()[0]
        for trial in (here, elsewhere):
            Path(ledger.folders.of(trial.number)).mkdir(parents=True)
        numbers = ledger.folders.numbers

        def numbers_then():
            if other.trial(elsewhere).state == "running":
                other.tell(elsewhere, loss=0.1)
            return numbers()

        monkeypatch.setattr(ledger.folders, "numbers", numbers_then)
        ledger.end(ledger.start(here)[1], Returned(0.5), None)
        assert ledger.best == (elsewhere.number, 0.1)
        assert numbers() == [elsewhere.number]


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
