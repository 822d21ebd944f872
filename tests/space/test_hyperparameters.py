import pickle

import numpy as np
import pytest

from sturgeon.errors import InputError, SpaceError
from sturgeon.space import Choice, Constant, Integer, Real


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: Real(1, 0.1), ["`low` must be below `high`", "low=1", "high=0.1", "Swap"]),
        (lambda: Real(1, 1), ["`low` must be below `high`", "low=1", "Constant"]),
        (lambda: Integer(4, 2), ["`low` must be below `high`", "low=4", "high=2", "an Integer"]),
        (lambda: Real(0, 1, scale="log"), ["log scale", "above 0", "low=0", "linear"]),
        (lambda: Real(-1, 1, scale="log"), ["log scale", "above 0", "low=-1", "Raise"]),
        (lambda: Real(1e-300, 1, scale="log"), ["log scale", "1e-100", "1e-300"]),
        (lambda: Integer(0, 5, scale="log"), ["log scale", "1 or more", "low=0"]),
        (lambda: Real(0.9, 1.0, scale="reverse_log"), ["reverse_log", "high=1", "below 1", "0.999"]),
        (lambda: Real(-0.5, 0.9, scale="reverse_log"), ["reverse_log", "low=-0.5"]),
        (lambda: Real(0.9, 1 - 1e-13, scale="reverse_log"), ["reverse_log", "1e-10 below 1", "0.999"]),
        (lambda: Real(0.0, float("inf")), ["`high`", "finite", "inf"]),
        (lambda: Real(float("nan"), 1.0), ["`low`", "finite", "nan"]),
        (lambda: Real(0.0, 1e200), ["`high`", "1e+100", "1e+200"]),
        (lambda: Real(0.0, 1e-200), ["1e-100", "high=1e-200", "units"]),
        (lambda: Real(1.0, 1.0 + 1e-12), ["`high` must be above `low`", "1e-09", "Widen"]),
        (lambda: Real(True, 2.0), ["`low` must be a number", "True (bool)"]),
        (lambda: Real(0.0, "1"), ["`high` must be a number", "'1' (str)"]),
        (lambda: Integer(1, True), ["`high` must be a whole number", "True (bool)"]),
        (lambda: Integer(1, 3.0), ["`high` must be a whole number", "3.0 (float)", "Real"]),
        (lambda: Integer("1", 3), ["`low` must be a whole number", "'1' (str)"]),
        (lambda: Integer(0, 2**50), ["`high`", "2**40"]),
        (lambda: Real(0, 1, default=2.0), ["`default`", "[0.0, 1.0]", "2.0", "widen"]),
        (lambda: Real(0, 1, default="a"), ["`default`", "'a' (str)"]),
        (lambda: Integer(2, 4, default=3.0), ["`default`", "a whole number in [2, 4]", "3.0 (float)"]),
        (lambda: Integer(16, 64, scale="power_of_two", default=48), ["`default`", "power of two", "48"]),
        (lambda: Choice(("a", "b"), default="c"), ["`default`", "'a', 'b'", "'c'"]),
        (lambda: Choice((1, 2), default=True), ["`default`", "True (bool)"]),
        (lambda: Constant(1, default=2), ["`default`", "must be 1", "2"]),
        (lambda: Real(0, 1, scale="cubic"), ["`scale`", "'linear', 'log', 'reverse_log'", "'cubic'"]),
        (lambda: Integer(1, 2, scale="reverse_log"), ["`scale`", "power_of_two", "'reverse_log'"]),
        (lambda: Integer(16, 100, scale="power_of_two"), ["powers of two", "high=100", "Change 100"]),
        (lambda: Integer(0, 16, scale="power_of_two"), ["powers of two", "low=0", "Change 0"]),
        (lambda: Real(0, 1, priority=0), ["`priority`", "from 1", "got 0"]),
        (lambda: Real(0, 1, priority=1.5), ["`priority`", "1.5"]),
        (lambda: Real(0, 1, priority=True), ["`priority`", "True"]),
        (lambda: Choice(()), ["at least one", "none"]),
        (lambda: Choice(("a", "b", "a")), ["different", "'a'", "Remove"]),
        (lambda: Choice("adam"), ["tuple", "'adam'"]),
        (lambda: Choice(((1, 2), [1, 2])), ["different", "[1, 2]", "Remove"]),
        (lambda: Choice((1, len)), ["An option", "len", "look it up"]),
        (lambda: Choice({"a", "b"}), ["a tuple or a list", "order"]),
        (lambda: Choice((1, 2), ordered=1), ["`ordered`", "1 (int)"]),
        (lambda: Real(0, 1, step=0.3), ["whole number of steps", "step=0.3", "high=0.9"]),
        (lambda: Real(1e-3, 1, scale="log", step=0.1), ["`step`", "linear scale", "ordered=True"]),
        (lambda: Integer(1, 9, step=0), ["`step`", "above 0"]),
        (lambda: Integer(1, 9, around=12), ["`around`", "around=12", "high=9"]),
        (lambda: Choice((float("nan"),)), ["finite", "nan"]),
        (lambda: Constant([1, len]), ["A constant", "(list)"]),
        (lambda: Real(0, 1, when="optimizer"), ["`when`", "'optimizer'", "momentum"]),
        (lambda: Real(0, 1, when={"optimizer": ()}), ["`when`", "at least one value", "'optimizer'"]),
    ],
)
def test_a_broken_rule_is_told_with_what_was_received_and_the_remedy(make, parts):
    with pytest.raises(SpaceError) as caught:
        make()
    message = str(caught.value)
    assert isinstance(caught.value, InputError)
    assert "\n" not in message
    assert "got" in message
    for part in parts:
        assert part in message


