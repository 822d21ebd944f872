"""What every study does, wherever it is kept: in a file, in memory, on PostgreSQL."""

import importlib.util
import math
import sys
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sturgeon.errors import SpaceError, SpaceExhausted, StudyError
from sturgeon.search import Random, Search, Sobol
from sturgeon.space import Integer, Space
from sturgeon.study import STATES, LeaseLost, Leases, Study, trial_seed


def _load_places():
    if "places" not in sys.modules:
        path = Path(__file__).parents[1] / "study" / "places.py"
        spec = importlib.util.spec_from_file_location("places", path)
        sys.modules["places"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["places"])
    return sys.modules["places"]


places = _load_places()


@pytest.fixture(params=["file", "memory", "postgres"])
def where(request, tmp_path):
    return places.place(request.param, tmp_path)


@pytest.fixture
def study(where):
    with places.make_study(where, seed=3) as made:
        yield made


@pytest.fixture(params=["file", "postgres"])
def lasting(request, tmp_path):
    return places.place(request.param, tmp_path)


def finish(study, trial, loss):
    study.report(trial, step=1, loss=loss + 1, accuracy=0.5)
    study.report(trial, step=2, loss=loss, accuracy=0.6)
    return study.tell(trial, loss=loss)


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


def test_what_is_queued_is_tried_next(study):
    config = {"learning_rate": 0.1, "hidden_units": 64, "optimizer": "adam"}
    number = study.enqueue(config, note="from the paper", tags=["paper", "paper"])
    assert study.counts()["waiting"] == 1
    trial, other = study.ask(2)
    assert (trial.number, trial.config) == (number, config)
    assert other.config != config
    assert study.trial(number).notes == ("from the paper",)
    with pytest.raises(SpaceError):
        study.enqueue({**config, "hidden_units": 1000})


def test_a_known_trial_is_added_with_all_that_is_known(study):
    config = {"learning_rate": 0.1, "hidden_units": 64, "optimizer": "adam"}
    moment = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
    number = study.add(
        config,
        {"loss": 0.25, "accuracy": 0.9},
        curves={"loss": [(1, 0.5), (2, 0.25)]},
        notes=["old"],
        tags=["imported"],
        started=moment,
        ended=moment,
    )
    record = study.trial(number)
    assert (record.value, record.state, record.tags) == (0.25, "complete", ("imported",))
    assert record.curves == {"loss": [(1, 0.5), (2, 0.25)]}
    assert (record.started, record.ended, record.seconds) == (moment, moment, 0.0)
    assert study.best.number == number
    assert study.ask()[0].number == number + 1
    study.add(config, state="failed", error="no memory")
    assert study.trials[-1].error.message == "no memory"
    with pytest.raises(StudyError, match="finite value of every objective"):
        study.add(config, {"loss": math.nan})
    with pytest.raises(StudyError, match="added in a state of"):
        study.add(config, {"loss": 1.0}, state="running")


def test_notes_and_tags_gather_on_a_trial_in_any_state(study):
    (trial,) = study.ask()
    study.note(trial, "looks odd")
    study.tag(trial, "a", "b")
    study.tell(trial, loss=0.5)
    study.note(0, "was fine")
    study.tag(0, "b", "c")
    assert study.trial(0).notes == ("looks odd", "was fine")
    assert study.trial(0).tags == ("a", "b", "c")
    with pytest.raises(StudyError, match="got 5"):
        study.note(5, "nobody")


@pytest.mark.parametrize("seed", [-1, 2**63, 2**70, 1.7, 1.0, True, "1", None])
def test_a_seed_is_a_whole_number_and_nothing_is_made_of_another(lasting, seed):
    with pytest.raises(StudyError, match=r"a seed must be a whole number from 0 to 2\*\*63 - 1; got seed="):
        places.make_study(lasting, seed=seed)
    assert not Study.exists(lasting)


@pytest.mark.parametrize("seed", [0, 2**63 - 1, np.uint64(7)])
def test_every_seed_in_range_is_kept(lasting, seed):
    with places.make_study(lasting, seed=seed) as made:
        first = made.ask()[0]
    with Study.open(lasting) as study:
        assert study.seed == seed
        assert study.ask()[0] == replace(first, attempt=2)


@pytest.mark.parametrize("step", [-1, 2**63, 2**70, 1.5, True, "1"])
def test_a_step_is_a_whole_number_that_can_be_kept(study, step):
    (trial,) = study.ask()
    with pytest.raises(StudyError, match="a step must be a whole number"):
        study.report(trial, step, loss=1.0)
    with pytest.raises(StudyError, match="a step must be a whole number"):
        study.checkpoint(trial, "weights", step=step)
    with pytest.raises(StudyError, match="a step must be a whole number"):
        study.add(trial.config, {"loss": 1.0}, curves={"loss": [(step, 1.0)]})
    study.report(trial, 2**63 - 1, loss=1.0)
    study.checkpoint(trial, "weights", step=np.int64(5))
    assert study.trial(trial).curves["loss"] == [(2**63 - 1, 1.0)]
    assert study.trial(trial).checkpoint_step == 5


