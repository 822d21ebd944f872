"""Jobs of a table: all train; a halt hands over what was reached; batches hold each row once."""

import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lane_runs import OBJECTIVE, SMALL, job, run
from sturgeon.caviar.backends.device_choice import table_trainer
from sturgeon.caviar.backends.jax_program import batches_of, row_weights_of
from sturgeon.caviar.events import EpochDone, Halted


def test_more_members_than_lanes_all_train_to_the_end(regression):
    jobs = [job(i, hidden_units=5 + i % 8, layers=1 + i % 2) for i in range(23)]
    curves, networks, _ = run(regression, jobs)
    assert set(curves) == set(networks) == set(range(23))
    assert all([step for step, _ in curve] == [1, 2, 3, 4] for curve in curves.values())


def test_halting_stops_after_the_current_epoch_and_hands_over_what_was_reached(regression):
    halt = threading.Event()
    trainer = table_trainer(regression, SMALL, OBJECTIVE, 10_000)
    halted, steps = [], {}
    for event in trainer.train([job(i) for i in range(40)], halt):
        if isinstance(event, EpochDone):
            steps[event.number] = event.step
            if event.step == 3:
                halt.set()
        else:
            assert isinstance(event, Halted)
            halted.append(event)
    assert {event.number for event in halted} == set(steps)
    assert len(halted) < 40
    assert all(event.network.weights.gamma.shape == (2, 9) for event in halted)


@given(rows=st.integers(2, 200), batch=st.integers(2, 64), seed=st.integers(0, 99))
def test_an_epochs_batches_hold_every_row_once(rows, batch, seed):
    batch = min(batch, rows)
    order = np.random.default_rng(seed).permutation(rows)
    numbers, weights = batches_of(order, batch), row_weights_of(rows, batch)
    assert numbers.shape == weights.shape == (len(numbers), batch)
    seen = sorted(numbers[weights > 0])
    if rows % batch == 1:
        assert sorted([*seen, order[-1]]) == list(range(rows))
    else:
        assert seen == list(range(rows))
    assert weights.sum(axis=1).min() >= 2
