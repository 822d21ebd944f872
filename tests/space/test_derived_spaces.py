import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sturgeon.errors import SpaceError
from sturgeon.space import Choice, Constant, Integer, Real, Space, notes_space


def test_narrowing_keeps_scale_priority_and_condition():
    space = notes_space().narrow(learning_rate=(1e-3, 0.1), momentum=(0.95, 0.99), batch_size=(32, 128))
    assert space["learning_rate"] == Real(1e-3, 0.1, scale="log", priority=1, default=0.01)
    assert space["momentum"] == Real(0.95, 0.99, scale="reverse_log", when={"optimizer": "momentum"})
    assert space["batch_size"] == Integer(32, 128, scale="power_of_two", default=64)
    assert space.names == notes_space().names


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_every_draw_of_a_narrowed_space_belongs_to_the_old_one(low, high):
    real = notes_space()["learning_rate"]
    bounds = sorted(real.value_at(unit) for unit in (low, high))
    if bounds[1] > bounds[0] * 1.001:
        for config in notes_space().narrow(learning_rate=tuple(bounds)).sample(5, 0):
            notes_space().validate(config)


def test_narrowing_a_choice_keeps_the_order_of_its_options():
    space = Space(a=Choice(("x", "y", "z"), default="y"), b=Integer(1, 2, when={"a": ("x", "y")}))
    narrow = space.narrow(a=("z", "x"))
    assert narrow["a"] == Choice(("x", "z"))
    assert narrow["b"] == Integer(1, 2, when={"a": "x"})
    assert space.narrow(a=("z", "y"))["a"] == Choice(("y", "z"), default="y")


def test_a_single_value_makes_a_constant():
    space = notes_space().narrow(layers=3, learning_rate=1, hidden_units=(64, 64))
    assert space["layers"] == Constant(3, priority=3)
    assert space["learning_rate"] == Constant(1.0, priority=1)
    assert space["hidden_units"] == Constant(64)


def test_what_can_no_longer_be_active_is_dropped_with_its_children():
    space = Space(
        a=Choice((1, 2)), b=Choice((1, 2), when={"a": 2}), c=Choice((1, 2), when={"b": 1}), d=Integer(0, 1)
    )
    assert space.narrow(a=1).names == ("a", "d")
    assert space.narrow(a=2).names == ("a", "b", "c", "d")
    assert space.replace(a=Constant(1)).names == ("a", "d")
    assert "momentum" not in notes_space().narrow(optimizer="adam")


@pytest.mark.parametrize(
    ("ranges", "parts"),
    [
        ({"learning_rate": (1e-5, 0.1)}, ["inside [0.0001, 1.0]", "1e-05", "'learning_rate'", "replace"]),
        ({"learning_rate": (0.1, 0.01)}, ["`low` must be below `high`", "'learning_rate'"]),
        ({"learning_rate": 2.0}, ["'learning_rate'", "[0.0001, 1.0]", "2.0"]),
        ({"learning_rate": (0.1, 0.2, 0.3)}, ["pair", "(0.1, 0.2, 0.3)"]),
        ({"batch_size": (48, 64)}, ["powers of two", "48", "'batch_size'"]),
        ({"optimizer": ("adam", "sgd")}, ["'optimizer'", "'sgd' (str)", "'momentum'"]),
        ({"optimizer": ()}, ["at least one", "'optimizer'"]),
        ({"layers": 3.0}, ["'layers'", "3.0 (float)"]),
        ({"beta1": 0.8}, ["'beta1'", "must be 0.9", "0.8"]),
        ({"beta1": (0.8, 0.9)}, ["pair", "'beta1'"]),
        ({"speed": 1}, ["'speed'", "'learning_rate'"]),
    ],
)
def test_a_range_outside_the_old_one_is_told(ranges, parts):
    with pytest.raises(SpaceError) as caught:
        notes_space().narrow(**ranges)
    for part in ["got", *parts]:
        assert part in str(caught.value)


def test_replacing_keeps_the_place_and_adding_comes_last():
    space = notes_space().replace(dropout=Real(0, 0.5), warmup=Integer(0, 5))
    assert space.names == (*notes_space().names, "warmup")
    assert space["dropout"] == Real(0, 0.5)
    assert notes_space()["dropout"] == Constant(0.0, priority=4)


def test_replacing_may_change_the_constraint():
    space = Space(a=Integer(1, 9), constraint="a > 2")
    assert space.replace(b=Integer(1, 2)).constraint == space.constraint
    assert space.replace(constraint=None).constraint is None
    assert [config["a"] for config in space.replace(constraint="a > 8").configurations()] == [9]


def test_replacing_with_a_broken_condition_is_an_error():
    with pytest.raises(SpaceError, match="can take"):
        notes_space().replace(warmup=Integer(0, 5, when={"optimizer": "sgd"}))


def test_a_grid_has_both_ends_and_even_steps_on_the_scale():
    grid = notes_space().grid(3)
    assert grid["learning_rate"].options == (1e-4, 0.01, 1.0)
    assert grid["momentum"].options == (0.9, 0.99, 0.999)
    assert grid["layers"].options == (2, 3, 4)
    assert Space(a=Integer(1, 3)).grid(9)["a"].options == (1, 2, 3)
    assert Space(a=Integer(1, 3), b=Integer(1, 2, when={"a": 2})).grid(2).names == ("a",)
    with pytest.raises(SpaceError, match="`points`"):
        notes_space().grid(1)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda data: data.pop("hyperparameters"), ["`hyperparameters`", "KeyError"]),
        (lambda data: data["hyperparameters"][0].pop("name"), ["name"]),
        (
            lambda data: data["hyperparameters"][0].update(kind="fast"),
            ["`kind`", "real, integer", "'learning_rate'"],
        ),
        (lambda data: data["hyperparameters"][0].update(low=9), ["`low` must be below", "'learning_rate'"]),
        (lambda data: data["hyperparameters"][0].update(speed=9), ["speed", "'learning_rate'"]),
        (
            lambda data: data["hyperparameters"][1].update(name="learning_rate"),
            ["different", "'learning_rate'"],
        ),
        (lambda data: data["hyperparameters"][1].update(name=3), ["texts", "3"]),
        (lambda data: data.update(hyperparameters=[]), ["at least one"]),
        (lambda data: data.update(format=99), ["format 1", "99", "Update"]),
        (lambda data: data.update(constraint=5), ["null, an expression or a callable", "5"]),
        (lambda data: data.update(constraint={"expression": "exit()", "absent": []}), ["exit()", "Call"]),
    ],
)
def test_json_of_another_form_is_told(change, parts):
    data = json.loads(json.dumps(notes_space().to_json()))
    change(data)
    with pytest.raises(SpaceError) as caught:
        Space.from_json(data)
    for part in parts:
        assert part in str(caught.value)
