"""Within one standard error of the best, the simplest wins."""

import numpy as np
import pytest

from sturgeon.caviar.table.choosing.winner import Contender, choose_winner, is_no_better

SIZES = {0: 900, 1: 100, 2: 100, 3: 10}


def contend(trial, values, **config):
    return Contender(trial, config, tuple(values))


def winner_of(*contenders, paired=True):
    return choose_winner(contenders, lambda one: SIZES[one.trial], paired=paired)


def test_the_smallest_of_the_equally_good_wins():
    best = contend(0, [1.0, 2.0, 3.0])
    near = contend(1, [1.1, 1.9, 3.1])
    far = contend(3, [1.5, 2.5, 3.5])  # smaller, but surely worse: by as much on every fold
    found = winner_of(far, near, best)
    assert found.trial == 1
    assert found.equals == (0, 1)


def test_of_equally_large_ones_the_better_regularised_wins_and_then_the_better():
    values = [1.0, 2.0], [1.1, 1.9]
    assert winner_of(contend(1, values[0]), contend(2, values[1], dropout=0.2)).trial == 2
    assert winner_of(contend(1, values[0]), contend(2, values[1], weight_decay=0.1)).trial == 2
    both = contend(1, values[0], dropout=0.1), contend(2, values[1], weight_decay=0.5)
    assert winner_of(*both).trial == 1
    assert winner_of(contend(2, [1.0, 1.98]), contend(1, values[1])).trial == 2


def test_repeats_are_not_paired():
    best, other = contend(0, [1.0, 2.0, 3.0]), contend(1, [1.2, 2.2, 3.2])
    assert winner_of(best, other).trial == 0
    assert winner_of(best, other, paired=False).trial == 1


def test_one_value_each_says_nothing_of_luck():
    assert winner_of(contend(0, [1.0]), contend(1, [1.0001])).equals == (0,)


@pytest.mark.parametrize(("gain", "expected"), [(0.0, True), (0.05, True), (0.5, False), (-1.0, True)])
def test_no_better_means_within_one_standard_error(gain, expected):
    rng = np.random.default_rng(0)
    losses = rng.normal(size=100)
    noise = rng.normal(size=100)
    noise = (noise - noise.mean()) / noise.std(ddof=1)  # an error of 0.1
    assert is_no_better(losses, losses + gain + noise) is expected
