"""Early stopping of training functions: `epochs` ends, checkpoints let paused trials go on."""

import math
import signal
from dataclasses import dataclass

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.errors import InputError, StudyError
from sturgeon.search import Search
from sturgeon.stopping import MedianRule, Never, Patience, SuccessiveHalving
from sturgeon.study import Study

BOTH = pytest.mark.parametrize("workers", [0, 1])


@dataclass(frozen=True)
class InOrder(Search):
    """Trial n has the n-th of some values."""

    name = "in-order"

    values: tuple[float, ...] = (0.5, 0.9, 0.8, 0.1, 0.7, 0.3, 0.6, 0.2, 0.95)

    def suggest(self, space, record, count, rng):
        return [{"x": self.values[len(record) + one]} for one in range(count)]


def plain(trial):
    for epoch in trial.epochs(9):
        trial.report(loss=trial.config["x"] + 1 / epoch)


@BOTH
def test_a_stopped_trial_ends_its_epochs_and_says_why(space, workers):
    rule = MedianRule(warm_up=1, at_least=2)
    study = tune(plain, space, minimize="loss", trials=5, search=InOrder(), stopping=rule, workers=workers)
    stopped = study.trial(2)
    assert [study.trial(number).state for number in range(4)] == [
        "complete",
        "complete",
        "stopped",
        "complete",
    ]
    assert stopped.reason == "Median rule: loss 1.3 at step 2 is above 1.2, the median of 2 trials."
    assert [step for step, _ in stopped.curves["loss"]] == [1, 2]
    assert stopped.value == stopped.metrics["loss"] == 1.3
    assert study.best.number == 3


@BOTH
def test_a_function_with_checkpoints_is_paused_and_promoted(space, tmp_path, workers):
    def train(trial):
        begun = int((tmp_path / f"{trial.number}").read_text()) if trial.resume_from else 0
        for epoch in trial.epochs(9):
            assert epoch == begun + 1
            begun = epoch
            trial.report(loss=trial.config["x"] + 1 / epoch)
            (tmp_path / f"{trial.number}").write_text(str(epoch))
            trial.checkpoint(tmp_path / f"{trial.number}")

    study = tune(
        train,
        space,
        minimize="loss",
        trials=9,
        search=InOrder((0.3, 0.4, 0.9, 0.8, 0.7, 0.6, 0.95, 0.85, 0.75)),
        stopping=SuccessiveHalving(first=1),
        workers=workers,
    )
    trials = study.trials
    # Trial 1 is among the best third once there are six, goes on from its checkpoint, and is beaten at 3.
    assert [(one.number, one.outcome) for one in study.attempts(1)] == [
        (1, "paused"),
        (2, "paused"),
        (3, "stopped"),
    ]
    assert [len(one.curves["loss"]) for one in trials] == [9, 3, 1, 1, 1, 3, 1, 1, 1]
    assert [one.state for one in trials] == ["complete"] + 8 * ["stopped"]
    assert trials[2].reason.startswith(
        "Successive halving: loss 1.9 at step 1 is in place 8 of 9 trials there"
    )
    for one in trials:
        steps = [step for step, _ in one.curves["loss"]]
        assert steps == list(range(1, len(steps) + 1))
        assert one.value == one.curves["loss"][-1][1]


@BOTH
def test_a_function_without_checkpoints_is_only_ever_stopped(space, workers):
    study = tune(
        plain,
        space,
        minimize="loss",
        trials=9,
        search=InOrder(),
        stopping=SuccessiveHalving(first=1),
        workers=workers,
    )
    assert all(trial.attempts == 1 for trial in study.trials)
    assert study.trial(1).reason == (
        "Successive halving: loss 1.9 at step 1 is in place 2 of 2 trials there, of which 1 goes on."
    )
    assert study.best.config["x"] == 0.1


@BOTH
def test_reasons_and_values_are_the_users_when_maximising(space, workers):
    def train(trial):
        for _ in trial.epochs(4):
            trial.report(accuracy=1 - trial.config["x"])

    rule = MedianRule(warm_up=0, at_least=2)
    study = tune(
        train, space, maximize="accuracy", trials=3, search=InOrder(), stopping=rule, workers=workers
    )
    assert study.trial(2).reason == (
        "Median rule: accuracy 0.2 at step 1 is below 0.3, the median of 2 trials."
    )


