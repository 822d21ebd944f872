"""Blocks of rows: no row judges twice, and in order of time networks know the past only."""

from dataclasses import replace

import numpy as np
import pytest

from sturgeon.data import prepare
from sturgeon.errors import DataError
from sturgeon.recheck.blocks import Blocks, count_blocks, pair_seed


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    inputs = np.column_stack([np.arange(400.0), rng.normal(size=400)])
    return replace(prepare((inputs, rng.integers(0, 2, 400)), folds=2, test_share=0.0), fold_of=None)


def places(rows, dataset):
    """Which rows of the table some inputs are: the first column counts them."""
    return np.searchsorted(dataset.x_train[:, 0], rows[:, 0])


def test_every_row_judges_once_and_never_what_learnt_from_it(dataset):
    blocks = Blocks(dataset, 32, 0)
    judged = []
    for number in range(32):
        part = blocks.part(number)
        held, learnt = places(part.x_validation, dataset), places(part.x_train, dataset)
        assert not set(held) & set(learnt)
        assert len(held) + len(learnt) == 400
        judged.extend(held)
    assert sorted(judged) == list(range(400))


def test_with_a_share_networks_learn_from_that_share_of_the_rows(dataset):
    part = Blocks(dataset, 20, 0, share=0.5).part(3)
    assert len(part.y_train) == pytest.approx(190, abs=1)
    assert len(part.y_validation) == 20


@pytest.mark.parametrize("window", [None, 50])
def test_in_order_of_time_networks_know_earlier_rows_only(dataset, window):
    blocks = Blocks(dataset, 10, 0, first=200, window=window)
    judged = []
    for number in range(10):
        part = blocks.part(number)
        held, learnt = places(part.x_validation, dataset), places(part.x_train, dataset)
        assert learnt.max() < held.min()
        assert len(learnt) == (held.min() if window is None else 50)
        judged.extend(held)
    assert sorted(judged) == list(range(200, 400))


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_rows_of_a_group_are_in_one_block_and_never_learnt_from_there(dataset, share):
    groups = np.random.default_rng(1).integers(0, 40, 400)
    blocks = Blocks(dataset, 12, 0, share=share, groups=groups)
    judged = []
    for number in range(12):
        part = blocks.part(number)
        held, learnt = places(part.x_validation, dataset), places(part.x_train, dataset)
        assert not set(groups[held]) & set(groups[learnt])
        assert len(held)
        judged.extend(held)
    assert sorted(judged) == list(range(400))


def test_in_order_of_time_too_networks_know_other_groups_only(dataset):
    groups = np.arange(400) % 100
    blocks = Blocks(dataset, 10, 0, first=200, groups=groups)
    for number in range(10):
        part = blocks.part(number)
        held, learnt = places(part.x_validation, dataset), places(part.x_train, dataset)
        assert learnt.max() < held.min()
        assert not set(groups[held]) & set(groups[learnt])
    with pytest.raises(DataError, match="leave 0 rows to learn from"):
        Blocks(dataset, 10, 0, first=200, groups=np.arange(400) % 5)


def test_pairs_have_seeds_of_their_own_and_few_rows_few_blocks():
    assert len({pair_seed(0, pair) for pair in range(32)}) == 32
    assert count_blocks(100, 32) == 12
