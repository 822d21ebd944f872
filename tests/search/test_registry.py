import pytest

from sturgeon.errors import InputError
from sturgeon.search import Grid, Random, Sobol, search_by_name, search_from_json, search_to_json


def test_searches_are_found_by_name():
    assert [search_by_name(name) for name in ("random", "sobol", "grid")] == [Random(), Sobol(), Grid()]


@pytest.mark.parametrize("search", [Random(), Sobol(seed=3), Grid(points=4)])
def test_settings_survive_json(search):
    assert search_from_json(search_to_json(search)) == search


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ({"name": "annealing"}, ["random, sobol, grid", "'annealing'"]),
        ({}, ["random, sobol, grid", "None"]),
        ("random", ["object with a `name`", "'random'"]),
        ({"name": ["grid"]}, ["['grid']"]),
        ({"name": "sobol", "points": 3}, ["sobol", "one of seed", "'points'"]),
        ({"name": "random", "seed": 3}, ["none at all", "'seed'"]),
        ({"name": "grid", "points": 0}, ["`points`", "0"]),
    ],
)
def test_what_is_unknown_is_told_with_what_there_is(data, parts):
    with pytest.raises(InputError) as caught:
        search_from_json(data)
    for part in ["got", *parts]:
        assert part in str(caught.value)
