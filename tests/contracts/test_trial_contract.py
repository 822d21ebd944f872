"""What becomes of a trial in every study, in a file, in memory and on PostgreSQL: from asking to its end."""

import math
from datetime import UTC

import numpy as np
import pytest

import places
from places import finish
from sturgeon.errors import StudyError
from sturgeon.search import Sobol
from sturgeon.study import STATES, LeaseLost, Leases, Study, trial_seed


def test_what_is_asked_is_told_and_read_back(study):
    first, second = study.ask(2)
    assert (first.number, second.number) == (0, 1)
    assert first.config != second.config
    assert finish(study, first, 0.5) == "complete"
    record = study.trial(0)
    assert record.state == "complete"
    assert record.config == first.config
    assert record.value == 0.5
    assert record.metrics == {"loss": 0.5, "accuracy": 0.6}
    assert record.curves == {"loss": [(1, 1.5), (2, 0.5)], "accuracy": [(1, 0.5), (2, 0.6)]}
    assert record.attempts == 1
    assert record.seed == first.seed == trial_seed(3, 0)
    assert record.started.tzinfo is UTC
    assert record.ended >= record.started
    assert record.seconds >= 0
    assert [trial.number for trial in study.trials] == [0, 1]
    assert study.counts() == {**dict.fromkeys(STATES, 0), "complete": 1, "running": 1}


def test_it_knows_what_it_was_made_of(lasting):
    space = places.make_space()
    with Study.create(
        lasting,
        space,
        maximize="recall",
        search=Sobol(seed=4),
        seed=8,
        about={"data": "wine", "rows": [1, 2]},
    ) as made:
        name = made.name
    with Study.open(lasting) as study:
        assert study.space == space
        assert study.search == Sobol(seed=4)
        assert (study.seed, study.metric, study.direction) == (8, "recall", "maximize")
        assert study.about == {"data": "wine", "rows": [1, 2]}
        assert study.name == name


def test_what_exists_is_not_made_again(lasting):
    places.make_study(lasting).close()
    with pytest.raises(StudyError, match=r"exists already.*Study\.open"):
        places.make_study(lasting)


def test_the_best_is_the_least_or_the_most(where, tmp_path):
    with places.make_study(where, maximize="loss") as study:
        for trial, value in zip(study.ask(3), [0.2, 0.9, 0.5], strict=True):
            study.tell(trial, loss=value)
        assert (study.best.number, study.best.value) == (1, 0.9)


def test_the_best_of_equals_is_the_first_and_a_stopped_trial_counts(study):
    trials = study.ask(3)
    study.tell(trials[2], loss=0.5)
    study.tell(trials[1], loss=0.5)
    assert study.best.number == 1
    study.stop(trials[0], "converged", loss=0.1)
    assert study.best.number == 0


def test_no_best_without_a_value(study):
    study.ask()
    with pytest.raises(StudyError, match=r"no trial of .* has a value yet; its trials: 1 running"):
        _ = study.best


def test_a_result_that_is_not_finite_fails_the_trial_and_says_so(study, caplog):
    for trial, value in zip(study.ask(2), [math.nan, -math.inf], strict=True):
        assert study.tell(trial, loss=value) == "failed"
    assert [trial.state for trial in study.trials] == ["failed", "failed"]
    assert study.trial(0).error.type == "NotFinite"
    assert study.trial(0).error.message == "loss was nan"
    assert math.isnan(study.trial(0).metrics["loss"])
    assert study.trial(1).metrics["loss"] == -math.inf
    assert "failed: loss was nan" in caplog.text


def test_a_result_needs_the_objective_and_a_number(study):
    (trial,) = study.ask()
    with pytest.raises(StudyError, match=r"every objective.*\['loss'\]"):
        study.tell(trial, accuracy=0.5)
    for wrong in ("0.5", None, True, [0.5], np.zeros(2)):
        with pytest.raises(StudyError, match="must be a number"):
            study.tell(trial, loss=wrong)
    with pytest.raises(StudyError, match="whole number"):
        study.report(trial, step=-1, loss=0.5)
    with pytest.raises(StudyError, match="needs a metric"):
        study.report(trial, step=1)
    assert study.tell(trial, loss=np.float32(0.5)) == "complete"