@BOTH
def test_a_value_that_is_not_finite_counts_as_the_worst_and_fails(space, workers):
    def train(trial):
        for epoch in trial.epochs(6):
            trial.report(loss=math.nan if trial.number == 2 and epoch > 2 else 1.0)

    rule = Patience(steps=1)
    study = tune(train, space, minimize="loss", trials=3, search=InOrder(), stopping=rule, workers=workers)
    assert study.trial(0).reason == "Patience: loss 1 at step 1 was not improved on in 1 steps."
    rule = MedianRule(warm_up=2, at_least=2)
    study = tune(train, space, minimize="loss", trials=3, search=InOrder(), stopping=rule, workers=workers)
    assert study.trial(2).state == "complete" or study.trial(2).error.type == "NotFinite"


@pytest.mark.parametrize("looks", [False, True])
def test_a_function_that_does_not_look_trains_on_and_that_is_said_once(space, caplog, looks):
    def train(trial):
        for epoch in range(1, 4):
            trial.report(loss=trial.config["x"], step=epoch)
            if looks and trial.stopped:
                return

    rule = MedianRule(warm_up=0, at_least=1)
    study = tune(train, space, minimize="loss", trials=3, search=InOrder(), stopping=rule, workers=0)
    assert study.counts()["complete"] == (1 if looks else 3)
    said = [line for line in caplog.messages if "trains on though it was to end after step 1" in line]
    assert len(said) == (0 if looks else 1)


def test_the_rule_is_kept_with_the_study(space, tmp_path):
    place = tmp_path / "kept.study"
    rule = MedianRule(warm_up=0, at_least=2)
    settings = {"minimize": "loss", "study": place, "workers": 0}
    tune(plain, space, trials=2, stopping=rule, **settings).close()
    with pytest.raises(StudyError, match="stopping rule"):
        tune(plain, space, trials=4, stopping=Never(), resume=True, **settings)
    with tune(plain, space, trials=12, resume=True, **settings) as study:
        assert study.counts()["stopped"] > 0
        assert all(one.reason.startswith("Median rule") for one in study.trials if one.state == "stopped")


def test_nothing_is_stopped_by_default(space):
    assert tune(plain, space, minimize="loss", trials=6, workers=0).counts()["complete"] == 6


@pytest.mark.parametrize("wrong", ["median", MedianRule, 3])
def test_what_is_no_rule_is_refused(space, wrong):
    with pytest.raises(InputError, match="`stopping` must be a stopping rule"):
        tune(plain, space, minimize="loss", trials=1, stopping=wrong, workers=0)


def test_several_objectives_are_not_stopped_early(space, tmp_path):
    place = tmp_path / "two.study"
    with pytest.raises(InputError, match="A stopping rule compares one objective"):
        tune(plain, space, minimize=["loss", "size"], stopping=MedianRule(), study=place, workers=0)
    assert not place.exists()


HELD = """
import sturgeon as st
from pathlib import Path

def train(trial):
    for epoch in trial.epochs(9):
        trial.report(loss=trial.config["x"] + 1 / epoch)
        Path(f"{trial.number}.txt").write_text(str(epoch))
        trial.checkpoint(f"{trial.number}.txt")
        if trial.number == 7 and trial.attempt == 1 and epoch == 1:
            print("there 1", flush=True)
            while not trial.stopped:
                pass

study = st.tune(train, st.Space(x=st.Real(0, 1)), minimize="loss", trials=9, study="s.study", seed=1,
                stopping=st.SuccessiveHalving(first=2), resume=True)
print("done 1", flush=True)
"""


def test_an_interrupted_run_goes_on_with_what_it_had_paused(script, tmp_path):
    run = script(HELD)
    run.said("there ")
    run.signal(signal.SIGINT)
    assert run.end()[0] == -signal.SIGINT
    with Study.open(tmp_path / "s.study") as study:
        counts = study.counts()
        assert counts["paused"] > 1
        assert counts["stopped"] == counts["running"] == 0
    script(HELD).said("done ")
    with Study.open(tmp_path / "s.study") as study:
        counts = study.counts()
        assert counts["complete"] + counts["stopped"] == 9
        assert study.trial(7).attempts >= 2
        for one in study.trials:
            assert one.value == one.curves["loss"][-1][1]
            assert one.state == "complete" or one.reason.startswith("Successive halving: loss ")
