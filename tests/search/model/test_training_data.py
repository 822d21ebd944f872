"""What the record says to the model."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sturgeon.search import Observation, Record
from sturgeon.search.model.training_data import forecast_finals, read_outcomes, standardize
from sturgeon.space import Real, Space

SPACE = Space(x=Real(0.0, 1.0))


def record_of(values) -> Record:
    return Record(
        Observation(number, {"x": number / 100}, "complete", value) for number, value in enumerate(values)
    )


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), min_size=1, max_size=20)
)
def test_targets_are_finite_whatever_the_values(values):
    outcomes = read_outcomes(SPACE, record_of(values))
    if not outcomes.succeeded:
        return
    got, variance = standardize(outcomes)
    assert np.isfinite(got).all()
    assert np.isfinite(variance).all()
    assert (variance >= 0).all()
    assert np.abs(got).max() < 1e3


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=20))
def test_targets_keep_the_order(values):
    got, _ = standardize(read_outcomes(SPACE, record_of(values)))
    order = np.argsort(values, kind="stable")
    assert (np.diff(got[order]) >= -1e-9).all()


def test_an_outlier_changes_nothing_that_matters():
    values = [0.1 * number for number in range(20)]
    plain, _ = standardize(read_outcomes(SPACE, record_of([*values, 6.0])))
    wild, _ = standardize(read_outcomes(SPACE, record_of([*values, 1e9])))
    np.testing.assert_allclose(plain, wild)


def test_failures_stand_among_the_worst():
    record = record_of([1.0, 2.0, 3.0, 4.0, 5.0])
    record.put(Observation(5, {"x": 0.9}, "failed"))
    record.put(Observation(6, {"x": 0.95}, "complete", math.nan))
    got, _ = standardize(read_outcomes(SPACE, record))
    assert got[5] == got[6] >= got[:5].max()


def curve(*values):
    return tuple(enumerate(values, start=1))


def test_an_unfinished_curve_is_moved_as_its_peers_moved():
    complete = [
        Observation(number, {"x": number / 10}, "complete", end, curve(end + 0.5, end + 0.2, end))
        for number, end in enumerate((0.1, 0.2, 0.3, 0.4))
    ]
    stopped = Observation(4, {"x": 0.9}, "stopped", 0.45, curve(0.75, 0.45))
    forecast, error = forecast_finals([*complete, stopped])[4]
    assert forecast == pytest.approx(0.25)
    assert error < 0.05


def test_without_peers_a_curve_stands_as_it_is():
    trials = [Observation(0, {"x": 0.1}, "running", None, curve(0.9, 0.4))]
    assert forecast_finals(trials)[0][0] == 0.4


def test_a_diverged_curve_is_a_bad_one():
    trials = [Observation(0, {"x": 0.1}, "stopped", None, curve(0.9, math.nan))]
    assert forecast_finals(trials)[0][0] == math.inf


def test_waiting_and_running_trials_are_pending():
    record = record_of([1.0, 2.0])
    record.put(Observation(2, {"x": 0.5}, "running"))
    record.put(Observation(3, {"x": 0.6}, "waiting"))
    outcomes = read_outcomes(SPACE, record)
    assert outcomes.pending.ravel().tolist() == [0.5, 0.6]
    assert outcomes.rows.tolist() == [0, 1]
