"""Ranges reach farther where the best value lay at their ends, and no farther than makes sense."""

import pytest

import sturgeon as st
from sturgeon.errors import SpaceError
from sturgeon.network.settings import check_network_space
from sturgeon.recheck.widening import describe_widening, widen


@pytest.mark.parametrize(
    ("item", "value", "ends"),
    [
        (st.Real(1e-4, 1e-2, scale="log"), 1e-4, (1e-4 / 10**0.5, 1e-2)),
        (st.Real(0.9, 0.99, scale="reverse_log"), 0.99, (0.9, 1 - 0.01 / 10**0.25)),
        (st.Real(0.0, 0.8), 0.8, (0.0, 1.0)),
        (st.Real(-1.0, 1.0), -1.0, (-1.5, 1.0)),
        (st.Real(0.0, 10.0, step=0.5), 10.0, (0.0, 12.5)),
        (st.Integer(16, 512, scale="power_of_two"), 512, (16, 1024)),
        (st.Integer(1, 100, scale="log"), 100, (1, 316)),
        (st.Integer(1, 100), 1, (1, 100)),
        (st.Integer(32, 160, step=32), 160, (32, 192)),
        (st.Integer(10, 50), 30, (10, 50)),
    ],
)
def test_the_end_that_was_reached_moves(item, value, ends):
    wider = widen(st.Space(x=item), {"x": value})["x"]
    assert (wider.low, wider.high) == pytest.approx(ends)
    assert wider.scale == item.scale


def test_conditions_priorities_and_defaults_stay_and_the_rest_is_as_it_was():
    space = st.Space(
        kind=st.Choice(["a", "b"]),
        rate=st.Real(0.01, 1.0, scale="log", default=0.1, priority=1, when={"kind": "a"}),
        units=st.Integer(8, 64),
    )
    wider = widen(space, {"kind": "a", "rate": 0.01, "units": 20})
    assert wider["rate"].high == 1.0
    assert (wider["rate"].default, wider["rate"].priority) == (0.1, 1)
    assert not wider.is_active("rate", {"kind": "b"})
    assert wider["units"] == space["units"]
    assert "rate may be from" in describe_widening(space, wider)[0]


def test_what_the_network_cannot_take_stays_within_it():
    space = st.Space(dropout=st.Real(0.0, 0.9), layers=st.Integer(1, 8))
    wider = widen(space, {"dropout": 0.9, "layers": 8}, check_network_space)
    check_network_space(wider)
    assert wider["dropout"].high == 0.9

    def refuse(space):
        raise SpaceError("no")

    assert widen(space, {"dropout": 0.9, "layers": 8}, refuse) == space
