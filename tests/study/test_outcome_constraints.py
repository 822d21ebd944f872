"""The best trial satisfies what its results are subject to."""

import pytest

from sturgeon.caviar.tuning import tune
from sturgeon.errors import SpaceError, StudyError
from sturgeon.space import Real, Space
from sturgeon.study import Study

SPACE = Space(x=Real(0.0, 1.0))


def slow_where_good(trial):
    x = trial.config["x"]
    return {"loss": x, "latency": 1 - x}


def test_the_search_looks_where_results_may_be_used(tmp_path):
    where = tmp_path / "a.study"
    options = {"minimize": "loss", "workers": 0, "progress": False, "study": where}
    with tune(slow_where_good, SPACE, trials=16, subject_to="latency <= 0.4", **options) as study:
        assert study.best.metrics["latency"] <= 0.4
        assert study.best.value < 0.75
        assert [one.number for one in study.top(1)] == [study.best.number]
        assert any(one.metrics["latency"] > 0.4 and one.value < study.best.value for one in study.trials)
        states = {one.state for one in study.record}
        assert states == {"complete", "failed"}
        assert study.counts()["complete"] == 16
    with Study.open(where) as study:
        assert study.best.metrics["latency"] <= 0.4
    with pytest.raises(StudyError, match="subject_to"):
        tune(slow_where_good, SPACE, trials=17, subject_to="latency <= 9", resume=True, **options)
    with tune(slow_where_good, SPACE, trials=17, resume=True, **options) as study:
        assert study.best.metrics["latency"] <= 0.4


def test_a_front_holds_only_what_fits():
    with Study.create(":memory:", SPACE, minimize=["a", "b"], about={"subject_to": "`c-1` < 2"}) as study:
        study.add({"x": 0.1}, {"a": 0.0, "b": 0.0, "c-1": 5.0})
        study.add({"x": 0.2}, {"a": 1.0, "b": 2.0, "c-1": 1.0})
        study.add({"x": 0.3}, {"a": 2.0, "b": 1.0})
        assert [one.number for one in study.best_trials] == [1, 2]


def test_where_nothing_fits_that_is_said():
    with Study.create(":memory:", SPACE, maximize="a", about={"subject_to": "b / c < 1"}) as study:
        study.add({"x": 0.1}, {"a": 0.5, "b": 1.0, "c": 0.0})  # no truth value
        study.add({"x": 0.2}, {"a": 0.7, "b": 3.0, "c": 1.0})
        with pytest.raises(StudyError, match="must satisfy 'b / c < 1'"):
            _ = study.best
        study.add({"x": 0.3}, {"a": 0.1, "b": 1.0, "c": 4.0})
        study.add({"x": 0.4}, {"a": 0.1, "b": 1.0, "c": 4.0})
        assert study.best.number == 2


@pytest.mark.parametrize(
    "text", ["__import__('os')", "loss", "loss + 1", "loss < 1 and latency", "x<", "", 3]
)
def test_what_compares_no_metrics_is_refused(text):
    with pytest.raises(SpaceError, match=r"`subject_to` must compare metrics, .*got .*Write subject_to="):
        tune(slow_where_good, SPACE, minimize="loss", trials=1, workers=0, subject_to=text)


def test_comparisons_may_be_joined():
    for text in ("not loss > 9", "0 <= loss < 9 and (latency < 1 or `c-1` == 2)", "latency in (0.5, 1)"):
        tune(slow_where_good, SPACE, minimize="loss", trials=1, workers=0, subject_to=text).close()
