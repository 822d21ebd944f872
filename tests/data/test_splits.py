"""Splits: exact, even, repeatable; in order when time matters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.data.splits import (
    assign_folds,
    bin_by_size,
    default_folds,
    split_at_random,
    split_by_time,
)
from sturgeon.errors import DataError

SHARES = {"validation": 0.15, "test": 0.15}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(2, 60), min_size=2, max_size=6), st.integers(0, 2**32), st.floats(0.05, 0.3))
def test_every_row_is_in_one_part_and_every_class_is_trained_on(counts, seed, share):
    strata = np.repeat(np.arange(len(counts)), counts)
    if len(strata) < 12:
        return
    split = split_at_random(strata, validation=share, test=share, seed=seed)
    together = np.concatenate([split.train, split.validation, split.test])
    np.testing.assert_array_equal(np.sort(together), np.arange(len(strata)))
    assert set(strata[split.train]) == set(range(len(counts)))
    assert len(split.validation) == len(split.test) == max(2, round(len(strata) * share))


def test_parts_have_their_share_of_every_class():
    strata = np.repeat([0, 1, 2], [700, 200, 100])
    split = split_at_random(strata, **SHARES, seed=3)
    for part, share in ((split.train, 0.7), (split.validation, 0.15), (split.test, 0.15)):
        np.testing.assert_allclose(np.bincount(strata[part]), np.array([700, 200, 100]) * share, atol=2)


def test_parts_cover_a_regression_target_evenly():
    target = np.random.default_rng(1).lognormal(size=1000)
    split = split_at_random(bin_by_size(target), **SHARES, seed=0)
    for part in (split.train, split.validation, split.test):
        np.testing.assert_allclose(np.mean(target[part] < np.median(target)), 0.5, atol=0.02)


def test_equal_seeds_give_equal_splits_and_others_do_not():
    strata = np.repeat([0, 1], 50)
    one, same, other = (split_at_random(strata, **SHARES, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.test, same.test)
    np.testing.assert_array_equal(one.validation, same.validation)
    assert not np.array_equal(one.test, other.test)


def test_the_rows_of_a_class_are_drawn_at_random_and_not_by_their_place():
    strata = np.zeros(400, dtype=int)
    drawn = [split_at_random(strata, **SHARES, seed=seed).test.mean() for seed in range(30)]
    assert abs(np.mean(drawn) - 199.5) < 15
    assert np.std(drawn) > 3


def test_by_time_the_parts_follow_each_other():
    split = split_by_time(100, **SHARES)
    assert split.train.tolist() == list(range(70))
    assert split.validation.tolist() == list(range(70, 85))
    assert split.test.tolist() == list(range(85, 100))


def test_a_share_of_0_for_the_test_leaves_no_test_part():
    assert len(split_by_time(100, validation=0.2, test=0.0).test) == 0
    assert len(split_at_random(np.zeros(100, dtype=int), validation=0.2, test=0.0, seed=0).train) == 80


@pytest.mark.parametrize(
    ("rows", "shares", "parts"),
    [
        (9, {}, ["at least 10 rows", "got 9"]),
        (100, {"validation": 0.0}, ["`validation`", "got 0.0"]),
        (100, {"validation": 1.5}, ["`validation`", "got 1.5"]),
        (100, {"test": -0.1}, ["`test_share`", "got -0.1"]),
        (100, {"validation": float("nan")}, ["`validation`", "got nan"]),
        (100, {"validation": 0.5, "test": 0.5}, ["sum must be below 1", "0.5 and 0.5"]),
        (10, {"validation": 0.49, "test": 0.49}, ["training part", "lower the shares"]),
    ],
)
def test_shares_and_rows_that_do_not_fit_are_refused(rows, shares, parts):
    with pytest.raises(DataError) as caught:
        split_by_time(rows, **(SHARES | shares))
    for part in parts:
        assert part in str(caught.value)


def test_more_classes_than_training_rows_are_refused():
    with pytest.raises(DataError, match=r"leave 5 for 10 classes"):
        split_at_random(np.repeat(np.arange(10), 2), validation=0.35, test=0.4, seed=0)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(2, 60), min_size=1, max_size=6), st.integers(2, 10), st.integers(0, 2**32))
def test_folds_are_even_in_size_and_in_every_class(counts, folds, seed):
    strata = np.repeat(np.arange(len(counts)), counts)
    folds = min(folds, len(strata))
    fold_of = assign_folds(strata, folds=folds, seed=seed)
    np.testing.assert_array_equal(fold_of, assign_folds(strata, folds=folds, seed=seed))
    assert set(fold_of) == set(range(folds))
    for rows in (slice(None), *(strata == stratum for stratum in range(len(counts)))):
        sizes = np.bincount(fold_of[rows], minlength=folds)
        assert sizes.max() - sizes.min() <= 1
    for fold in range(folds):
        assert set(strata[fold_of != fold]) == set(range(len(counts)))  # every class is trained on


def test_more_rows_need_fewer_folds():
    chosen = [default_folds(rows) for rows in (100, 5_000, 5_001, 10_000, 10_001, 10**6)]
    assert chosen == [5, 5, 3, 3, 1, 1]
