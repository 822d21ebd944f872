"""Lightning's callback in worker processes, as a script of a user runs them."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "lightning_trials.py"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("lightning") is None, reason="needs the extra lightning"
)


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    """What became of each case."""
    ran = subprocess.run(
        [sys.executable, SCRIPT],
        cwd=tmp_path_factory.mktemp("lightning"),
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def test_every_epoch_is_reported_and_the_last_checkpoint_kept(trials):
    whole = trials["whole"]
    assert whole["state"] == "complete"
    assert [step for step, _ in whole["curve"]] == [1, 2, 3, 4]
    assert whole["reported"] == ["train_loss", "val_loss"]
    assert whole["step"] == 4
    assert Path(whole["checkpoint"]).is_file()


def test_a_killed_training_goes_on_exactly_with_a_schedule_that_looks_at_the_validation(trials):
    assert trials["killed"]["attempts"] == 2
    assert trials["killed"]["curve"] == trials["whole"]["curve"]


def test_a_trial_that_a_rule_stops_ends_after_its_epoch(trials):
    stopped = trials["stopped"]
    assert (stopped["state"], stopped["reason"]) == ("stopped", "it was time.")
    assert stopped["curve"] == trials["whole"]["curve"][:2]
    assert stopped["step"] == 2


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
    failed = trials[case]
    assert failed["state"] == "failed"
    assert said in failed["error"]
    assert len(failed["error"].splitlines()) == 1


def test_a_metric_that_was_never_reported_is_named_with_those_that_were(trials):
    silent = trials["silent"]
    assert silent["reported"] == ["other_loss", "train_loss"]
    assert all(repr(name) in silent["error"] for name in silent["reported"])
