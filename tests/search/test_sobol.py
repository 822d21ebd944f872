import numpy as np
import pytest

from sturgeon.errors import InputError
from sturgeon.search import Observation, Record, Sobol
from sturgeon.space import Choice, Constant, Integer, Real, Space

SQUARE = Space(x=Real(0, 1), y=Real(0, 1))


def suggest(search: Sobol, space: Space, record: Record, count: int) -> list:
    return search.suggest(space, record, count, np.random.default_rng(len(record)))


def test_sixteen_points_fill_every_cell_of_every_elementary_partition():
    points = SQUARE.to_unit(suggest(Sobol(), SQUARE, Record(), 16))
    for columns, rows in ((16, 1), (8, 2), (4, 4), (2, 8), (1, 16)):
        cells = {(int(x * columns), int(y * rows)) for x, y in points}
        assert len(cells) == 16


def test_one_at_a_time_gives_what_one_batch_gives():
    whole = suggest(Sobol(), SQUARE, Record(), 20)
    record = Record()
    for number in range(20):
        (config,) = suggest(Sobol(), SQUARE, record, 1)
        record.put(Observation(number, config, "running"))
    assert [observation.config for observation in record] == whole


def test_the_points_depend_on_the_seed_and_not_on_the_generator():
    first = Sobol(seed=1).suggest(SQUARE, Record(), 8, np.random.default_rng(1))
    assert first == Sobol(seed=1).suggest(SQUARE, Record(), 8, np.random.default_rng(2))
    assert first != Sobol(seed=2).suggest(SQUARE, Record(), 8, np.random.default_rng(1))


@pytest.mark.parametrize("count", [1, 3, 5, 100])
def test_no_count_makes_scipy_warn(count):
    for trials in (0, 1, 6):
        record = Record(Observation(n, {"x": n / 10, "y": 0.5}, "complete", 1.0) for n in range(trials))
        assert len(suggest(Sobol(), SQUARE, record, count)) == count


def test_a_coarse_space_passes_over_points_that_are_taken():
    space = Space(a=Integer(1, 4), b=Choice(("x", "y")), c=Constant(1))
    configs = suggest(Sobol(), space, Record(), 8)
    assert len({(config["a"], config["b"]) for config in configs}) == 8


def test_a_narrow_constraint_is_kept():
    space = Space(x=Real(0, 1), y=Real(0, 1), constraint="x * y > 0.9")
    assert all(config["x"] * config["y"] > 0.9 for config in suggest(Sobol(), space, Record(), 30))


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match=r"`seed` must be a whole number from 0; got .* Write"):
        Sobol(seed=seed)