def test_true_one_and_one_point_zero_are_three_options():
    choice = Choice((True, 1, 1.0, "1", None))
    assert [choice.contains(value) for value in (True, 1, 1.0, "1", None, False)] == [True] * 5 + [False]
    assert choice.encode([1.0, True, 1]).tolist() == [2, 0, 1]
    assert Choice((1,)) != Choice((True,))
    assert Choice((1,)) != Choice((1.0,))
    assert Constant(1) != Constant(True)


def test_a_real_takes_floats_and_an_integer_takes_ints():
    assert not Real(0, 2).contains(1)
    assert Real(0, 2).contains(1.0)
    assert not Integer(0, 2).contains(1.0)
    assert not Integer(0, 2).contains(True)
    assert not Integer(16, 64, scale="power_of_two").contains(48)
    assert not Integer(0, 2).contains(10**400)


def test_numbers_of_the_other_type_are_fine_as_bounds_and_default_of_a_real():
    real = Real(0, np.float64(2), default=1)
    assert (type(real.low), type(real.high), type(real.default)) == (float, float, float)
    assert type(Integer(np.int64(1), 3).low) is int


def test_no_default_stands_for_the_median_and_for_the_first_option():
    assert Real(1e-4, 1, scale="log").start() == 0.01
    assert Integer(2, 4).start() == 3
    assert Choice(("b", "a")).start() == "b"
    assert Constant(None).start() is None
    assert Real(0, 1, default=0.25).start() == 0.25


@pytest.mark.parametrize(
    "item",
    [
        Real(1e-4, 1, scale="log", priority=1, default=0.5),
        Integer(2, 4, when={"optimizer": "adam"}),
        Choice((True, 1, None), default=1, when={"a": (1, 2), "b": None}),
        Constant("relu", priority=4),
    ],
)
def test_hyperparameters_are_frozen_values(item):
    assert pickle.loads(pickle.dumps(item)) == item
    assert eval(repr(item)) == item
    assert hash(pickle.loads(pickle.dumps(item))) == hash(item)
    assert item != Real(0, 1)
    with pytest.raises(AttributeError):
        item.priority = 3
    with pytest.raises(TypeError):
        item.when["c"] = (1,)


def test_one_wanted_value_and_a_tuple_of_one_are_the_same_condition():
    assert Integer(2, 4, when={"a": "x"}) == Integer(2, 4, when={"a": ["x"]})


def test_minus_zero_is_never_drawn():
    (value,) = Real(-1.0, 1.0).decode(Real(-1.0, 1.0).from_unit(np.array([0.5 - 1e-16])))
    assert str(value) == "0.0"
