"""The learning rate over the epochs, and the streams of randomness."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sturgeon.network import streams
from sturgeon.network.schedules import learning_rate_at


def test_inverse_time_decay_is_the_courses_example():
    """α₀ = 0.2 and a decay rate of 1 give 0.2, 0.1, 0.067, 0.05 in the course's table (from epoch 1)."""
    rates = [learning_rate_at(e, 10, initial=0.2, schedule="inverse_time", decay=1.0) for e in range(4)]
    assert rates == pytest.approx([0.2, 0.1, 0.2 / 3, 0.05])


def test_cosine_falls_from_the_initial_rate_towards_zero():
    rates = [learning_rate_at(e, 10, initial=0.2, schedule="cosine", decay=9.0) for e in range(10)]
    assert rates[0] == 0.2
    assert rates[5] == pytest.approx(0.1)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.01


@given(st.integers(0, 2**63 - 1), st.integers(0, 100), st.integers(1, 300))
def test_an_epoch_sees_every_row_once(seed, epoch, rows):
    assert sorted(streams.row_order(seed, epoch, rows)) == list(range(rows))


@given(st.integers(0, 2**63 - 1), st.integers(0, 100), st.integers(1, 3000))
def test_the_order_is_numpys_with_and_without_the_compiled_network(seed, epoch, rows):
    stream = np.random.default_rng(np.random.SeedSequence((seed, 1, epoch)))
    np.testing.assert_array_equal(streams.row_order(seed, epoch, rows), stream.permutation(rows))


def test_streams_of_different_trials_and_purposes_differ():
    orders = {tuple(streams.row_order(seed, epoch, 50)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25
    drawn = {float(streams.weights_stream(seed).standard_normal()) for seed in range(20)}
    assert len(drawn) == 20
    keys = {tuple(streams.dropout_key(seed)) for seed in range(20)}
    assert len(keys) == 20
    np.testing.assert_array_equal(streams.row_order(7, 3, 50), streams.row_order(7, 3, 50))
