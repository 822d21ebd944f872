"""What begins badly and ends best must live: on curves that cross, with noise, with other schedules."""

import numpy as np
import pytest

from curve_replay import best_of_complete, replay
from sturgeon.stopping import DEFAULT, MedianRule, Never, SuccessiveHalving

STEPS = 30
STEP = np.arange(1, STEPS + 1)


def falling(rng: np.random.Generator, count: int) -> np.ndarray:
    """Curves that fall at different speeds to different ends."""
    ends, speeds = rng.uniform(0.3, 1.0, (count, 1)), rng.uniform(0.3, 1.0, (count, 1))
    return ends + np.exp(-speeds * STEP)


CAREFUL = [DEFAULT, SuccessiveHalving(reduction=2), SuccessiveHalving(brackets=2), MedianRule()]


@pytest.mark.parametrize("rule", CAREFUL, ids=repr)
@pytest.mark.parametrize("place", [0, 5, 23])
@pytest.mark.parametrize("seed", range(4))
def test_two_terrible_first_epochs_do_not_kill_what_wins(rule, place, seed):
    curves = falling(np.random.default_rng(seed), 24)
    curves[place] = 0.1 + np.exp(-0.8 * STEP)
    curves[place, :2] = 50.0
    record, _ = replay(rule, curves)
    assert record[place].state == "complete"


@pytest.mark.parametrize("rule", CAREFUL, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_a_large_learning_rate_that_begins_slower_and_ends_lower_lives(rule, seed):
    """Half of the trials fall fast and level off; the others begin above them, cross, and end below."""
    rng = np.random.default_rng(seed)
    fast = rng.uniform(0.5, 0.9, (12, 1)) + 0.5 * np.exp(-1.5 * STEP)
    slow = rng.uniform(0.2, 0.6, (12, 1)) + 1.5 * np.exp(-0.8 * STEP)
    curves = np.empty((24, STEPS))
    curves[0::2], curves[1::2] = fast, slow
    assert slow[:, 0].min() > fast[:, 0].max() - 0.4
    record, _ = replay(rule, curves)
    assert best_of_complete(record) == curves[:, -1].min()


@pytest.mark.parametrize("seed", range(6))
def test_noise_costs_the_default_little_and_it_saves_most_epochs(seed):
    rng = np.random.default_rng(seed)
    curves = falling(rng, 64) + rng.normal(0, 0.02, (64, STEPS))
    record, used = replay(DEFAULT, curves)
    assert used < 0.4 * 64 * STEPS
    assert best_of_complete(record) <= np.sort(curves[:, -1])[2]


def test_a_learning_rate_that_falls_late_is_judged_by_its_equals():
    """Cosine schedules drop at the end; where all have one, the order in the middle is the one at the end."""
    rng = np.random.default_rng(0)
    cosine = (1 + np.cos(np.pi * STEP / STEPS)) / 2
    curves = rng.uniform(0.3, 1.0, (27, 1)) + rng.uniform(0.1, 0.2, (27, 1)) * cosine
    record, _ = replay(DEFAULT, curves)
    assert best_of_complete(record) <= np.sort(curves[:, -1])[1]


@pytest.mark.parametrize("order", ["as drawn", "reversed", "best last"])
def test_what_comes_late_has_the_same_chance(order):
    curves = falling(np.random.default_rng(1), 30)
    ends = np.sort(curves[:, -1])
    by_end = np.argsort(-curves[:, -1])
    curves = {"as drawn": curves, "reversed": curves[::-1], "best last": curves[by_end]}[order]
    record, _ = replay(DEFAULT, curves)
    assert best_of_complete(record) <= ends[2]


def test_never_trains_everything():
    curves = falling(np.random.default_rng(0), 5)
    record, used = replay(Never(), curves)
    assert used == 5 * STEPS
    assert {one.state for one in record} == {"complete"}
