"""PaddlePaddle's callback in worker processes, as a script of a user runs them."""

import importlib.util

import pytest

from framework_trials import cases_of, check_failed, check_stopped, check_whole

pytestmark = pytest.mark.skipif(importlib.util.find_spec("paddle") is None, reason="needs the extra paddle")


@pytest.fixture(scope="module")
def trials(ran_in):
    """What became of each case."""
    return cases_of(ran_in("paddle")[1]["paddle_trials.py"])


def test_every_epoch_is_reported_and_the_last_checkpoint_kept(trials):
    check_whole(trials, ["loss", "val_loss"])


def test_a_killed_training_goes_on_exactly(trials):
    assert trials["killed"]["attempts"] == 2
    assert trials["killed"]["curve"] == trials["whole"]["curve"]
    assert trials["killed"]["weights"] == trials["whole"]["weights"]


def test_a_training_killed_when_it_was_done_is_not_trained_further(trials):
    again = trials["killed at the end"]
    assert again["attempts"] == 2
    assert again["curve"] == trials["whole"]["curve"]
    assert again["weights"] == trials["whole"]["weights"]


def test_a_trial_that_a_rule_stops_ends_after_its_epoch(trials):
    check_stopped(trials)


def test_a_training_that_another_callback_ends_keeps_what_was_trained_last(trials):
    early = trials["early"]
    assert early["state"] == "complete", early["error"]
    assert early["curve"] == trials["whole"]["curve"][:1]
    assert early["step"] == 1


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("unsafe", "must hold arrays and plain values only"),
        ("gpu", "not compiled with CUDA"),
        ("silent", "must report or return 'val_loss'; it reported 'loss'"),
    ],
)
def test_a_trial_fails_in_one_line_and_the_others_go_on(trials, case, said):
    check_failed(trials[case], said)
