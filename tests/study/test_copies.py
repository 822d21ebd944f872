"""Trials that begin where others are."""

import pytest

from sturgeon import Real, Space, Study
from sturgeon.search.population.training import Exploit

SPACE = Space(x=Real(0.0, 1.0))


@pytest.fixture
def study(where):
    with Study.create(where, SPACE, minimize="loss") as made:
        (parent,) = made.ask()
        for step in (1, 2, 3):
            made.report(parent, step, loss=1 / step)
        made.checkpoint(parent, "parent.ckpt", step=2)
        made.pause(parent)
        yield made


def test_a_copy_has_the_curves_up_to_the_checkpoint_and_says_whose_it_is(study):
    (number,) = study.copy_trials([Exploit(0, {"x": 0.25}, 1, replaces=7)], {0: "kept.ckpt"})
    copy = study.trial(number)
    assert (copy.state, copy.config) == ("paused", {"x": 0.25})
    assert [step for step, _ in copy.curves["loss"]] == [1, 2]
    assert (copy.checkpoint, copy.checkpoint_step) == ("kept.ckpt", 2)
    assert copy.about["copied"]["parent"] == 0
    assert copy.notes == ("copy of trial 0 at step 2, in the place of trial 7",)


def test_of_two_that_copy_after_the_same_generation_one_does(study):
    copies = [Exploit(0, {"x": 0.25}, 1, replaces=7)]
    assert len(study.copy_trials(copies, {0: "kept.ckpt"})) == 1
    assert study.copy_trials(copies, {0: "kept.ckpt"}) == []
    assert len(study.copy_trials([Exploit(0, {"x": 0.5}, 2, replaces=None)], {0: "kept.ckpt"})) == 1
    assert study.trial(2).notes == ("copy of trial 0 at step 2",)


def test_a_trial_that_goes_on_after_its_run_does_so_once(study):
    going_on = [Exploit(0, {"x": 0.25}, 0, replaces=0)]
    (number,) = study.copy_trials(going_on, {0: "kept.ckpt"})
    assert study.trial(number).notes == ("trial 0 goes on from step 2",)
    assert study.copy_trials(going_on, {0: "kept.ckpt"}) == []
