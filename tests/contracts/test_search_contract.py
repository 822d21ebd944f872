"""What every search must do, run on each of them."""

import copy
import dataclasses
import json

import numpy as np
import pytest

from sturgeon.errors import InputError, SpaceExhausted
from sturgeon.search import (
    SEARCHES,
    Observation,
    Record,
    Search,
    search_by_name,
    search_from_json,
    search_to_json,
)
from sturgeon.space import Choice, Constant, Integer, Real, Space, config_key, standard_space

SPACES = {
    "standard": standard_space(),
    "one real": Space(x=Real(0, 1)),
    "conditional": Space(
        kind=Choice(("a", "b")),
        depth=Integer(1, 3, when={"kind": "a"}),
        rate=Real(1e-3, 1, scale="log", when={"kind": "b"}),
    ),
    "constrained": Space(a=Real(0, 1), b=Real(0, 1), constraint="a + b < 1 or a - b > 0.5"),
    "finite": Space(a=Integer(1, 4), b=Choice((True, 1, 1.0)), c=Integer(0, 1, when={"b": True})),
    "finite and constrained": Space(a=Integer(1, 6), b=Integer(1, 6), constraint="a < b"),
    "constants only": Space(a=Constant(1)),
}
FINITE = {"finite": 16, "finite and constrained": 15, "constants only": 1}


@pytest.fixture(params=sorted(SEARCHES))
def search(request) -> Search:
    # A grid has an end of its own; a fine one has it beyond what these tests ask for.
    return (
        search_from_json({"name": "grid", "points": 20})
        if request.param == "grid"
        else search_by_name(request.param)
    )


@pytest.fixture(params=sorted(SPACES))
def space(request) -> Space:
    return SPACES[request.param]


def generator(number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence((0, number)))


def run(search: Search, space: Space, trials: int, count: int) -> Record:
    """Ask ``count`` at a time until there are so many trials or the search has no more."""
    record = Record()
    while len(record) < trials:
        try:
            configs = search.suggest(space, record, count, generator(len(record)))
        except SpaceExhausted:
            return record
        for config in configs:
            number = len(record)
            value = sum(value for value in config.values() if isinstance(value, float)) + number % 3
            record.put(finished(number, config, value))
    return record


def finished(number: int, config: dict, value: float) -> Observation:
    state = ("complete", "stopped", "failed", "running")[number % 4]
    known = state in ("complete", "stopped")
    curve = ((1, value + 1), (2, value)) if known else ()
    return Observation(number, config, state, value if known else None, curve)


@pytest.mark.parametrize("count", [1, 3])
def test_suggestions_belong_to_the_space_and_never_repeat(search, space, count):
    record = run(search, space, 24, count)
    keys = [config_key(observation.config) for observation in record]
    assert len(set(keys)) == len(keys)
    for observation in record:
        space.validate(observation.config)
        assert {type(value) for value in observation.config.values()} <= {int, float, str, bool}


def test_as_many_as_asked_for_are_suggested(search):
    assert len(search.suggest(standard_space(), Record(), 50, generator(0))) == 50


def test_the_same_arguments_give_the_same_suggestions(search, space):
    record = run(search, space, 9, 2)
    again = run(search, space, 9, 2)
    assert [(o.number, config_key(o.config)) for o in record] == [
        (o.number, config_key(o.config)) for o in again
    ]
    if space.size > 100:
        first = search.suggest(space, record, 4, generator(9))
        assert first == search.suggest(copy.deepcopy(space), copy.deepcopy(record), 4, generator(9))
        assert first == search_from_json(search_to_json(search)).suggest(space, record, 4, generator(9))


def test_arguments_are_left_as_they_were(search, space):
    record = run(search, space, 6, 2)
    before = [copy.deepcopy(observation) for observation in record]
    settings = search_to_json(search)
    written = space.to_json()
    try:
        for config in search.suggest(space, record, 2, generator(6)):
            config["changed"] = 1
    except SpaceExhausted:
        pass
    assert list(record) == before
    assert space.to_json() == written
    assert search_to_json(search) == settings


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("count", [1, 4])
def test_a_finite_space_is_suggested_whole_and_then_declared_exhausted(search, name, count):
    space = SPACES[name]
    record = run(search, space, 1000, count)
    listed = {config_key(config) for config in space.configurations()}
    assert {config_key(observation.config) for observation in record} == listed
    assert len(record) == FINITE[name]
    with pytest.raises(SpaceExhausted, match=rf"new configuration; .* {len(record)} trials\. .* widen"):
        search.suggest(space, record, count, generator(len(record)))


def test_fewer_are_suggested_where_fewer_are_left(search):
    space = SPACES["finite"]
    record = run(search, space, 14, 1)
    assert len(search.suggest(space, record, 10, generator(14))) == 2


def test_trials_that_the_search_did_not_suggest_are_not_repeated(search):
    space = SPACES["finite"]
    taken = [config for config in space.configurations() if config["a"] < 4]
    record = Record(Observation(number, config, "waiting") for number, config in enumerate(taken))
    configs = search.suggest(space, record, 3, generator(len(record)))
    assert {config["a"] for config in configs} == {4}


def test_none_asked_for_is_an_error(search):
    with pytest.raises(InputError, match="`count` must be 1 or more; got 0"):
        search.suggest(standard_space(), Record(), 0, generator(0))


def test_a_search_is_a_frozen_value_that_survives_json(search):
    written = json.loads(json.dumps(search_to_json(search)))
    assert search_from_json(written) == search
    assert written["name"] == search.name
    assert dataclasses.is_dataclass(search)
    with pytest.raises(dataclasses.FrozenInstanceError):
        search.anything = 1
