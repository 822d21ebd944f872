"""Lightning's callback in worker processes, as a script of a user runs them."""

import importlib.util

import pytest

from framework_trials import cases_of, check_failed, check_stopped, check_whole

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lightning") is None, reason="needs the extra lightning"
)


@pytest.fixture(scope="module")
def trials(ran_in):
    """What became of each case."""
    return cases_of(ran_in("torch")[1]["lightning_trials.py"])


def test_every_epoch_is_reported_and_the_last_checkpoint_kept(trials):
    check_whole(trials, ["train_loss", "val_loss"])


def test_a_killed_training_goes_on_exactly_with_a_schedule_that_looks_at_the_validation(trials):
    assert trials["killed"]["attempts"] == 2
    assert trials["killed"]["curve"] == trials["whole"]["curve"]


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
        ("forgotten", "Write trainer.fit(..., ckpt_path=trial.resume_from)."),
        ("unsafe", "must hold tensors and plain values only"),
        ("gpu", "gpu"),
        ("silent", "must report or return 'val_loss'; it reported '"),
    ],
)
def test_a_trial_fails_in_one_line_and_the_others_go_on(trials, case, said):
    check_failed(trials[case], said)


def test_a_metric_that_was_never_reported_is_named_with_those_that_were(trials):
    silent = trials["silent"]
    assert silent["reported"] == ["other_loss", "train_loss"]
    assert all(repr(name) in silent["error"] for name in silent["reported"])
