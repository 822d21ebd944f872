import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.errors import SpaceError
from sturgeon.space import Choice, Configs, Constant, Integer, Real, Space, config_key, notes_space


def conditional() -> Space:
    return Space(
        norm=Choice((True, False)),
        optimizer=Choice(("adam", "momentum", "sgd")),
        momentum=Real(0.9, 0.999, scale="reverse_log", when={"optimizer": ("momentum", "sgd")}),
        nesterov=Choice((True, False), when={"optimizer": "sgd"}),
        lookahead=Integer(2, 9, when={"nesterov": True, "norm": True}),
        width=Constant(64, when={"norm": True}),
        epsilon=Constant(1e-8),
    )


reals = st.one_of(
    st.builds(lambda low, width: Real(low, low + width), st.floats(-100, 100), st.floats(0.1, 50)),
    st.builds(
        lambda e, r: Real(10.0**e, 10.0 ** (e + r), scale="log"), st.integers(-9, 2), st.integers(1, 6)
    ),
    st.builds(lambda e: Real(0.5, 1 - 10.0**e, scale="reverse_log"), st.integers(-6, -1)),
)
integers = st.one_of(
    st.builds(lambda low, width: Integer(low, low + width), st.integers(-50, 50), st.integers(1, 300)),
    st.builds(
        lambda low, width: Integer(low, low + width, scale="log"), st.integers(1, 50), st.integers(1, 999)
    ),
    st.builds(
        lambda e, r: Integer(2**e, 2 ** (e + r), scale="power_of_two"), st.integers(0, 6), st.integers(1, 6)
    ),
)
scalars = st.one_of(st.integers(-3, 3), st.floats(-3, 3), st.text(max_size=3), st.booleans(), st.none())
choices = st.builds(
    lambda options: Choice(tuple(options)),
    st.lists(scalars, min_size=1, max_size=5, unique_by=lambda value: (type(value), value)),
)
kinds = st.one_of(reals, integers, choices, st.builds(Constant, scalars))


@st.composite
def spaces(draw) -> Space:
    items = {f"h{index}": item for index, item in enumerate(draw(st.lists(kinds, min_size=1, max_size=6)))}
    for name, item in list(items.items()):
        parents = [other for other, kind in items.items() if other < name and not isinstance(kind, Real)]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            (wanted,) = [value for value, _ in zip(items[parent].values(), range(1), strict=False)]
            settings_of_item = item.to_json() | {"when": {parent: wanted}}
            settings_of_item.pop("kind")
            items[name] = type(item)(**settings_of_item)
    return Space(**items)


@settings(max_examples=60, deadline=None)
@given(space=spaces(), seed=st.integers(0, 1000))
def test_what_is_drawn_belongs_to_the_space_and_survives_the_cube_exactly(space, seed):
    configs = space.sample(20, seed)
    unit = space.to_unit(configs)
    assert unit.shape == (20, len(space.coordinates))
    assert unit.dtype == np.float64
    for config in configs:
        space.validate(config)
    assert list(map(config_key, space.from_unit(unit))) == list(map(config_key, configs))
    assert np.array_equal(space.to_unit(list(configs)), unit, equal_nan=True)
    for row, config in zip(unit, configs, strict=True):
        active = [space.is_active(name, config) for name in space.coordinates]
        assert (~np.isnan(row)).tolist() == active
        assert list(config) == [name for name in space.names if space.is_active(name, config)]


@settings(max_examples=60, deadline=None)
@given(space=spaces())
def test_a_space_survives_json_and_pickle(space):
    assert Space.from_json(json.loads(json.dumps(space.to_json()))) == space
    assert pickle.loads(pickle.dumps(space)) == space
    space.validate(space.default())


@settings(max_examples=40, deadline=None)
@given(space=spaces())
def test_the_size_of_a_finite_space_is_how_many_configurations_it_lists(space):
    if space.size < 3000:
        listed = [config_key(config) for config in space.configurations()]
        assert len(listed) == len(set(listed)) == space.size
    elif space.size == math.inf:
        with pytest.raises(SpaceError, match=r"finite|Real"):
            list(space.configurations())


