import pytest

from sturgeon.errors import InputError
from sturgeon.stopping import (
    MedianRule,
    Never,
    Patience,
    StoppingContext,
    SuccessiveHalving,
    stopping_by_name,
    stopping_from_json,
)


def test_rules_are_found_by_name():
    names = ("halving", "median", "patience", "never")
    assert [stopping_by_name(name) for name in names] == [
        SuccessiveHalving(),
        MedianRule(),
        Patience(),
        Never(),
    ]


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ({"name": "asha"}, ["halving, median, patience, never", "'asha'"]),
        ({}, ["halving, median", "None"]),
        ("never", ["object with a `name`", "'never'"]),
        ({"name": "median", "steps": 3}, ["one of warm_up, at_least", "'steps'"]),
        ({"name": "never", "steps": 3}, ["none at all", "'steps'"]),
        ({"name": "halving", "reduction": 1}, ["`reduction`", "whole number from 2", "1"]),
        ({"name": "halving", "first": 0}, ["`first`", "0"]),
        ({"name": "halving", "brackets": 0}, ["`brackets`", "0"]),
        ({"name": "halving", "brackets": 11}, ["`brackets`", "at most 10", "11"]),
        ({"name": "patience", "steps": True}, ["`steps`", "True"]),
        ({"name": "patience", "min_delta": -1.0}, ["`min_delta`", "-1.0"]),
        ({"name": "median", "warm_up": 2.5}, ["`warm_up`", "2.5"]),
        ({"name": "median", "at_least": 0}, ["`at_least`", "0"]),
    ],
)
def test_what_is_unknown_or_wrong_is_told_with_what_is_right(data, parts):
    with pytest.raises(InputError) as caught:
        stopping_from_json(data)
    for part in ["got", *parts]:
        assert part in str(caught.value)


@pytest.mark.parametrize("steps", [0, -1, 1.5, True])
def test_a_goal_has_whole_steps(steps):
    with pytest.raises(InputError, match="`max_steps` must be a whole number from 1"):
        StoppingContext(max_steps=steps)