def test_a_space_whose_constraint_is_a_function_needs_it_to_ask_but_not_to_read(lasting):
    def small(config):
        return config["layers"] < 4

    space = Space(layers=Integer(2, 9), constraint=small)
    with Study.create(lasting, space, minimize="loss", search=Random()) as study:
        for trial in study.ask(2):
            study.tell(trial, loss=0.5)
    with Study.open(lasting) as study:
        assert study.best.value == 0.5
        assert len(study.frame()) == 2
        assert study.space.coordinates == ("layers",)
        assert "small" in str(study.space.describe())
        assert study.space.to_json() == space.to_json()
        assert study.space != space
        again = r"must be given again.*Study\.open\(\.\.\., constraint=.*small\)"
        for use in (
            study.ask,
            lambda: study.enqueue({"layers": 3}),
            lambda: study.add({"layers": 3}, {"loss": 1.0}),
            lambda: study.space.validate({"layers": 3}),
            lambda: study.space.sample(1, 0),
        ):
            with pytest.raises(SpaceError, match=again):
                use()
        assert len(study.trials) == 2
    with Study.open(lasting, constraint=small) as study, pytest.raises(SpaceExhausted):
        study.ask()


def test_only_one_of_many_makes_a_study(lasting):
    made, refused = [], []

    def make():
        try:
            made.append(places.make_study(lasting))
        except StudyError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(refused) == 5
    assert all("exists already" in line for line in refused)
    made[0].ask()
    made[0].close()


def test_an_exhausted_space_is_said(where):
    with Study.create(where, Space(layers=Integer(2, 4)), minimize="loss", search=Random()) as study:
        trials = study.ask(5)
        assert sorted(trial.config["layers"] for trial in trials) == [2, 3, 4]
        with pytest.raises(SpaceExhausted):
            study.ask()
        study.pause(trials[0])
        assert study.ask(2)[0].number == trials[0].number


def test_a_search_sees_failures_running_trials_and_curves(where):
    with places.make_study(where, maximize="loss") as study:
        first, second, third = study.ask(3)
        study.report(first, step=1, loss=0.1)
        study.tell(first, loss=0.2)
        study.fail(second, "no")
        study.report(third, step=1, loss=0.3)
        seen = list(study.record)
    assert [one.state for one in seen] == ["complete", "failed", "running"]
    assert [one.value for one in seen] == [-0.2, None, None]
    assert [one.curve for one in seen] == [((1, -0.1),), (), ((1, -0.3),)]


def test_two_handles_see_what_the_other_writes(lasting):
    with places.make_study(lasting) as one, Study.open(lasting) as two:
        (a,) = one.ask()
        (b,) = two.ask()
        assert (a.number, b.number) == (0, 1)
        one.report(a, step=1, loss=0.5)
        assert [o.curve for o in two.record] == [((1, 0.5),), ()]
        one.report(a, step=2, loss=0.4)
        assert next(iter(two.record)).curve == ((1, 0.5), (2, 0.4))
        one.tell(a, loss=0.3)
        two.fail(b, "no")
        assert list(one.record) == list(two.record)
        assert [o.state for o in one.record] == ["complete", "failed"]
        assert one.ask()[0].number == 2
        assert two.ask()[0].number == 3


def test_a_trial_may_be_told_through_another_handle(lasting):
    with places.make_study(lasting) as parent, Study.open(lasting) as child:
        (trial,) = parent.ask()
        child.report(trial, step=1, loss=0.5, accuracy=0.1)
        child.tell(trial, loss=0.4)
        assert parent.trial(0).metrics == {"loss": 0.4, "accuracy": 0.1}
        assert next(iter(parent.record)).curve == ((1, 0.5),)


def test_reports_through_another_handle_count_where_the_trial_is_held(lasting):
    with places.make_study(lasting) as parent, Study.open(lasting) as child:
        first, second = parent.ask(2)
        child.report(first, step=1, loss=0.5)
        child.report(second, step=1, loss=0.75)
        assert [o.curve for o in parent.record] == [((1, 0.5),), ((1, 0.75),)]
        parent.report(first, step=2, loss=0.4)
        assert [o.curve for o in parent.record] == [((1, 0.5), (2, 0.4)), ((1, 0.75),)]
        parent.stop(second)
        assert parent.trial(1).value == 0.75
        assert list(parent.record) == list(child.record)


def test_what_one_batch_ends_is_all_in_the_record(study):
    trials = study.ask(4)
    with study.batch():
        for trial in trials:
            study.report(trial, step=1, loss=1.0 + trial.number)
            study.tell(trial, loss=0.5 + trial.number)
    assert [o.value for o in study.record] == [0.5, 1.5, 2.5, 3.5]
    assert [o.curve for o in study.record] == [((1, 1.0 + n),) for n in range(4)]


