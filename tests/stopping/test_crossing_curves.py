"""What begins badly and ends best must live: on curves that cross, with noise, with other schedules."""

from dataclasses import replace

import numpy as np
import pytest

from sturgeon.search import Observation, Record
from sturgeon.stopping import (
    CONTINUE,
    DEFAULT,
    MedianRule,
    Never,
    Pause,
    Stopping,
    StoppingContext,
    SuccessiveHalving,
)

STEPS = 30
CONTEXT = StoppingContext("loss", max_steps=STEPS)
STEP = np.arange(1, STEPS + 1)


def train_all(rule: Stopping, curves: np.ndarray, workers: int = 4) -> tuple[Record, int]:
    """Train some trials side by side, a step each in turn, paused ones going on when promoted."""
    record, live, used = Record(), [], 0
    while True:
        while len(live) < workers:
            number = rule.promote(record, CONTEXT)
            if number is None and len(record) == len(curves):
                break
            if number is None:
                number = len(record)
                record.put(Observation(number, {"n": number}, "running"))
            record.put(replace(record[number], state="running"))
            live.append(number)
        if not live:
            return record, used
        for number in live:
            before = record[number].curve
            step = len(before) + 1
            record.put(replace(record[number], curve=(*before, (step, float(curves[number][step - 1])))))
            used += 1
        for number in list(live):
            decision = rule.decide(record[number], record, CONTEXT)
            state = "complete" if len(record[number].curve) == STEPS else "paused"
            if decision is not CONTINUE and not isinstance(decision, Pause):
                state = "stopped"
            if decision is not CONTINUE or state == "complete":
                record.put(replace(record[number], state=state))
                live.remove(number)


def falling(rng: np.random.Generator, count: int) -> np.ndarray:
    """Curves that fall at different speeds to different ends."""
    ends, speeds = rng.uniform(0.3, 1.0, (count, 1)), rng.uniform(0.3, 1.0, (count, 1))
    return ends + np.exp(-speeds * STEP)


def best_of_complete(record: Record, curves: np.ndarray) -> float:
    return min(curves[one.number][-1] for one in record if one.state == "complete")


CAREFUL = [DEFAULT, SuccessiveHalving(reduction=2), SuccessiveHalving(brackets=2), MedianRule()]


@pytest.mark.parametrize("rule", CAREFUL, ids=repr)
@pytest.mark.parametrize("place", [0, 5, 23])
@pytest.mark.parametrize("seed", range(4))
def test_two_terrible_first_epochs_do_not_kill_what_wins(rule, place, seed):
    curves = falling(np.random.default_rng(seed), 24)
    curves[place] = 0.1 + np.exp(-0.8 * STEP)
    curves[place, :2] = 50.0
    record, _ = train_all(rule, curves)
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
    record, _ = train_all(rule, curves)
    assert best_of_complete(record, curves) == curves[:, -1].min()


@pytest.mark.parametrize("seed", range(6))
def test_noise_costs_the_default_little_and_it_saves_most_epochs(seed):
    rng = np.random.default_rng(seed)
    curves = falling(rng, 64) + rng.normal(0, 0.02, (64, STEPS))
    record, used = train_all(DEFAULT, curves)
    assert used < 0.4 * 64 * STEPS
    assert best_of_complete(record, curves) <= np.sort(curves[:, -1])[2]


def test_a_learning_rate_that_falls_late_is_judged_by_its_equals():
    """Cosine schedules drop at the end; where all have one, the order in the middle is the one at the end."""
    rng = np.random.default_rng(0)
    cosine = (1 + np.cos(np.pi * STEP / STEPS)) / 2
    curves = rng.uniform(0.3, 1.0, (27, 1)) + rng.uniform(0.1, 0.2, (27, 1)) * cosine
    record, _ = train_all(DEFAULT, curves)
    assert best_of_complete(record, curves) <= np.sort(curves[:, -1])[1]


@pytest.mark.parametrize("order", ["as drawn", "reversed", "best last"])
def test_what_comes_late_has_the_same_chance(order):
    curves = falling(np.random.default_rng(1), 30)
    ends = np.sort(curves[:, -1])
    by_end = np.argsort(-curves[:, -1])
    curves = {"as drawn": curves, "reversed": curves[::-1], "best last": curves[by_end]}[order]
    record, _ = train_all(DEFAULT, curves)
    assert best_of_complete(record, curves) <= ends[2]


def test_never_trains_everything():
    curves = falling(np.random.default_rng(0), 5)
    record, used = train_all(Never(), curves)
    assert used == 5 * STEPS
    assert {one.state for one in record} == {"complete"}
