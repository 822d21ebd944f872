"""Trials that somebody else ended or took while they trained here: the run goes on without them."""

import threading
from types import SimpleNamespace

import pytest

from sturgeon.caviar.limits import Limits
from sturgeon.caviar.progress import ProgressLines
from sturgeon.caviar.workers.here import HereLoop
from sturgeon.caviar.workers.ledger import Ledger
from sturgeon.caviar.workers.loop import WorkerLoop
from sturgeon.caviar.workers.messages import Checkpointed, Raised, Reported, Returned
from sturgeon.study import Study

NOTHING = object()
DIED = None


class ScriptedCrew:
    """A crew of one worker that says what a script says, after doing what the script does."""

    size = 1

    def __init__(self, script):
        self.script = iter(script)
        self.worker = SimpleNamespace(slot=0, ahead=0, send=lambda message: None)
        self.removed = 0

    def grow(self, count):
        pass

    def idle(self, busy):
        return None if list(busy) else self.worker

    def messages(self, seconds, interrupt):
        action, message = next(self.script)
        action()
        if message is not NOTHING:
            yield self.worker, message

    def remove(self, worker):
        self.removed += 1
        return 0

    reap = remove

    def kill(self):
        pass


@pytest.fixture
def study(space):
    with Study.create(":memory:", space, minimize="loss") as made:
        yield made


def run(study, script, **limits):
    """Run one worker by a script; in it, ``taken`` ends the first trial behind the run's back."""
    stop = threading.Event()
    ledger = Ledger(study, Limits(trials=limits.pop("trials", 2), **limits))
    actions = {"taken": lambda: study.tell(0, loss=0.5), "stop": stop.set, "": lambda: None}
    pool = ScriptedCrew([(actions[name], message) for name, message in script])
    return WorkerLoop(ledger, pool, ProgressLines(False)).run(stop), pool


NEXT_ENDS = ("", Returned(0.25))


@pytest.mark.parametrize(
    "message",
    [
        Returned(1.0),
        Raised("ValueError", "no", ""),
        Raised("MemoryError", "no", "", out_of_memory=True),
        Reported(1, {"loss": 1.0}),
        Checkpointed("weights", 1),
        DIED,
    ],
    ids=["returned", "raised", "out of memory", "reported", "checkpointed", "died"],
)
def test_whatever_a_worker_says_of_a_lost_trial_the_next_one_begins(study, message, caplog):
    run(study, [("taken", message), NEXT_ENDS])
    assert [trial.value for trial in study.trials] == [0.5, 0.25]
    assert "trial 0" in caplog.text


def test_a_trial_that_another_process_ended_counts_as_one_of_those_wanted(study):
    run(study, [("taken", Returned(1.0))], trials=1)
    assert [trial.value for trial in study.trials] == [0.5]


def test_a_lost_trial_that_takes_too_long(study):
    _, pool = run(study, [("taken", NOTHING), NEXT_ENDS], timeout=1e-9)
    assert [trial.value for trial in study.trials] == [0.5, 0.25]
    assert pool.removed == 1


def test_a_lost_trial_that_is_to_be_put_aside_at_once(study):
    run(study, [("taken", NOTHING), ("stop", NOTHING)])
    assert [trial.state for trial in study.trials] == ["complete"]


@pytest.mark.parametrize("message", [Returned(1.0, cut=True), DIED], ids=["returned", "died"])
def test_a_lost_trial_that_ends_while_the_run_is_interrupted(study, message):
    interrupted, _ = run(
        study, [("", Reported(1, {"loss": 1.0})), ("stop", NOTHING), ("taken", message)], trials=3
    )
    assert interrupted
    assert [trial.state for trial in study.trials] == ["complete"]


def test_a_lost_trial_when_the_budget_runs_out(study, monkeypatch):
    monkeypatch.setattr(ProgressLines, "seconds", property(lambda self: 100.0 * study.counts()["complete"]))
    run(study, [("taken", NOTHING)], budget=50.0)
    assert [trial.state for trial in study.trials] == ["complete"]


def test_an_interrupt_right_after_the_end_of_a_trial_stays_an_interrupt(study, monkeypatch):
    ledger = Ledger(study, Limits(trials=2))
    end = ledger.end

    def interrupted(*arguments):
        end(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        HereLoop(ledger, lambda trial: 0.25).run(threading.Event())
    assert [trial.value for trial in study.trials] == [0.25]
