"""A trial is deleted: its number stays its own, and nothing that is told of the study knows it any more."""

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.errors import LeaseLost, StudyError
from sturgeon.search import Record, Search
from sturgeon.space import Integer, Real, Space
from sturgeon.study import Study

SPACE = Space(x=Real(0.0, 1.0))


class Watching(Search):
    name = "watching"

    def __init__(self):
        self.seen = []

    def suggest(self, space, record: Record, count, rng):
        self.seen.append([(one.number, one.state) for one in record])
        return list(space.sample(count, rng))


def test_a_number_is_never_given_again_and_no_reader_sees_it(tmp_path):
    path = tmp_path / "a.study"
    with Study.create(path, SPACE, minimize="loss") as study, Study.open(path) as other:
        for trial in study.ask(4):
            study.report(trial, step=1, loss=trial.number)
            study.tell(trial, loss=float(trial.number))
        assert len(other.record) == 4
        study.delete(0)
        study.delete(3)
        for one in (study, other):
            assert [trial.number for trial in one.trials] == [1, 2]
            assert [trial.number for trial in one.record] == [1, 2]
            assert one.best.number == 1
            assert one.counts()["complete"] == 2
            assert one.frame()["number"].tolist() == [1, 2]
        watching = Watching()
        assert [trial.number for trial in other.ask(2, search=watching)] == [4, 5]
        assert watching.seen == [[(1, "complete"), (2, "complete")]]
        assert [entry.trial for entry in other.journal.read(kind="deleted")] == [0, 3]
        with pytest.raises(StudyError, match="number must be one"):
            other.trial(3)
        with pytest.raises(StudyError, match="number must be one"):
            study.delete(3)


@pytest.mark.parametrize("write", ["report", "tell", "fail", "pause", "retry", "checkpoint"])
def test_one_that_another_process_ended_and_deleted_is_lost_and_nothing_else_is(tmp_path, write):
    path = tmp_path / "a.study"
    with Study.create(path, SPACE, minimize="loss") as study, Study.open(path) as other:
        lost, mine = study.ask(2)
        other.fail(lost, "ended elsewhere")
        other.delete(lost)
        writes = {
            "report": lambda: study.report(lost, step=1, loss=1.0),
            "tell": lambda: study.tell(lost, loss=1.0),
            "fail": lambda: study.fail(lost, "no"),
            "pause": lambda: study.pause(lost),
            "retry": lambda: study.retry(lost, "no"),
            "checkpoint": lambda: study.checkpoint(lost, "weights"),
        }

        def both():
            with study.batch():
                study.report(mine, step=1, loss=2.0)
                writes[write]()

        with pytest.raises(LeaseLost, match="trial 0 was deleted"):
            both()
        assert [(one.number, one.curves) for one in other.trials] == [(1, {"loss": [(1, 2.0)]})]


def test_a_running_trial_is_refused_and_a_waiting_one_is_not():
    with Study.create(":memory:", SPACE, minimize="loss") as study:
        [running] = study.ask(1)
        waiting = study.enqueue({"x": 0.5})
        with pytest.raises(StudyError, match="trial 0 is running"):
            study.delete(running)
        study.delete(waiting)
        study.pause(running)
        study.delete(running)
        assert study.trials == []
        assert study.ask(1)[0].number == 2


def test_its_configuration_may_be_tried_again():
    with Study.create(":memory:", Space(n=Integer(1, 2)), minimize="loss") as study:
        for trial in study.ask(2):
            study.tell(trial, loss=1.0)
        gone = study.trial(0).config
        study.delete(0)
        assert study.ask(1)[0].config == gone


def test_a_run_makes_up_for_it(tmp_path):
    where = tmp_path / "a.study"
    settings = {"minimize": "loss", "study": where, "workers": 0, "resume": True}
    with tune(lambda trial: trial.config["x"], SPACE, trials=3, **settings) as study:
        study.delete(1)
    with tune(lambda trial: trial.config["x"], SPACE, trials=4, **settings) as study:
        assert [trial.number for trial in study.trials] == [0, 2, 3, 4]
