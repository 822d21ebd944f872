"""Failures of a training told apart."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.caviar.workers import loop
from sturgeon.errors import InputError, StudyFailed


@pytest.mark.parametrize("workers", [0, 1])
def test_an_exception_is_kept_with_its_traceback_and_the_study_goes_on(space, workers, caplog):
    def train(trial):
        if trial.number == 1:
            raise LookupError("no such layer")
        return 1.0

    study = tune(train, space, minimize="loss", trials=4, workers=workers)
    assert [trial.state for trial in study.trials] == ["complete", "failed", "complete", "complete"]
    error = study.trials[1].error
    assert (error.type, error.message) == ("LookupError", "no such layer")
    assert 'raise LookupError("no such layer")' in error.traceback
    assert "sturgeon/caviar/workers" not in error.traceback
    assert "trial 1 failed: LookupError: no such layer" in caplog.text


def test_leaving_the_interpreter_is_an_exception_like_others(space):
    def train(trial):
        if trial.number == 0:
            sys.exit("giving up")
        return 1.0

    study = tune(train, space, minimize="loss", trials=2)
    assert (study.trials[0].error.type, study.trials[0].error.message) == ("SystemExit", "giving up")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_has_failed(space, value):
    def train(trial):
        trial.report(loss=value if trial.number == 0 else 1.0)

    study = tune(train, space, minimize="loss", trials=2, workers=0)
    error = study.trials[0].error
    assert error.type == "NotFinite"
    assert f"loss was {value}" in error.message
    assert study.best.number == 1


def test_a_trial_whose_worker_is_killed_is_tried_again_once(space):
    def train(trial):
        trial.report(loss=0.1)
        if trial.number == 0 and trial.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"loss": 1.0, "seed": trial.seed % 2**31}

    study = tune(train, space, minimize="loss", trials=3, workers=2)
    first = study.trials[0]
    assert (first.state, first.attempts) == ("complete", 2)
    assert first.metrics["seed"] == first.seed % 2**31
    lost, done = study.attempts(0)
    assert (lost.outcome, done.outcome) == ("lost", "complete")
    assert "killed by SIGKILL" in lost.reason
    assert study.counts()["complete"] == 3


def test_a_trial_that_kills_its_worker_every_time_has_failed(space):
    def train(trial):
        if trial.number == 0:
            os._exit(3)
        return 1.0

    study = tune(train, space, minimize="loss", trials=3)
    assert [trial.state for trial in study.trials] == ["failed", "complete", "complete"]
    assert study.trials[0].error.type == "WorkerLost"
    assert "exit code 3" in study.trials[0].error.message
    assert study.trials[0].attempts == 2


def test_attempts_can_be_set(space):
    def train(trial):
        if trial.attempt < 3:
            os._exit(1)
        return 1.0

    assert tune(train, space, minimize="loss", trials=1, attempts=3).best.attempts == 3


def test_a_worker_that_dies_is_noticed_though_a_child_of_it_lives_on(space, tmp_path, gone, written):
    def train(trial):
        if trial.attempt == 1:
            child = os.fork()
            if child == 0:
                threading.Event().wait()
            (tmp_path / "children").write_text(f"{child}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return 1.0

    assert tune(train, space, minimize="loss", trials=1).best.attempts == 2
    gone(*written(tmp_path / "children"))


def test_running_out_of_memory_gets_a_second_attempt_in_a_fresh_process(space):
    def train(trial):
        trial.report(step=trial.attempt, loss=1.0, pid=os.getpid())
        if trial.attempt == 1:
            raise MemoryError("could not allocate 9 TiB")

    study = tune(train, space, minimize="loss", trials=1)
    assert study.best.attempts == 2
    assert "memory ran out (MemoryError: could not allocate 9 TiB)" in study.attempts(0)[0].reason
    (_, first), (_, second) = study.best.curves["pid"]
    assert first != second


def test_a_trial_over_its_time_is_killed_with_what_it_started(space, tmp_path, gone, written, monkeypatch):
    pids = tmp_path / "pids"
    # An hour passes once the first trial has started what is to be killed with it.
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + (3600 if pids.exists() else 0))
    monkeypatch.setattr(loop, "time", clock)

    def train(trial):
        if trial.number > 0:
            return 1.0
        trial.report(loss=0.5)
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        (tmp_path / "new").write_text(f"{os.getpid()} {child.pid}")
        (tmp_path / "new").rename(tmp_path / "pids")
        return threading.Event().wait()

    study = tune(train, space, minimize="loss", trials=2, timeout=1000, workers=1)
    error = study.trials[0].error
    assert [trial.state for trial in study.trials] == ["failed", "complete"]
    assert error.type == "Timeout"
    assert "timeout=1000 s" in error.message
    assert study.trials[0].attempts == 1
    gone(*written(pids))


def test_too_many_failures_end_the_study_with_the_most_common_error(space):
    def train(trial):
        if trial.number == 1:
            raise KeyError("other")
        raise ZeroDivisionError("a bug on line 7")

    with pytest.raises(StudyFailed, match=r"at most 50%.*5 of 5 failed.*ZeroDivisionError: a bug on line 7"):
        tune(train, space, minimize="loss", trials=64)


def test_the_failed_study_is_there_and_the_traceback_too(space, tmp_path):
    from sturgeon.study import Study

    def train(trial):
        raise ZeroDivisionError("a bug")

    with pytest.raises(StudyFailed) as failed:
        tune(train, space, minimize="loss", trials=2, study=tmp_path / "a.study", workers=0)
    assert 'raise ZeroDivisionError("a bug")' in failed.value.__notes__[0]
    with Study.open(tmp_path / "a.study") as study:
        assert study.counts()["failed"] == 2


def test_the_share_of_failures_can_be_set(space):
    def train(trial):
        if trial.number != 6:
            raise ValueError("no")
        return 1.0

    study = tune(train, space, minimize="loss", trials=7, max_failures=1, workers=0)
    assert study.counts()["failed"] == 6
    with pytest.raises(StudyFailed, match="at most 10%"):
        tune(lambda t: 1 / (t.number % 5), space, minimize="loss", trials=9, max_failures=0.1, workers=0)


def test_diverged_trials_do_not_end_a_study_that_has_values(space):
    def train(trial):
        return float("nan") if trial.number % 8 else 1.0

    study = tune(train, space, minimize="loss", trials=24, workers=0)
    assert (study.counts()["complete"], study.counts()["failed"]) == (3, 21)
    with pytest.raises(
        StudyFailed, match=r"some trial gives a value; 10 of 10 failed.*NotFinite: loss was nan"
    ):
        tune(lambda trial: float("nan"), space, minimize="loss", workers=0)


def test_a_function_that_gives_no_value_is_told_so(space):
    with pytest.raises(
        StudyFailed, match=r"must report or return 'loss'; it reported nothing and returned noth"
    ):
        tune(lambda trial: None, space, minimize="loss", trials=1, workers=0)


def test_a_metric_that_is_not_reported_is_named_with_those_that_are(space):
    def train(trial):
        trial.report(val_los=1.0, accuracy=0.5)

    with pytest.raises(
        StudyFailed, match=r"'val_loss'; it reported 'val_los', 'accuracy' and returned nothing"
    ):
        tune(train, space, minimize="val_loss", trials=1, workers=0)


def test_a_returned_thing_that_is_no_number_fails_the_trial(space):
    with pytest.raises(StudyFailed, match=r"must be a number; got 'fine' \(str\).*what `train` returned"):
        tune(lambda trial: "fine", space, minimize="loss", trials=1, workers=0)


def test_a_trial_that_somebody_else_ended_is_left_and_the_study_goes_on(space, tmp_path, caplog):
    where = tmp_path / "a.study"

    def train(trial):
        if trial.number == 0:
            from sturgeon.study import Study, Trial

            with Study.open(where) as study:
                study.fail(Trial(trial.number, trial.config, trial.seed), "ended by hand")
        trial.report(loss=1.0)

    study = tune(train, space, minimize="loss", trials=2, study=where)
    assert [trial.state for trial in study.trials] == ["failed", "complete"]
    assert study.trials[0].error.message == "ended by hand"
    assert "only the running attempt of a trial may report on it" in caplog.text
    study.close()


def broken_text():
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    raise Broken


def interrupt():
    raise KeyboardInterrupt


class Name(str):
    """Text of a class that the study's process does not know."""

    __slots__ = ()


