"""What every search must do."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from sturgeon.errors import InputError, SpaceError, SpaceExhausted
from sturgeon.search import SEARCHES, Observation, Record, Search
from sturgeon.search.settings import Registry
from sturgeon.space import Choice, Config, Constant, Integer, Real, Space, config_key, standard_space
from sturgeon.study import Study

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

Outcome = Callable[[int], tuple[Any, float | None]]
"""The state and the value of a trial by its number."""

ODD: dict[str, Outcome] = {
    "all failed": lambda number: ("failed", None),
    "all running": lambda number: ("running", None),
    "all equal": lambda number: ("complete", 0.25),
    "all stopped": lambda number: ("stopped", 0.25),
    "an outlier": lambda number: ("complete", 1e9 if number == 7 else number / 40),
    "huge": lambda number: ("complete", 1e300 * (-1) ** number),
    "tiny": lambda number: ("complete", 1e-300 * number),
    "ties": lambda number: ("failed", None) if number % 4 else ("complete", float(number % 3)),
}


class SearchContract:
    """What every search must do, also with odd records and in odd spaces.

    A subclass overrides the fixture ``search``. It should reach far: in an endless space at least 50
    configurations, in a finite one all of them.
    """

    @pytest.fixture
    def search(self) -> Search:
        """The search to be tested."""
        raise NotImplementedError("Override the fixture `search`: it gives the search to be tested.")

    @pytest.mark.parametrize("count", [1, 3])
    @pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
    def test_suggestions_belong_to_the_space_and_never_repeat(
        self, search: Search, space: Space, count: int
    ) -> None:
        """Each is valid, of plain Python types, and new."""
        record = run(search, space, trials=16, count=count)
        keys = [config_key(observation.config) for observation in record]
        assert len(set(keys)) == len(keys)
        for observation in record:
            space.validate(observation.config)
            assert {type(value) for value in observation.config.values()} <= {int, float, str, bool}

    def test_as_many_as_asked_for_are_suggested(self, search: Search) -> None:
        """Fifty at once."""
        assert len(search.suggest(standard_space(), Record(), 50, generator(0))) == 50

    @pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
    def test_the_same_arguments_give_the_same_suggestions(self, search: Search, space: Space) -> None:
        """Nothing else counts: no memory, no clock, no global generator."""
        record = run(search, space, trials=9, count=2)
        again = run(search, space, trials=9, count=2)
        assert [(one.number, config_key(one.config)) for one in record] == [
            (one.number, config_key(one.config)) for one in again
        ]
        if space.size > 100:
            first = search.suggest(space, record, 4, generator(9))
            assert first == search.suggest(copy.deepcopy(space), copy.deepcopy(record), 4, generator(9))
            assert first == through_json(search).suggest(space, record, 4, generator(9))

    @pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
    def test_arguments_are_left_as_they_were(self, search: Search, space: Space) -> None:
        """Also when the caller changes what was suggested."""
        record = run(search, space, trials=6, count=2)
        before = [copy.deepcopy(observation) for observation in record]
        settings, written = to_json(search), space.to_json()
        try:
            for config in search.suggest(space, record, 2, generator(6)):
                config["changed"] = 1
        except SpaceExhausted:
            pass
        assert list(record) == before
        assert space.to_json() == written
        assert to_json(search) == settings

    @pytest.mark.parametrize("name", FINITE)
    @pytest.mark.parametrize("count", [1, 4])
    def test_a_finite_space_is_suggested_whole_and_then_declared_exhausted(
        self, search: Search, name: str, count: int
    ) -> None:
        """And the message says how many trials there were, and what to do."""
        space = SPACES[name]
        record = run(search, space, trials=1000, count=count)
        listed = {config_key(config) for config in space.configurations()}
        assert {config_key(observation.config) for observation in record} == listed
        assert len(record) == FINITE[name]
        with pytest.raises(SpaceExhausted, match=rf"new configuration; .* {len(record)} trials\. .* widen"):
            search.suggest(space, record, count, generator(len(record)))

    def test_fewer_are_suggested_where_fewer_are_left(self, search: Search) -> None:
        """Two are left, ten are asked for."""
        record = run(search, SPACES["finite"], trials=14, count=1)
        assert len(search.suggest(SPACES["finite"], record, 10, generator(14))) == 2

    def test_trials_that_the_search_did_not_suggest_are_not_repeated(self, search: Search) -> None:
        """Such as the default configuration, and what a user asks for."""
        space = SPACES["finite"]
        taken = [config for config in space.configurations() if _number(config, "a") < 4]
        record = Record(Observation(number, config, "waiting") for number, config in enumerate(taken))
        configs = search.suggest(space, record, 3, generator(len(record)))
        assert all(config["a"] == 4 for config in configs)

    def test_none_asked_for_is_an_error(self, search: Search) -> None:
        """``Unseen`` says so."""
        with pytest.raises(InputError, match="`count` must be 1 or more; got 0"):
            search.suggest(standard_space(), Record(), 0, generator(0))

    def test_a_search_is_a_frozen_value_that_survives_json(self, search: Search) -> None:
        """Its settings are plain, and its name is its own."""
        assert through_json(search) == search
        assert SEARCHES.get(search.name, type(search)) is type(search)
        assert dataclasses.is_dataclass(search)
        changed: Any = search
        with pytest.raises(dataclasses.FrozenInstanceError):
            changed.anything = 1

    @pytest.mark.parametrize("outcome", ODD.values(), ids=ODD)
    def test_odd_values_leave_it_standing(self, search: Search, outcome: Outcome) -> None:
        """Failures, outliers, ties, numbers at the ends of what a float holds."""
        check(search, standard_space(), record_of(standard_space(), 40, outcome))

    @pytest.mark.parametrize("dimensions", [1, 2, 20, 50])
    def test_any_number_of_dimensions_will_do(self, search: Search, dimensions: int) -> None:
        """From one to fifty."""
        check_in(search, cube([1 + number % 3 for number in range(dimensions)]))

    def test_a_space_of_choices_alone_will_do(self, search: Search) -> None:
        """With ties among the values."""
        choices: dict[str, Any] = {f"x{n}": Choice(tuple("abcd"), priority=1 + n % 3) for n in range(6)}
        space = Space(**choices)
        check(search, space, record_of(space, 30, lambda number: ("complete", float(number % 7))))

    def test_a_space_that_holds_very_large_and_very_small_numbers_will_do(self, search: Search) -> None:
        """And a range that is narrow for its place."""
        space = Space(
            huge=Real(1.0, 1e12, scale="log"),
            tiny=Real(-1e-9, 1e-9),
            far=Real(1e9, 1e9 + 10),
            many=Integer(1, 10**9),
        )
        check_in(search, space, trials=200)

    @pytest.mark.parametrize("priorities", [(1, 1, 1), (3, 3, 3), (2, 7, 7)])
    def test_priorities_that_nothing_has_will_do(self, search: Search, priorities: tuple[int, ...]) -> None:
        """They need not begin at 1, nor follow each other."""
        check_in(search, cube(priorities))

    @pytest.mark.parametrize(
        "constraint", ["a + b > 3", lambda config: False], ids=["expression", "function"]
    )
    def test_a_constraint_that_nothing_satisfies_is_said(self, search: Search, constraint: Any) -> None:
        """In one line."""
        space = Space(
            a=Real(0.0, 1.0), b=Real(0.0, 1.0, priority=1), c=Choice(("x", "y")), constraint=constraint
        )
        with pytest.raises((SpaceError, SpaceExhausted)) as caught:
            search.suggest(space, Record(), 2, generator(0))
        assert isinstance(caught.value, SpaceExhausted) or "must satisfy the constraint" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_study_of_a_finite_space_ends_with_every_configuration_complete(self, search: Search) -> None:
        """Asked by a study, one at a time."""
        space = Space(a=Integer(1, 3), b=Choice(("x", "y"), priority=1), c=Integer(0, 1, when={"b": "y"}))
        with Study.create(":memory:", space, minimize="loss", search=search) as study:
            for trial in (trial for _ in range(9) for trial in study.ask(1)):
                study.tell(trial, loss=float(trial.number))
            with pytest.raises(SpaceExhausted, match="widen the space"):
                study.ask(1)
            assert study.counts()["complete"] == 9
            assert sum(study.counts().values()) == 9


def generator(number: int) -> np.random.Generator:
    """Make the generator of a trial, as a study with seed 0 does."""
    return np.random.default_rng(np.random.SeedSequence((0, number)))


def cube(priorities: Iterable[int]) -> Space:
    """Make a space of a Real for each priority."""
    numbers: dict[str, Any] = {f"x{n}": Real(0.0, 1.0, priority=p) for n, p in enumerate(priorities)}
    return Space(**numbers)


def run(search: Search, space: Space, *, trials: int, count: int) -> Record:
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
            record.put(_finished(number, config, value))
    return record


def _finished(number: int, config: Config, value: float) -> Observation:
    state = ("complete", "stopped", "failed", "running")[number % 4]
    known = state in ("complete", "stopped")
    curve = ((1, value + 1), (2, value)) if known else ()
    return Observation(number, config, state, value if known else None, curve)


def record_of(space: Space, trials: int, outcome: Outcome) -> Record:
    """Make a record of random trials."""
    configs = {config_key(config): config for config in space.sample(trials, 0)}.values()
    return Record(Observation(number, config, *outcome(number)) for number, config in enumerate(configs))


def check(search: Search, space: Space, record: Record) -> None:
    """Ask for three, which must be valid and new."""
    configs = search.suggest(space, record, 3, generator(len(record)))
    assert len({config_key(config) for config in configs}) == len(configs) == 3
    for config in configs:
        space.validate(config)
        assert config not in record


def check_in(search: Search, space: Space, trials: int = 30) -> None:
    """Ask for three after random trials, each worse than the one before."""
    check(search, space, record_of(space, trials, lambda number: ("complete", float(number))))


def to_json(search: Search) -> dict[str, Any]:
    """Write a search, whether it is registered or not."""
    return _registry_with(search).to_json(search)


def through_json(search: Search) -> Search:
    """Write a search and read it again."""
    written = json.loads(json.dumps(to_json(search)))
    assert written["name"] == search.name
    return _registry_with(search).from_json(written)


def _registry_with(search: Search) -> Registry[Search]:
    return Registry("search", Search, [*SEARCHES.values(), type(search)])


def _number(config: Config, name: str) -> int:
    value = config[name]
    assert isinstance(value, int)
    return value