def test_a_curve_keeps_what_diverged(study):
    (trial,) = study.ask()
    study.report(trial, step=1, loss=math.nan)
    study.report(trial, step=2, loss=math.inf, accuracy=np.float64(0.1))
    study.report(trial, step=3, loss=np.array(2))
    curve = study.trial(trial).curves["loss"]
    assert math.isnan(curve[0][1])
    assert curve[1:] == [(2, math.inf), (3, 2.0)]
    assert next(iter(study.record)).curve == ((3, 2.0),)


def test_a_step_reported_again_replaces_the_value(study):
    (trial,) = study.ask()
    study.report(trial, step=1, loss=0.5)
    study.report(trial, step=1, loss=0.4)
    assert study.trial(trial).curves == {"loss": [(1, 0.4)]}


def test_a_failure_keeps_type_message_and_traceback(study):
    first, second = study.ask(2)
    try:
        raise ZeroDivisionError("no rows left")
    except ZeroDivisionError as error:
        study.fail(first, error)
    study.fail(second, "out of disk")
    assert study.trial(0).error.type == "ZeroDivisionError"
    assert study.trial(0).error.message == "no rows left"
    assert "test_a_failure_keeps" in study.trial(0).error.traceback
    assert study.trial(1).error.message == "out of disk"
    assert study.trial(1).value is None


def test_a_stopped_trial_keeps_its_last_value(study):
    first, second, third = study.ask(3)
    study.report(first, step=1, loss=0.9)
    study.report(first, step=2, loss=0.7)
    study.stop(first, reason="worse than the median")
    study.stop(second)
    study.report(third, step=1, loss=math.nan)
    study.stop(third)
    assert study.trial(0).state == "stopped"
    assert study.trial(0).value == 0.7
    assert study.trial(0).reason == "worse than the median"
    assert study.trial(1).value is None
    assert study.trial(2).value is None


def test_a_paused_trial_is_asked_again_as_the_same(study):
    (trial,) = study.ask()
    study.report(trial, step=1, loss=0.9)
    study.checkpoint(trial, "weights/0.npz", step=1)
    study.pause(trial)
    assert study.counts()["paused"] == 1
    again, other = study.ask(2)
    assert (again.number, again.config, again.seed) == (trial.number, trial.config, trial.seed)
    assert (again.attempt, again.resume_from) == (2, "weights/0.npz")
    assert other.number == 1
    study.stop(again)
    assert study.trial(0).value == 0.9
    assert study.trial(0).attempts == 2
    assert [(one.number, one.outcome) for one in study.attempts(0)] == [(1, "paused"), (2, "stopped")]


def test_one_paused_trial_is_resumed_and_the_others_stay(study):
    trials = study.ask(3)
    for trial in trials:
        study.report(trial, step=1, loss=0.9 - trial.number / 10)
        study.checkpoint(trial, f"weights/{trial.number}.npz", step=1)
        study.pause(trial)
    again = study.resume(1)
    assert (again.number, again.config, again.seed) == (1, trials[1].config, trials[1].seed)
    assert (again.attempt, again.resume_from) == (2, "weights/1.npz")
    assert [study.trial(number).state for number in range(3)] == ["paused", "running", "paused"]
    assert study.record[1].curve == ((1, 0.8),)
    study.report(again, step=2, loss=0.5)
    assert study.record[1].curve == ((1, 0.8), (2, 0.5))
    study.tell(again, loss=0.5)
    study.stop(study.resume(trials[2]), "not promising")
    assert (study.trial(2).value, study.trial(2).reason) == (0.7, "not promising")


def test_paused_trials_are_left_alone_when_asked_to(study):
    first, second = study.ask(2)
    study.pause(first)
    study.retry(second, "killed")
    waiting, new = study.ask(2, paused=False)
    assert (waiting.number, new.number) == (1, 2)
    assert study.trial(0).state == "paused"
    assert study.ask()[0].number == 0


def test_only_a_paused_trial_is_resumed(study):
    running, ended = study.ask(2)
    study.tell(ended, loss=0.5)
    for number, state in ((running.number, "running in attempt 1"), (ended.number, "complete")):
        with pytest.raises(LeaseLost, match=f"only a paused trial.*trial {number} is {state}"):
            study.resume(number)
    with pytest.raises(StudyError, match="got 7"):
        study.resume(7)
    study.report(running, step=1, loss=0.4)
    study.tell(running, loss=0.4)


def test_a_paused_trial_is_resumed_by_one_of_two(lasting):
    with places.make_study(lasting) as here, Study.open(lasting) as there:
        study_trial = here.ask()[0]
        here.pause(study_trial)
        assert there.resume(0).attempt == 2
        with pytest.raises(LeaseLost, match="running in attempt 2"):
            here.resume(0)