def test_a_child_of_an_inactive_parent_is_inactive():
    space = conditional()
    for config in space.sample(300, 1):
        assert ("momentum" in config) == (config["optimizer"] != "adam")
        assert ("nesterov" in config) == (config["optimizer"] == "sgd")
        assert ("lookahead" in config) == (config.get("nesterov") is True and config["norm"])
        assert ("width" in config) == config["norm"]
    assert not space.is_active("lookahead", {"norm": True, "optimizer": "adam", "nesterov": True})


def test_a_parent_may_be_declared_after_its_child():
    space = Space(child=Integer(1, 2, when={"parent": True}), parent=Choice((True, False)))
    assert sorted(map(config_key, space.configurations())) == [
        '{"child":1,"parent":true}',
        '{"child":2,"parent":true}',
        '{"parent":false}',
    ]
    assert space.size == 3


def test_values_are_plain_python_inside_the_range():
    for config in notes_space().sample(200, 0):
        assert {type(value) for value in config.values()} <= {int, float, str}
        assert 1e-4 <= config["learning_rate"] <= 1.0


def test_anything_may_stand_in_an_inactive_coordinate():
    space = conditional()
    row = [0.1, 0.1, 7.0, math.nan, -math.inf]
    assert list(space.from_unit([row])) == [{"norm": True, "optimizer": "adam", "width": 64, "epsilon": 1e-8}]


@pytest.mark.parametrize("bad", [-0.01, 1.01, math.nan, math.inf])
def test_an_active_coordinate_outside_the_cube_is_an_error(bad):
    with pytest.raises(SpaceError, match=r"\[0, 1\]; got .* for 'layers' in row 1"):
        Space(layers=Integer(2, 4)).from_unit([[0.5], [bad]])


def test_points_of_another_shape_are_an_error():
    with pytest.raises(SpaceError, match=r"shape \(n, 5\); got \(3,\)"):
        conditional().from_unit([0.1, 0.2, 0.3])


def test_no_configurations_make_an_empty_array():
    assert notes_space().to_unit([]).shape == (0, 8)
    assert list(notes_space().from_unit(np.empty((0, 8)))) == []
    assert list(notes_space().sample(0, 0)) == []


def test_a_space_of_constants_has_one_configuration_and_no_coordinate():
    space = Space(a=Constant(1))
    assert list(space.sample(2, 0)) == [{"a": 1}, {"a": 1}]
    assert space.to_unit([{"a": 1}]).shape == (1, 0)
    assert space.size == 1


