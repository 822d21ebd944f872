"""What every study does with many trials, handles and threads, in a file, in memory and on PostgreSQL."""

import math
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

import places
from places import finish
from sturgeon.errors import SpaceError, SpaceExhausted, StudyError
from sturgeon.search import Random, Search
from sturgeon.space import Integer, Space
from sturgeon.study import Study


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


def test_what_one_batch_ends_is_all_in_the_record(study):
    trials = study.ask(4)
    with study.batch():
        for trial in trials:
            study.report(trial, step=1, loss=1.0 + trial.number)
            study.tell(trial, loss=0.5 + trial.number)
    assert [o.value for o in study.record] == [0.5, 1.5, 2.5, 3.5]
    assert [o.curve for o in study.record] == [((1, 1.0 + n),) for n in range(4)]


def test_many_threads_share_a_handle(study):
    failures = []

    def work():
        try:
            for _ in range(5):
                (trial,) = study.ask()
                with study.batch():
                    study.report(trial, step=1, loss=float(trial.number))
                study.tell(trial, loss=float(trial.number))
        except Exception as error:  # told by the test, which waits for all threads
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
