"""Which columns moved: beyond chance, and by so much that it counts."""

import numpy as np
import pandas as pd
import pytest

from sturgeon.errors import DataError, InputError
from sturgeon.recheck.rows.column_drift import compare_columns
from sturgeon.recheck.rows.drift import tell_apart
from sturgeon.recheck.rows.windows import Window, in_order_of_time


def rows(seed, count=800, **changes):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "length": rng.normal(80, 20, count),
            "age": rng.integers(1, 40, count).astype(float),
            "river": rng.choice(["Elbe", "Volga", "Oka"], count),
        }
    )
    for name, change in changes.items():
        frame[name] = change(frame[name])
    return frame


def moved(old, new):
    return {one.name for one in compare_columns(old, new, ["river"], ["length", "age"]) if one.moved}


def test_equal_data_does_not_move():
    assert moved(rows(0), rows(1)) == set()


def test_a_trifle_is_no_drift_however_many_rows_there_are():
    old, new = rows(0, 200_000), rows(1, 200_000, length=lambda x: x + 1.0)
    length = next(one for one in compare_columns(old, new, [], ["length"]))
    assert length.p < 1e-6
    assert not length.moved


def test_a_shift_a_change_of_shares_and_missing_cells_are_seen():
    assert moved(rows(0), rows(1, length=lambda x: x + 20)) == {"length"}
    fewer = rows(1, river=lambda x: x.where(x != "Oka", "Elbe"))
    assert moved(rows(0), fewer) == {"river"}
    lacking = rows(1, age=lambda x: x.where(np.arange(len(x)) % 5 > 0))
    found = compare_columns(rows(0), lacking, ["river"], ["length", "age"])[0]
    assert (found.name, found.moved) == ("age", True)
    assert "missing" in found.why


def test_new_categories_are_named():
    new = rows(1, river=lambda x: x.where(x != "Oka", "Ob"))
    river = next(one for one in compare_columns(rows(0), new, ["river"], []))
    assert river.unseen == ("Ob",)
    assert river.moved


def test_a_classifier_tells_moved_rows_from_old_ones_and_like_from_like_not():
    same = tell_apart(rows(0), rows(1), ["river"], ["length", "age"], 0)
    other = tell_apart(rows(0), rows(1, length=lambda x: x + 40), ["river"], ["length", "age"], 0)
    assert same == pytest.approx(0.5, abs=0.07)
    assert other > 0.8


def test_rows_are_put_in_order_of_time_and_days_become_rows():
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame({"day": days.astype(str), "x": range(100)}).sample(frac=1, random_state=0)
    ordered, window = in_order_of_time(frame, "day", Window.of("10d"), "the table")
    assert ordered["x"].tolist() == list(range(100))
    assert window == 10


@pytest.mark.parametrize("given", ["soon", "-3", "0", "1.5"])
def test_a_window_that_is_none_is_refused(given):
    with pytest.raises(InputError, match="window"):
        Window.of(given)


def test_a_time_column_without_times_is_refused():
    frame = pd.DataFrame({"day": ["yesterday", "today"], "x": [1, 2]})
    with pytest.raises(DataError, match="yesterday"):
        in_order_of_time(frame, "day", None, "the table")
