import numpy as np
import pytest

from sturgeon.errors import InputError, SpaceExhausted
from sturgeon.search import Grid, Observation, Record
from sturgeon.space import Choice, Integer, Real, Space, notes_space

RNG = np.random.default_rng(0)


def whole(grid: Grid, space: Space) -> list:
    return grid.suggest(space, Record(), 10**6, RNG)


def test_twenty_five_points_try_five_values_of_each():
    space = Space(alpha=Real(1e-4, 1, scale="log"), units=Integer(50, 100))
    configs = whole(Grid(points=5), space)
    assert len(configs) == 25
    assert sorted({config["alpha"] for config in configs}) == [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert [config["units"] for config in configs[:5]] == [50, 62, 75, 88, 100]


def test_combinations_that_differ_in_inactive_hyperparameters_only_are_one():
    space = Space(
        optimizer=Choice(("adam", "momentum")),
        momentum=Real(0.9, 0.999, scale="reverse_log", when={"optimizer": "momentum"}),
    )
    assert whole(Grid(points=3), space) == [
        {"optimizer": "adam"},
        {"optimizer": "momentum", "momentum": 0.9},
        {"optimizer": "momentum", "momentum": 0.99},
        {"optimizer": "momentum", "momentum": 0.999},
    ]


def test_a_small_integer_gives_its_values_once():
    assert [config["layers"] for config in whole(Grid(points=9), Space(layers=Integer(2, 4)))] == [2, 3, 4]


def test_the_constraint_leaves_combinations_out():
    space = Space(a=Integer(1, 3), b=Integer(1, 3), constraint="a < b")
    assert [(config["a"], config["b"]) for config in whole(Grid(points=3), space)] == [(1, 2), (1, 3), (2, 3)]


def test_a_large_grid_gives_its_first_points_without_listing_the_rest():
    space = Space(**{f"x{index}": Real(0, 1) for index in range(30)})
    first, second = Grid(points=10).suggest(space, Record(), 2, RNG)
    assert set(first.values()) == {0.0}
    assert second["x29"] == pytest.approx(1 / 9)


def test_a_grid_goes_on_where_the_record_ends_and_then_is_finished():
    space = Space(x=Real(0, 1), y=Real(0, 1))
    order = whole(Grid(points=2), space)
    record = Record([Observation(0, order[0], "complete", 1.0), Observation(1, order[2], "failed")])
    assert Grid(points=2).suggest(space, record, 1, RNG) == [order[1]]
    assert Grid(points=2).suggest(space, record, 9, RNG) == [order[1], order[3]]
    for number, config in enumerate(order):
        record.put(Observation(10 + number, config, "complete", 1.0))
    with pytest.raises(SpaceExhausted, match="widen the space"):
        Grid(points=2).suggest(space, record, 1, RNG)


def test_grid_points_belong_to_the_space():
    for config in Grid(points=2).suggest(notes_space(), Record(), 40, RNG):
        notes_space().validate(config)


@pytest.mark.parametrize("points", [1, 0, 2.0, True])
def test_a_grid_needs_two_points(points):
    with pytest.raises(InputError, match=r"`points` must be a whole number from 2; got .* Write"):
        Grid(points=points)
