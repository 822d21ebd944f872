import numpy as np
import pytest

from sturgeon.search import Random, Record
from sturgeon.search.base import number_rng
from sturgeon.space import Choice, Integer, Real, Space


def test_every_trial_has_its_own_value_of_every_real():
    space = Space(alpha=Real(1e-4, 1, scale="log"), momentum=Real(0.9, 0.999, scale="reverse_log"))
    configs = Random().suggest(space, Record(), 25, np.random.default_rng(0))
    assert len({config["alpha"] for config in configs}) == 25
    assert len({config["momentum"] for config in configs}) == 25


def test_draws_are_those_of_the_space():
    space = Space(alpha=Real(1e-4, 1, scale="log"))
    configs = Random().suggest(space, Record(), 40, np.random.default_rng(5))
    assert configs == list(space.sample(40, 5))


def test_another_generator_draws_something_else():
    space = Space(layers=Integer(1, 10**6))
    first, second = (Random().suggest(space, Record(), 3, np.random.default_rng(seed)) for seed in (1, 2))
    assert first != second


def test_the_last_unlikely_configurations_are_found():
    space = Space(units=Integer(1, 3000, scale="log"))
    configs = Random().suggest(space, Record(), 3000, np.random.default_rng(0))
    assert sorted(config["units"] for config in configs) == list(range(1, 3001))


def test_draws_for_several_numbers_are_those_of_each_alone():
    space = Space(
        alpha=Real(1e-4, 1, scale="log"),
        layers=Integer(2, 4),
        kind=Choice(["a", "b"]),
        beta=Real(0.9, 0.999, scale="reverse_log", when={"kind": "b"}),
    )
    alone = [Random().suggest(space, Record(), 1, number_rng(7, number))[0] for number in (3, 4, 9)]
    assert Random().draws_by_number(space)
    assert Random().draw_by_number(space, 7, [3, 4, 9]) == alone


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, 2**32, 2**63 - 1, 2**70, 2**130 + 1])
def test_many_draws_begin_as_numpy_begins_each(seed):
    space, numbers = Space(alpha=Real(0, 1)), [0, 5, 99_999, 2**32 - 1]
    assert Random().draw_by_number(space, seed, numbers) == [
        space.from_unit(np.random.default_rng(np.random.SeedSequence((seed, one))).random((1, 1)))[0]
        for one in numbers
    ]


@pytest.mark.parametrize(
    "space",
    [
        Space(layers=Integer(2, 4)),
        Space(kind=Choice(["a", "b"]), alpha=Real(0, 1, when={"kind": "b"})),
        Space(alpha=Real(0, 1), beta=Real(0, 1), constraint="alpha < beta"),
    ],
    ids=["finite", "finite in part", "constrained"],
)
def test_draws_that_may_be_refused_need_the_record(space):
    assert not Random().draws_by_number(space)
