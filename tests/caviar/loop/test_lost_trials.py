"""Trials that somebody else ended or took while they trained in lanes here: the run goes on without them."""

import threading

import pytest

from counting_lanes import CountingProgram, counting
from sturgeon.caviar.checkpoints import Checkpoints
from sturgeon.caviar.limits import Limits
from sturgeon.caviar.loop.loop import CaviarLoop
from sturgeon.search import Random
from sturgeon.space import Real, Space
from sturgeon.study import Study, Trial

TRIALS = 6
LONG = 60.0  # only ever waited for where something is broken


class Shared:
    """A study that is run here, and that another process has open too."""

    def __init__(self, study, other, folder):
        self.study = study
        self.other = other
        self.folder = folder
        self.stop = threading.Event()
        self.networks = {}
        self.taken = []
        self.trains_on = threading.Event()

    def run(self, *, on_progress=lambda progress: None, on_network=lambda trial: None, epochs=50):
        def keep(trial, network):
            self.networks[trial.number] = network
            on_network(trial)

        loop = CaviarLoop(
            self.study,
            counting(epochs=epochs, width=1),
            checkpoints=Checkpoints(self.folder),
            on_network=keep,
            on_progress=on_progress,
        )
        return loop.run(Limits(trials=TRIALS), self.stop)

    def running(self):
        """A trial that trains here, as the other process sees it."""
        found = next(one for one in self.other.trials if one.state == "running" and one.curves)
        return Trial(found.number, found.config, found.seed, found.attempts)

    def fail(self):
        """The other process ends a trial that trains here."""
        trial = self.running()
        self.other.fail(trial, "ended elsewhere")
        self.taken.append(trial.number)
        self.trains_on.set()

    def delete(self):
        """The other process ends a trial that trains here, and deletes it."""
        self.fail()
        self.other.delete(self.taken[0])

    def take_over(self):
        """The other process takes a trial that trains here, as it does where a lease has run out."""
        trial = self.running()
        self.other.retry(trial, "its lease ran out")
        self.taken += [one.number for one in self.other.ask()]
        assert self.taken == [trial.number]
        self.trains_on.set()


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """Its trainings wait after their second epoch until one of them is lost."""
    count = CountingProgram.run

    def run(self, *arguments):
        assert self._runs < 2 or made.trains_on.wait(LONG)
        return count(self, *arguments)

    monkeypatch.setattr(CountingProgram, "run", run)
    space = Space(x=Real(0.0, 1.0))
    with (
        Study.create(tmp_path / "a.study", space, minimize="val_loss", search=Random()) as study,
        Study.open(study.place) as other,
    ):
        made = Shared(study, other, tmp_path / "kept")
        yield made


@pytest.mark.parametrize("how", ["fail", "delete", "take_over"])
def test_a_run_goes_on_without_a_trial_that_is_somebody_elses(shared, how):
    def lose_one(progress):
        if progress.epochs and not shared.taken:
            getattr(shared, how)()

    assert not shared.run(on_progress=lose_one)
    (number,) = shared.taken
    states = {one.number: one.state for one in shared.study.trials}
    assert (
        states.pop(number, "deleted") == {"fail": "failed", "take_over": "running", "delete": "deleted"}[how]
    )
    assert set(states.values()) == {"complete"}
    assert len(states) == (TRIALS if how == "delete" else TRIALS - 1)
    if how == "take_over":
        shared.other.tell(number, val_loss=1.0)
        assert shared.study.trial(number).value == 1.0


def test_a_trial_that_is_lost_at_its_very_end_is_not_the_best_that_others_are_compared_with(shared):
    def lose_it(trial):
        if not shared.taken:
            shared.taken.append(trial.number)
            shared.other.fail(Trial(trial.number, trial.config, trial.seed, trial.attempt), "ended elsewhere")

    shared.trains_on.set()
    shared.run(on_network=lose_it, epochs=3)
    (number,) = shared.taken
    assert shared.study.trial(number).state == "failed"
    assert shared.study.counts()["complete"] == TRIALS - 1
    assert shared.study.best.number in shared.networks


def test_the_others_are_put_aside_where_a_run_is_interrupted_as_it_loses_one(shared):
    def lose_one_and_stop(progress):
        if progress.epochs and not shared.taken:
            shared.fail()
            shared.stop.set()

    assert shared.run(on_progress=lose_one_and_stop, epochs=10**6)
    (number,) = shared.taken
    others = [one for one in shared.study.trials if one.number != number]
    assert {one.state for one in others} <= {"paused", "waiting"}
    trained = [one for one in others if one.curves]
    assert all(one.checkpoint_step == one.curves["val_loss"][-1][0] for one in trained)
    assert shared.study.trial(number).state == "failed"