HARM = [
    (lambda trial: Path(os.fsdecode(b"/nowhere/caf\xe9")).read_text(), "nowhere/caf"),
    (
        lambda trial: trial.report(step=2**63, loss=1.0),
        "step must be a whole number.*got step=9223372036",
    ),
    (lambda trial: trial.report(step=float("nan"), loss=1.0), "got step=nan"),
    (lambda trial: trial.report(loss=10**400), "up to 1.8e.308; got one that is larger for 'loss'"),
    (lambda trial: trial.report(**{"caf\udce9": 1.0}), "name must be plain text"),
    (lambda trial: trial.report(**{"a\0b": 1.0}), "name must be plain text"),
    (lambda trial: {1: 0.5}, "name must be plain text; got 1"),
    (lambda trial: trial.checkpoint("caf\udce9"), "path must be text"),
    (lambda trial: trial.checkpoint("a", step=-1), "got step=-1"),
    (lambda trial: broken_text(), "its text cannot be made: RuntimeError"),
    (lambda trial: (_ for _ in ()).throw(ValueError("a\0b")), r"a\\x00b"),
]


@pytest.mark.parametrize("workers", [0, 1])
def test_whatever_a_training_does_its_trial_fails_alone(space, tmp_path, workers):
    def train(trial):
        return HARM[trial.number][0](trial) if trial.number < len(HARM) else {Name("loss"): 1.0}

    where, many = tmp_path / "a.study", len(HARM) + 1
    options = {"minimize": "loss", "max_failures": 1, "workers": workers, "study": where}
    with tune(train, space, trials=many, **options) as study:
        assert [trial.state for trial in study.trials] == ["failed"] * len(HARM) + ["complete"]
        for trial, (_, words) in zip(study.trials, HARM, strict=False):
            assert re.search(words, trial.error.message), trial.error.message
    with tune(train, space, trials=many + 1, resume=True, **options) as study:
        assert study.counts()["complete"] == 2


