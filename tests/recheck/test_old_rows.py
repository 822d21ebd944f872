"""Old rows are known again in any order and spelling; chance twins are not taken for them."""

import numpy as np
import pandas as pd
import pytest

from sturgeon.errors import InputError
from sturgeon.recheck.rows.old_rows import number_rows, set_old_rows_aside, tell_old_rows


def rows(seed, count=400, decimals=2):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"length": rng.normal(80, 20, count).round(decimals), "river": rng.choice(["Elbe", "Volga"], count)}
    )


def test_equal_rows_have_equal_numbers_however_they_are_typed():
    frame = pd.DataFrame({"a": [1, "1", 1.0, None, "x", np.nan], "b": [2.0, 2.0, 3.0, 2.0, 2.0, 2.0]})
    places = number_rows(frame)
    assert places[0] == places[1]
    assert places[3] == places[5]
    assert len(set(places)) == 4


def test_each_old_row_accounts_for_one_new_row():
    old = pd.DataFrame({"length": [1.0, 1.0, 2.0]})
    told = tell_old_rows(old, pd.DataFrame({"length": [2.0, 1.0, 2.0, 1.0, 1.0]}), ["length"])
    assert told.old.tolist() == [True, True, False, True, False]


def test_rows_of_few_categories_are_not_old_because_there_are_equal_ones():
    old, new = (rows(seed).assign(length=lambda frame: frame["length"] > 80) for seed in (0, 1))
    assert not tell_old_rows(old, new, ["length", "river"]).some
    assert tell_old_rows(old, old.sample(frac=1, random_state=0), ["length", "river"]).some


def test_without_old_rows_or_with_none_among_the_new_nothing_is_left_out():
    new = rows(1)
    assert set_old_rows_aside(new, None, "it", in_time=False).frame is new
    assert set_old_rows_aside(new, rows(0), "it", in_time=False).notes == ()


def test_in_order_of_time_old_rows_that_come_first_stay_and_scattered_ones_go():
    both = pd.concat([rows(0), rows(1)], ignore_index=True)
    kept = set_old_rows_aside(both, rows(0), "it", in_time=True)
    assert len(kept.frame) == 800
    assert kept.first == 400
    shuffled = both.sample(frac=1, random_state=0).reset_index(drop=True)
    left = set_old_rows_aside(shuffled, rows(0), "it", in_time=True)
    assert (len(left.frame), left.first) == (400, 0)


def test_only_old_rows_are_refused():
    with pytest.raises(InputError, match="new data"):
        set_old_rows_aside(rows(0).head(100), rows(0), "it", in_time=False)