def test_a_reopened_study_suggests_what_it_would_have(lasting, tmp_path):
    def run(study, count):
        for _ in range(count):
            (trial,) = study.ask()
            study.report(trial, step=1, loss=0.25 + trial.number)
            study.tell(trial, loss=0.125 * trial.number)

    with places.make_study(lasting, seed=5) as study:
        run(study, 4)
    with Study.open(lasting) as study:
        run(study, 4)
        resumed = [trial.config for trial in study.trials]
    with places.make_study(":memory:", seed=5) as study:
        run(study, 8)
        assert [trial.config for trial in study.trials] == resumed


def test_many_threads_share_a_handle(study):
    failures = []

    def work():
        try:
            for _ in range(5):
                (trial,) = study.ask()
                with study.batch():
                    study.report(trial, step=1, loss=float(trial.number))
                study.tell(trial, loss=float(trial.number))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [trial.number for trial in study.trials] == list(range(30))
    assert all(trial.value == trial.number for trial in study.trials)
    assert all(trial.curves == {"loss": [(1, float(trial.number))]} for trial in study.trials)


@dataclass(frozen=True)
class Pondering(Search):
    """Suggests only after somebody else has reported."""

    name = "pondering"
    begun = threading.Event()
    reported = threading.Event()

    def suggest(self, space, record, count, rng):
        if len(record):
            self.begun.set()
            assert self.reported.wait(30)
        return list(space.sample(count, rng))


def test_others_report_while_a_search_ponders(where):
    Pondering.begun.clear()
    Pondering.reported.clear()
    with Study.create(where, places.make_space(), minimize="loss", search=Pondering()) as study:
        (trial,) = study.ask()
        asking = threading.Thread(target=study.ask)
        asking.start()
        assert Pondering.begun.wait(30)
        study.report(trial, step=1, loss=0.5)
        Pondering.reported.set()
        asking.join()
        assert study.counts()["running"] == 2


def test_a_closed_study_refuses_clearly(study):
    (trial,) = study.ask()
    study.close()
    study.close()
    assert study.closed
    for late in (lambda: study.ask(), lambda: study.tell(trial, loss=1.0), lambda: study.trials):
        with pytest.raises(StudyError, match="is closed; open it again"):
            late()


def test_closing_frees_the_running_trials(lasting):
    with places.make_study(lasting, leases=Leases(attempts=3)) as study:
        (trial,) = study.ask()
    with Study.open(lasting) as study:
        (again,) = study.ask()
        assert (again.number, again.attempt) == (trial.number, 2)


def test_several_objectives_have_a_front(where):
    with Study.create(
        where, places.make_space(), minimize="loss", maximize=["recall"], search=Random()
    ) as study:
        values = [(0.5, 0.5), (0.4, 0.9), (0.3, 0.6), (0.6, 0.9), (0.4, 0.9)]
        for trial, (loss, recall) in zip(study.ask(5), values, strict=True):
            study.tell(trial, loss=loss, recall=recall)
        (trial,) = study.ask()
        with pytest.raises(StudyError, match="every objective"):
            study.tell(trial, loss=0.1)
        assert study.tell(trial, loss=0.1, recall=math.nan) == "failed"
        assert [trial.number for trial in study.best_trials] == [1, 2, 4]
        with pytest.raises(StudyError, match="use `best_trials`"):
            _ = study.best


def test_one_objective_has_a_front_of_the_best(study):
    for trial, value in zip(study.ask(3), [0.5, 0.2, 0.2], strict=True):
        study.tell(trial, loss=value)
    assert [trial.number for trial in study.best_trials] == [1, 2]


def test_a_frame_has_a_row_a_trial_and_goes_to_files(study, tmp_path):
    import pandas as pd

    done, running, failed = study.ask(3)
    finish(study, done, 0.5)
    study.report(running, step=1, loss=0.7)
    study.fail(failed, "no")
    study.tag(done, "x", "y")
    frame = study.frame()
    assert frame["number"].tolist() == [0, 1, 2]
    assert frame["state"].tolist() == ["complete", "running", "failed"]
    assert frame["metric_loss"].tolist()[:2] == [0.5, 0.7]
    assert frame["config_hidden_units"].tolist() == [
        t.config["hidden_units"] for t in (done, running, failed)
    ]
    assert frame["tags"][0] == "x, y"
    frame.to_parquet(tmp_path / "f.parquet")
    frame.to_csv(tmp_path / "f.csv")
    assert pd.read_parquet(tmp_path / "f.parquet")["state"].tolist() == frame["state"].tolist()
    assert len(pd.read_csv(tmp_path / "f.csv")) == 3


def test_an_empty_study_has_an_empty_frame(study):
    assert study.frame().empty
    assert study.trials == []
    assert study.best_trials == []