def test_a_long_text_is_cut_in_messages(space, caplog):
    def train(trial):
        raise ValueError("long " * 400_000 + "the end")

    with pytest.raises(StudyFailed) as failed:
        tune(train, space, minimize="loss", trials=1)
    assert len(str(failed.value)) < 1000
    assert len(failed.value.__notes__[0]) < 100_000
    assert all(len(record.getMessage()) < 1000 for record in caplog.records)
    assert "ValueError: long long" in str(failed.value)


def test_an_interrupt_that_the_training_raises_is_a_failure_of_its_own(space, capfd):
    study = tune(lambda t: interrupt() if t.number == 0 else 1.0, space, minimize="loss", trials=2)
    error = study.trials[0].error
    assert (error.type, study.trials[0].attempts) == ("KeyboardInterrupt", 1)
    assert "nobody pressed Ctrl-C" in error.message
    assert "Traceback" not in capfd.readouterr().err


def leave_with_three():
    sys.exit(3)


def raise_an_error():
    raise ValueError("of the child")


# JAX warns of forks, if an earlier test loaded it.
@pytest.mark.filterwarnings(r"ignore:os\.fork\(\) was called:RuntimeWarning")
@pytest.mark.parametrize("workers", [0, 1])
def test_a_forked_process_that_comes_out_of_the_training_says_nothing_of_it(space, workers):
    ways = [(lambda: 99.0, 0), (leave_with_three, 3), (raise_an_error, 1)]

    def train(trial):
        leave, code = ways[trial.number]
        child = os.fork()
        if child == 0:
            return leave()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == code
        return 2.0

    study = tune(train, space, minimize="loss", trials=len(ways), workers=workers)
    assert [trial.value for trial in study.trials] == [2.0, 2.0, 2.0]


def test_a_forked_process_cannot_report(space):
    def train(trial):
        child = os.fork()
        if child == 0:
            try:
                trial.report(loss=99.0)
            except InputError as error:
                os._exit(5 if "must come from the process that `train` was called in" in str(error) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
        trial.report(loss=2.0)

    assert tune(train, space, minimize="loss", trials=1).best.value == 2.0
