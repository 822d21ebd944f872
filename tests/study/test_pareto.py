import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sturgeon.search import Observation, Record
from sturgeon.study.objectives import Objective
from sturgeon.study.pareto import pareto_front, scalarised_record

POINTS = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(st.integers(-4, 4), min_size=width, max_size=width), max_size=30)
)


def beats(a, b):
    return all(x <= y for x, y in zip(a, b, strict=True)) and a != b


@given(POINTS)
def test_the_front_is_what_nothing_beats(points):
    wanted = [i for i, point in enumerate(points) if not any(beats(other, point) for other in points)]
    assert pareto_front(points) == wanted


@given(POINTS.filter(bool), st.integers(0, 1000))
def test_what_is_beaten_never_scores_better(points, number):
    objectives = [Objective(f"m{i}", "minimize") for i in range(len(points[0]))]
    told = {n: {f"m{i}": float(v) for i, v in enumerate(point)} for n, point in enumerate(points)}
    record = Record(Observation(n, {"x": n}, "complete", 1.0) for n in told)
    scores = [one.value for one in scalarised_record(record, told, objectives, seed=(0, number))]
    for i, a in enumerate(points):
        for j, b in enumerate(points):
            if beats(a, b):
                assert scores[i] <= scores[j]


def test_weights_differ_between_trials_and_repeat_with_the_seed():
    objectives = [Objective("a", "minimize"), Objective("b", "maximize")]
    told = {n: {"a": float(n), "b": float(n)} for n in range(5)}
    record = Record(Observation(n, {"x": n}, "complete", 1.0) for n in told)

    def scores(number):
        return [one.value for one in scalarised_record(record, told, objectives, seed=(0, number))]

    assert scores(1) == scores(1)
    assert scores(1) != scores(2)
    assert all(0 <= score <= 1.05 for score in scores(1))
    assert np.argmin(scores(1)) in (0, 4)


def test_trials_without_every_objective_have_no_score():
    record = Record([Observation(0, {"x": 0}, "stopped", 1.0), Observation(1, {"x": 1}, "running")])
    objectives = [Objective("a", "minimize"), Objective("b", "minimize")]
    scored = scalarised_record(record, {0: {"a": 1.0}}, objectives, seed=(0, 0))
    assert [one.value for one in scored] == [None, None]