def test_the_same_seed_draws_the_same_and_a_generator_goes_on():
    space = notes_space()
    assert space.sample(5, 3) == space.sample(5, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    assert space.sample(5, rng) != space.sample(5, rng)


def test_configs_behave_as_a_sequence():
    configs = conditional().sample(3000, 0)
    as_list = list(configs)
    assert isinstance(configs, Configs)
    assert len(configs) == 3000
    assert configs == as_list
    assert configs[0] == as_list[0]
    assert configs[-1] == as_list[-1]
    assert configs[10:2000:7] == as_list[10:2000:7]
    assert as_list[5] in configs
    assert configs[:2] != configs[:3]
    assert "3000 in all" in repr(configs)
    configs[0]["norm"] = "changed"
    assert configs[0] == as_list[0]
    with pytest.raises(IndexError, match="3000"):
        configs[3000]


def test_a_space_reads_like_a_mapping():
    space = conditional()
    assert len(space) == 7
    assert list(space) == list(space.names)
    assert space["epsilon"] == Constant(1e-8)
    assert "momentum" in space
    assert space.coordinates == ("norm", "optimizer", "momentum", "nesterov", "lookahead")
    assert space == conditional()
    assert space != Space(**dict(reversed(list(space.items()))))
    assert eval(repr(space)) == space


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: Space(), ["at least one", "none"]),
        (lambda: Space({"rate ": Real(0, 1)}), ["printable", "'rate '", "Rename"]),
        (lambda: Space({"a": Real(0, 1)}, a=Real(0, 1)), ["once", "'a'"]),
        (lambda: Space([Real(0, 1)]), ["by name", "dict"]),
        (lambda: Space({"constraint": Real(0, 1)}), ["`constraint`"]),
        (lambda: Space(layers=[1, 2]), ["[1, 2] (list)", "layers=Choice([1, 2])"]),
        (lambda: Space(layers=3), ["Real, Integer, Choice or Constant", "3 (int)", "layers=Constant(3)"]),
        (lambda: Space(a=Real(0, 1, when={"b": 1})), ["`when`", "another hyperparameter", "'b'", "'a'"]),
        (lambda: Space(a=Real(0, 1), b=Integer(1, 2, when={"a": 0.5})), ["Real 'a'", "'b'", "Choice"]),
        (
            lambda: Space(a=Choice(("x",)), b=Integer(1, 2, when={"a": "y"})),
            ["can take", "'x'", "'y'", "'b'"],
        ),
        (lambda: Space(a=Choice((True,)), b=Integer(1, 2, when={"a": 1})), ["can take", "True", "1 (int)"]),
        (lambda: Space(a=Constant(1), b=Integer(1, 2, when={"a": 2})), ["can take", "2 (int)", "'b'"]),
        (
            lambda: Space(
                a=Choice((1, 2), when={"c": 1}),
                b=Choice((1, 2), when={"a": 1}),
                c=Choice((1, 2), when={"b": 1}),
            ),
            ["circle", "a → c → b → a", "Remove"],
        ),
        (lambda: Space(a=Choice((1, 2), when={"a": 1})), ["circle", "a → a"]),
        (lambda: conditional().is_active("none", {}), ["'none'", "'optimizer'"]),
        (lambda: notes_space().sample(-1, 0), ["`count`", "-1"]),
        (lambda: notes_space().sample(1, 0.5), ["`rng`", "0.5"]),
    ],
)
def test_a_broken_rule_of_the_space_is_told_with_the_remedy(make, parts):
    with pytest.raises(SpaceError) as caught:
        make()
    for part in ["got", *parts]:
        assert part in str(caught.value)


GOOD = {"norm": False, "optimizer": "momentum", "momentum": 0.95, "epsilon": 1e-8}


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        (GOOD | {"speed": 1}, ["'speed'", "'norm'"]),
        ({k: v for k, v in GOOD.items() if k != "momentum"}, ["'momentum' is missing", "[0.9, 0.999]"]),
        (GOOD | {"optimizer": "adam"}, ["'momentum'", "active when", "Leave it out"]),
        (GOOD | {"momentum": 0.5}, ["'momentum'", "[0.9, 0.999]", "0.5 (float)"]),
        (GOOD | {"norm": 0}, ["'norm'", "one of True, False", "0 (int)"]),
        (GOOD | {"momentum": "0.95"}, ["'momentum'", "'0.95' (str)"]),
        (GOOD | {"epsilon": 1e-7}, ["'epsilon'", "must be 1e-08", "1e-07"]),
        (GOOD | {"norm": [True]}, ["'norm'", "[True] (list)"]),
        ([1], ["dict", "[1] (list)"]),
    ],
)
def test_a_configuration_of_another_space_is_refused_singly_and_in_bulk(config, parts):
    conditional().validate(GOOD)
    with pytest.raises(SpaceError) as single:
        conditional().validate(config)
    for part in parts:
        assert part in str(single.value)
    if isinstance(config, dict):
        with pytest.raises(SpaceError) as bulk:
            conditional().to_unit([GOOD, config])
        assert str(bulk.value) == str(single.value)


def test_the_size_counts_every_combination_that_can_occur():
    assert notes_space().size == math.inf
    assert notes_space().narrow(optimizer="adam", learning_rate=0.1, schedule="cosine").size == 6 * 51 * 3
    assert Space(a=Integer(1, 3), b=Integer(1, 5, when={"a": 2}), c=Choice((1, 2))).size == (2 + 5) * 2


def test_a_key_tells_types_apart_and_does_not_depend_on_order():
    keys = {config_key({"a": value}) for value in (1, 1.0, True, "1", None, "true")}
    assert len(keys) == 6
    assert config_key({"a": 1, "b": 2}) == config_key({"b": 2, "a": 1})
