import numpy as np

from sturgeon.search import Random, Record
from sturgeon.space import Integer, Real, Space


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