def test_pauses_do_not_use_up_attempts(study):
    for attempt in range(1, 6):
        (trial,) = study.ask()
        assert (trial.number, trial.attempt) == (0, attempt)
        study.pause(trial)


def test_a_lost_attempt_is_retried_until_there_are_none_left(where):
    with places.make_study(where, leases=Leases(attempts=2)) as study:
        (trial,) = study.ask()
        study.report(trial, step=1, loss=0.5)
        assert study.retry(trial, "killed by signal 9") == "waiting"
        (again,) = study.ask()
        assert (again.number, again.attempt, again.seed) == (0, 2, trial.seed)
        assert study.retry(again, "killed by signal 9") == "failed"
        assert study.trial(0).error.type == "WorkerLost"
        assert study.trial(0).metrics == {"loss": 0.5}
        assert study.attempts(0)[0].reason == "killed by signal 9"


def test_what_ended_takes_nothing_more(study):
    (trial,) = study.ask()
    study.tell(trial, loss=0.5)
    for late in (
        lambda: study.tell(trial, loss=0.4),
        lambda: study.report(trial, step=9, loss=0.4),
        lambda: study.fail(trial, "no"),
        lambda: study.stop(trial),
        lambda: study.pause(trial),
        lambda: study.checkpoint(trial, "x"),
        lambda: study.retry(trial, "no"),
    ):
        with pytest.raises(LeaseLost, match="trial 0 is complete"):
            late()
    assert study.trial(0).value == 0.5
    assert study.trial(0).curves == {}


def test_an_earlier_attempt_takes_nothing_more(study):
    (old,) = study.ask()
    study.pause(old)
    (new,) = study.ask()
    with pytest.raises(LeaseLost, match="running in attempt 2 and this was attempt 1"):
        study.tell(old, loss=0.1)
    study.tell(new, loss=0.2)
    assert study.trial(0).value == 0.2


def test_a_number_will_do_for_a_trial_this_handle_runs(study):
    study.ask()
    study.report(0, step=1, loss=0.5)
    study.tell(0, loss=0.5)
    study.note(0, "fine")
    with pytest.raises(StudyError, match="got 0"):
        study.tell(0, loss=0.5)
    with pytest.raises(StudyError, match="got 7"):
        study.trial(7)


def test_a_batch_is_written_at_its_end_and_all_of_it(study):
    trials = study.ask(3)
    with study.batch():
        for trial in trials:
            for step in range(3):
                study.report(trial, step=step, loss=float(step))
        study.tell(trials[0], loss=0.1)
        study.fail(trials[1], "no")
        study.note(trials[2], "in a batch")
        assert study.trial(0).curves == {}
    assert [trial.state for trial in study.trials] == ["complete", "failed", "running"]
    assert all(trial.curves == {"loss": [(0, 0.0), (1, 1.0), (2, 2.0)]} for trial in study.trials)
    assert study.trial(2).notes == ("in a batch",)


def test_a_batch_that_raises_writes_nothing(study):
    (trial,) = study.ask()

    def interrupted():
        with study.batch():
            study.report(trial, step=1, loss=0.5)
            study.tell(trial, loss=0.5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert study.trial(0).state == "running"
    assert study.trial(0).curves == {}
    study.report(trial, step=2, loss=0.4)
    study.stop(trial)
    assert study.trial(0).metrics == {"loss": 0.4}
    assert next(iter(study.record)).curve == ((2, 0.4),)


def test_a_stale_trial_in_a_batch_does_not_hold_up_the_others(study):
    stale, fine = study.ask(2)
    study.pause(stale)

    def flush():
        with study.batch():
            study.report(stale, step=1, loss=9.0)
            study.report(fine, step=1, loss=0.5)
            study.tell(stale, loss=9.0)
            study.tell(fine, loss=0.5)

    with pytest.raises(LeaseLost, match="trial 0"):
        flush()
    assert study.trial(1).value == 0.5
    assert study.trial(1).curves == {"loss": [(1, 0.5)]}
    assert study.trial(0).curves == {}


def test_asking_in_a_batch_sees_what_it_holds(study):
    (trial,) = study.ask()
    with study.batch():
        study.tell(trial, loss=0.5)
        study.ask()
        assert study.trial(0).state == "complete"
