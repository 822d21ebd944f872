"""What users of other tools expect of a run: callbacks, repeats, notes, several of the best kept."""

import os
import signal
from pathlib import Path

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.errors import InputError, StudyError
from sturgeon.search import Random
from sturgeon.space import Real, Space
from sturgeon.study import Study

SPACE = Space(x=Real(0.0, 1.0))


def loss(trial):
    trial.note(f"x is {trial.config['x']:.1f}")
    trial.note("second")
    return trial.config["x"]


@pytest.mark.parametrize("workers", [0, 1])
def test_notes_of_a_training_are_kept_with_its_trial(workers):
    study = tune(loss, SPACE, minimize="loss", trials=2, workers=workers, progress=False)
    for one in study.trials:
        assert one.notes == (f"x is {one.config['x']:.1f}", "second")


def test_a_note_is_text():
    def train(trial):
        trial.note(3)

    with pytest.raises(Exception, match="must be text; got 3"):
        tune(train, SPACE, minimize="loss", trials=1, workers=0, progress=False)


def test_callbacks_see_each_trial_that_ended_and_may_end_the_run():
    seen = []

    def train(trial):
        if trial.number == 1:
            raise ValueError("broken")
        return trial.config["x"]

    def note(study, trial):
        seen.append((trial.number, trial.state))
        study.tag(trial.number, "seen")

    def enough(study, trial):
        return trial.number == 3

    study = tune(
        train, SPACE, minimize="loss", trials=20, workers=0, callbacks=[note, enough], progress=False
    )
    assert seen == [(0, "complete"), (1, "failed"), (2, "complete"), (3, "complete")]
    assert [one.tags for one in study.trials] == [("seen",)] * 4


def test_an_exception_of_a_callback_ends_the_run_and_all_is_kept(tmp_path):
    def broken(study, trial):
        raise RuntimeError("callback")

    where = tmp_path / "a.study"
    with pytest.raises(RuntimeError, match="callback"):
        tune(
            loss, SPACE, minimize="loss", trials=5, workers=0, callbacks=[broken], study=where, progress=False
        )
    with Study.open(where) as study:
        assert study.counts()["complete"] == 1


@pytest.mark.parametrize("returns", [True, False])
def test_repeats_give_the_mean_of_other_seeds(returns):
    def train(trial):
        value = float(trial.seed % 1000)
        for epoch in trial.epochs(2):
            trial.report(loss=value + 2 - epoch)
        return value if returns else None

    options = {"minimize": "loss", "trials": 3, "workers": 0, "progress": False, "search": Random()}
    once, thrice = tune(train, SPACE, **options), tune(train, SPACE, repeats=3, **options)
    for one, three in zip(once.trials, thrice.trials, strict=True):
        assert three.config == one.config
        assert three.curves == one.curves  # those of the first time
        assert three.value != one.value
        assert three.metrics["loss_std"] > 0
        assert "" not in three.metrics
    again = tune(train, SPACE, repeats=3, **options)
    assert [one.value for one in again.trials] == [one.value for one in thrice.trials]


def test_repeats_of_a_trial_that_is_tried_again_are_of_the_same_attempt(tmp_path):
    def train(trial):
        with (tmp_path / "attempts").open("a") as file:
            file.write(f"{trial.attempt} ")
        if trial.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return trial.config["x"]

    tune(train, SPACE, minimize="loss", trials=1, repeats=2, workers=1, progress=False)
    assert (tmp_path / "attempts").read_text().split() == ["1", "2", "2"]


@pytest.mark.parametrize("workers", [0, 1])
def test_repeats_count_though_the_attempt_goes_on_from_the_last_epoch(tmp_path, workers):
    """The process dies, or Ctrl-C comes, when the first training is over: nothing of it is left to report."""

    def train(trial):
        for _ in trial.epochs(2):
            trial.report(loss=float(trial.seed % 1000))
            trial.checkpoint(tmp_path / f"{trial.number}")
        seeds.append(trial.seed)
        if breaks and trial.attempt == 1 and len(seeds) == 2:
            if workers:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt

    options = {"minimize": "loss", "trials": 1, "repeats": 3, "workers": workers, "search": Random()}
    trials = []
    for breaks in (False, True):
        seeds = []
        place = tmp_path / f"{breaks}.study"
        try:
            study = tune(train, SPACE, study=place, progress=False, **options)
        except KeyboardInterrupt:
            study = tune(train, SPACE, study=place, progress=False, resume=True, **options)
        trials.append(study.trial(0))
        study.close()
    undisturbed, taken_up = trials
    assert taken_up.attempts == 2
    assert taken_up.metrics == undisturbed.metrics
    assert taken_up.metrics["loss_std"] > 0


def test_repeats_work_in_a_worker_process():
    study = tune(
        lambda trial: {"loss": trial.seed % 7, "size": 2},
        SPACE,
        minimize="loss",
        trials=1,
        repeats=2,
        progress=False,
    )
    assert set(study.best.metrics) == {"loss", "loss_std", "size", "size_std"}


def test_checkpoints_of_the_best_few_stay():
    def train(trial):
        folder = Path(trial.folder)
        folder.mkdir(parents=True)
        (folder / "weights").write_text(str(trial.number))
        trial.checkpoint(folder / "weights", step=1)
        return trial.config["x"]

    study = tune(train, SPACE, minimize="loss", trials=6, workers=0, keep=3, progress=False)
    ranked = sorted(study.trials, key=lambda one: one.value)
    assert [one.number for one in study.top(3)] == [one.number for one in ranked[:3]]
    assert [Path(one.checkpoint).exists() for one in ranked] == [True] * 3 + [False] * 3


def test_top_of_several_objectives_is_refused():
    with (
        Study.create(":memory:", SPACE, minimize=["a", "b"]) as study,
        pytest.raises(StudyError, match="best_trials"),
    ):
        study.top(2)


@pytest.mark.parametrize(("name", "value"), [("repeats", 0), ("repeats", 1.5), ("keep", 0), ("keep", True)])
def test_a_number_that_is_none_is_refused(name, value):
    with pytest.raises(InputError, match=f"`{name}` must be a whole number from 1"):
        tune(loss, SPACE, minimize="loss", trials=1, workers=0, **{name: value})
