"""Curves as evidence at a few steps."""

import math

import numpy as np

from sturgeon.search.model.evidence import read
from sturgeon.search.model.steps import unroll
from sturgeon.search.record import Observation, Record
from sturgeon.space import Real, Space

SPACE = Space(x=Real(0.0, 1.0))


def trial(number: int, state, curve, value=None) -> Observation:
    return Observation(number, {"x": number / 10}, state, value, tuple(curve))


def unrolled(*trials: Observation):
    return unroll(list(trials), read(SPACE, Record(trials)))


def test_nothing_changes_where_all_were_trained_to_their_end():
    trials = [trial(n, "complete", [(1, 2.0), (9, 1.0)], 1.0) for n in range(3)]
    seen, before = unrolled(*trials)
    assert seen.values.tolist() == [1.0, 1.0, 1.0]
    assert before.tolist() == [0.0, 0.0, 0.0]


def test_a_whole_training_says_something_at_the_step_of_a_halted_one():
    seen, before = unrolled(
        trial(0, "complete", [(3, 2.0), (9, 1.0)], 1.0), trial(1, "paused", [(1, 4.0), (3, 3.0)])
    )
    assert seen.rows.tolist() == [0, 0, 1]
    assert np.allclose(before, [math.log(3 / 9), 0.0, math.log(3 / 9)])


def test_the_usual_descent_is_taken_out():
    whole = [trial(n, "complete", [(3, 2.0 + n), (9, 1.0 + n)], 1.0 + n) for n in range(3)]
    seen, before = unrolled(*whole, trial(3, "paused", [(3, 2.5)]))
    assert np.allclose(seen.values[before < 0], [1.0, 2.0, 3.0, 1.5])


def test_without_a_whole_training_the_farthest_step_stands_for_the_end():
    _, before = unrolled(trial(0, "paused", [(2, 1.0)]), trial(1, "running", [(2, 1.0), (6, 0.5)]))
    assert before.max() == 0.0


def test_what_failed_or_diverged_keeps_its_place_and_a_trial_too_young_is_being_tried():
    seen, _ = unrolled(
        trial(0, "complete", [(4, 1.0), (8, 0.5)], 0.5),
        trial(1, "failed", [(4, 1.0)]),
        trial(2, "stopped", [(4, math.nan)]),
        trial(3, "paused", [(4, 2.0)]),
    )
    assert np.isinf(seen.values).sum() == 2
    assert set(seen.rows.tolist()) == {0, 1, 2, 3}


def test_a_trial_that_has_no_value_at_any_of_the_steps_counts_as_being_tried():
    halted = [trial(n, "paused", [(2 + n, 1.0)]) for n in range(1, 6)]
    seen, _ = unrolled(trial(0, "complete", [(20, 1.0)], 1.0), *halted, trial(6, "running", [(1, 3.0)]))
    assert 6 not in seen.rows
    assert len(seen.pending) >= 1
