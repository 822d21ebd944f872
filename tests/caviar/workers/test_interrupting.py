"""Ctrl-C, SIGTERM and kill -9, on scripts that run in processes of their own."""

import signal

import pytest

import sturgeon as st
from sturgeon.study import Study

PREAMBLE = """
import json, os, sys, threading
from dataclasses import dataclass
import sturgeon as st

class Ramp(st.Search):
    name = "ramp"

space = st.Space(x=st.Real(0, 1))

def say(*words):
    print(*words, flush=True)

"""

COUNTING = (
    PREAMBLE
    + """
def train(trial):
    first = 1
    if trial.resume_from:
        first = int(open(trial.resume_from).read()) + 1
    for epoch in trial.epochs(5):
        assert epoch == first
        first += 1
        trial.report(loss=trial.config["x"] / epoch)
        with open(f"{trial.number}.txt", "w") as file:
            file.write(str(epoch))
        trial.checkpoint(f"{trial.number}.txt")
        if epoch == 2 and trial.attempt == 1 and trial.number == HELD:
            say("pid", os.getpid())
            while not trial.stopped:
                pass
HELD = int(sys.argv[1])
st.tune(train, space, minimize="loss", trials=4, study="a.study", workers=int(sys.argv[2]), resume=True)
say("done", 1)
"""
)


@pytest.mark.parametrize(("number", "whole_group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_once_finishes_the_epoch_and_leaves_a_study_to_resume(script, tmp_path, gone, number, whole_group):
    run = script(COUNTING, 1, 1)
    worker = run.said("pid ")
    run.signal(number, whole_group)
    code, out, err = run.end()
    assert code == -signal.SIGINT
    assert "done" not in out
    assert "Stopping after the current epochs of 1 trials; once more to leave now." in err
    assert "Interrupted after 1 of 4 trials, 1 paused; all is kept: go on with st.tune(" in err
    assert "study='a.study', resume=True)" in err
    assert err.splitlines()[-1].startswith("KeyboardInterrupt: the study")
    gone(worker)
    with Study.open(tmp_path / "a.study") as study:
        assert [trial.state for trial in study.trials] == ["complete", "paused"]
        assert [step for step, _ in study.trials[1].curves["loss"]] == [1, 2]

    again = script(COUNTING, 1, 1)
    assert again.said("done ") == 1
    assert again.end()[0] == 0
    with Study.open(tmp_path / "a.study") as study:
        assert study.counts()["complete"] == 4
        resumed = study.trials[1]
        assert resumed.attempts == 2
        assert [step for step, _ in resumed.curves["loss"]] == [1, 2, 3, 4, 5]


BLOCKED = (
    PREAMBLE
    + """
def train(trial):
    import subprocess
    trial.report(loss=1.0)
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    say("pids", [os.getpid(), child.pid])
    threading.Event().wait()

st.tune(train, space, minimize="loss", trials=4, study="a.study", workers=1)
"""
)


def test_twice_leaves_now(script, tmp_path, gone):
    run = script(BLOCKED)
    pids = run.said("pids ")
    run.signal(signal.SIGINT, whole_group=True)
    run.until("stderr", "once more to leave now")
    run.signal(signal.SIGINT, whole_group=True)
    code, _, err = run.end()
    assert code == -signal.SIGINT
    assert "Interrupted after 0 of 4 trials, 1 paused" in err
    gone(*pids)
    with Study.open(tmp_path / "a.study") as study:
        assert [trial.state for trial in study.trials] == ["paused"]
        assert study.trials[0].curves["loss"] == [(1, 1.0)]


def test_a_training_that_has_reported_nothing_is_put_aside_at_once(script, tmp_path, gone):
    run = script(BLOCKED.replace("trial.report(loss=1.0)", ""))
    pids = run.said("pids ")
    run.signal(signal.SIGTERM)
    assert "Interrupted after 0 of 4 trials, 1 paused" in run.end()[2]
    gone(*pids)


def test_workers_and_what_they_started_end_when_their_parent_is_killed(script, gone):
    run = script(BLOCKED.replace("workers=1", "workers=2"))
    pids = run.said("pids ") + run.said("pids ")
    run.signal(signal.SIGKILL)
    gone(*pids)


def test_interrupted_carries_a_study_in_memory(script):
    run = script(
        PREAMBLE
        + """
def train(trial):
    trial.report(loss=1.0)
    say("pid", os.getpid())
    while not trial.stopped:
        pass

try:
    st.tune(train, space, minimize="loss")
except KeyboardInterrupt as interrupted:
    say("states", json.dumps(interrupted.study.counts()["paused"]))
"""
    )
    run.said("pid ")
    run.signal(signal.SIGINT, whole_group=True)
    assert run.said("states ") == 1
    assert "it is in memory; name one" in run.end()[2]


def test_without_processes_it_is_the_same(script, tmp_path):
    run = script(COUNTING, 1, 0)
    run.said("pid ")
    run.signal(signal.SIGINT)
    assert run.end()[0] == -signal.SIGINT
    with Study.open(tmp_path / "a.study") as study:
        assert [trial.state for trial in study.trials] == ["complete", "paused"]


FOLLOWING = (
    PREAMBLE
    + """
class Follower(st.Search):
    \"\"\"Steps from the best trial so far, by an amount that depends on every value and curve.\"\"\"
    name = "follower"
    def suggest(self, space, record, count, rng):
        known = [o for o in record if o.value is not None]
        total = sum(o.value + sum(value for _, value in o.curve) for o in known)
        start = min(known, key=lambda o: o.value).config["x"] if known else 0.5
        return [{"x": float((start + total / 7 + 0.2 * rng.standard_normal()) % 1.0)} for _ in range(count)]

Follower = dataclass(frozen=True)(Follower)

def train(trial):
    for epoch in trial.epochs(3):
        trial.report(loss=(trial.config["x"] - 0.3) ** 2 / epoch)
        if (trial.number, epoch, trial.attempt) in HOLD:
            say("pid", os.getpid())
            threading.Event().wait()

HOLD = [tuple(one) for one in json.loads(sys.argv[2])]
study = st.tune(train, space, minimize="loss", trials=6, search=Follower(), seed=11, study=sys.argv[1],
                resume=True)
say("configs", json.dumps([t.config["x"] for t in study.trials]))
say("values", json.dumps([t.value for t in study.trials]))
"""
)


def test_a_study_killed_and_resumed_suggests_what_one_that_ran_through_does(script, gone):
    whole = script(FOLLOWING, "whole.study", "[]")
    for held in ("[[2, 2, 1]]", "[[4, 1, 1]]"):
        killed = script(FOLLOWING, "killed.study", held)
        worker = killed.said("pid ")
        killed.signal(signal.SIGKILL)
        gone(worker)
    resumed = script(FOLLOWING, "killed.study", "[]")
    assert resumed.said("configs ") == whole.said("configs ")
    assert resumed.said("values ") == whole.said("values ")


def test_the_last_trial_that_was_put_aside_is_gone_on_with(tmp_path):
    def train(trial):
        for epoch in trial.epochs(3):
            if interrupts and epoch == 2:
                raise KeyboardInterrupt
            trial.report(loss=1.0 / epoch)

    asked = {"minimize": "loss", "trials": 1, "workers": 0, "study": tmp_path / "a.study", "resume": True}
    interrupts = True
    with pytest.raises(KeyboardInterrupt) as caught:
        st.tune(train, st.Space(x=st.Real(0, 1)), **asked)
    caught.value.study.close()
    interrupts = False
    with st.tune(train, st.Space(x=st.Real(0, 1)), **asked) as study:
        assert study.counts()["complete"] == 1
