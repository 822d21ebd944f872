"""Rows that were judged by are known again by digests of a part of them; else they count as the same."""

import json

import numpy as np
import pytest

from sturgeon.recheck.rows.judged import MOST, JudgedRows, overlap, remember_rows, rows_of


def numbered(first, last):
    return remember_rows(str(number).encode() for number in range(first, last))


@pytest.mark.parametrize(("rows", "shared"), [(100, 1), (800, 10), (5_000, 100), (20_000, 800)])
def test_rows_in_common_are_found_and_none_where_there_are_none(rows, shared):
    earlier = numbered(0, rows)
    assert overlap(numbered(rows - shared, 2 * rows - shared), earlier)
    assert not overlap(numbered(rows, 2 * rows), earlier)


def test_a_window_within_a_much_larger_table_is_never_taken_for_new():
    assert overlap(numbered(0, 200), numbered(0, 60_000))
    assert overlap(numbered(60_000, 60_200), numbered(0, 60_000))  # too few to compare: nobody can tell


def test_twins_by_chance_are_no_rows_in_common_and_rows_of_few_values_tell_nothing():
    rng = np.random.default_rng(0)
    some = [remember_rows(map(str.encode, map(str, rng.integers(0, 20_000, 1_000)))) for _ in range(2)]
    assert 0.01 < some[0].twins < 0.2
    assert not overlap(*some)
    few = [remember_rows(map(str.encode, map(str, rng.integers(0, 8, 1_000)))) for _ in range(2)]
    assert overlap(*few)


def test_what_is_kept_is_small_plain_and_read_back():
    kept = numbered(0, 5_000)
    text = json.dumps(kept.to_json())
    assert len(text) < 10_000
    read = JudgedRows.from_json(json.loads(text))
    assert read is not None
    assert read.digests.tolist() == kept.digests.tolist()
    assert (len(read.digests), read.whole) == (MOST, False)


@pytest.mark.parametrize(
    "given",
    [None, [], {}, {"digests": "?", "whole": True, "twins": 0}, {"digests": "YQ==", "whole": 1, "twins": 0}],
)
def test_what_is_no_such_thing_is_not_known(given):
    assert JudgedRows.from_json(given) is None


def test_rows_of_arrays_are_equal_where_all_their_numbers_are():
    inputs = np.array([[0.0, 1.0], [-0.0, 1.0], [0.0, 2.0]], dtype=np.float32)
    one, other, third = rows_of([inputs, np.array([1, 1, 1])])
    assert one == other != third
