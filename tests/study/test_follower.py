"""Whoever follows a study sees what it holds, having read only what changed."""

import pytest

import places
from sturgeon.study import Study
from sturgeon.study.follower import Follower


@pytest.fixture
def both(lasting):
    """A study, and another handle on it that is followed."""
    with places.make_study(lasting) as study, Study.open(lasting) as other:
        yield study, Follower(other)


def same(follower, study):
    return follower.trials == study.trials


def test_a_study_that_is_worked_on_is_seen_as_it_is_after_every_look(both):
    study, follower = both
    follower.look()
    running = study.ask(4)
    assert follower.look().trials == {0, 1, 2, 3}
    places.finish(study, running[0], 0.5)
    study.report(running[1], step=1, loss=3.0)
    changes = follower.look()
    assert changes.trials == {0}
    assert changes.points[1] == {"loss": [(1, 3.0)]}
    assert same(follower, study)
    study.report(running[1], step=1, accuracy=0.25)  # another metric at a step that was seen
    study.report(running[1], step=2, loss=2.0)
    assert follower.look().points == {1: {"loss": [(2, 2.0)], "accuracy": [(1, 0.25)]}}
    assert same(follower, study)
    study.report(running[1], step=1, loss=9.0)  # a step reported again
    follower.look()
    assert same(follower, study)
    study.stop(running[1], "enough")
    study.fail(running[2], "broken")
    study.pause(running[3])
    study.note(0, "the first")
    study.tag(2, "odd")
    study.enqueue(running[0].config)
    assert follower.look().trials == {0, 1, 2, 3, 4}
    assert same(follower, study)
    assert not follower.look()


def test_curves_of_trials_that_ended_before_are_read_little_by_little(both):
    study, follower = both
    for trial in study.ask(230):
        places.finish(study, trial, trial.number)
    running = study.ask()[0]
    study.report(running, step=1, loss=3.0)
    follower.look()
    assert [trial.value for trial in follower.trials[:230]] == list(range(230))
    assert not follower.complete
    assert not follower.read_curves(seconds=0)
    study.tag(229, "late")  # changes while its curve is still to be read
    study.report(running, step=2, loss=2.0)
    follower.look()
    assert follower.read_curves()
    assert same(follower, study)


def test_a_study_that_runs_is_not_read_again_from_the_start(both):
    study, follower = both
    for trial in study.ask(50):
        places.finish(study, trial, trial.number)
    follower.look()
    follower.read_curves()
    before = list(follower.trials)
    places.finish(study, study.ask()[0], 0.5)
    follower.look()
    assert all(old is new for old, new in zip(before, follower.trials[:50], strict=True))


def test_a_trial_that_was_deleted_is_not_followed_any_more(both):
    study, follower = both
    for trial in study.ask(4):
        places.finish(study, trial, trial.number)
    study.delete(0)  # before the first look
    follower.look()
    study.delete(2)
    assert follower.look().trials == {2}
    assert follower.read_curves()
    running = study.ask()[0]
    study.report(running, step=1, loss=3.0)
    assert follower.look().points == {4: {"loss": [(1, 3.0)]}}
    assert [one.number for one in follower.trials] == [1, 3, 4]
    assert same(follower, study)
    assert not follower.look()
