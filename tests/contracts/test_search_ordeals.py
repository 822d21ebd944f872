"""What no search may stumble over: odd records and odd spaces; run on each of them."""

import numpy as np
import pytest

from sturgeon.errors import SpaceError, SpaceExhausted
from sturgeon.search import SEARCHES, Observation, Record, search_by_name
from sturgeon.space import Choice, Integer, Real, Space, config_key, standard_space
from sturgeon.study import Study


@pytest.fixture(params=sorted(SEARCHES))
def search(request):
    return search_by_name(request.param)


def generator(number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence((0, number)))


def record_of(space, trials, value) -> Record:
    """A record of random trials; ``value`` gives (state, value) by number."""
    configs = {config_key(config): config for config in space.sample(trials, 0)}.values()
    return Record(Observation(n, config, *value(n)) for n, config in enumerate(configs))


def check(search, space, record, count=3):
    configs = search.suggest(space, record, count, generator(len(record)))
    assert len(configs) == count
    assert len({config_key(config) for config in configs}) == count
    for config in configs:
        space.validate(config)
        assert config not in record


@pytest.mark.parametrize(
    "value",
    [
        lambda number: ("failed", None),
        lambda number: ("running", None),
        lambda number: ("complete", 0.25),
        lambda number: ("stopped", 0.25),
        lambda number: ("complete", 1e9 if number == 7 else number / 40),
        lambda number: ("complete", 1e300 * (-1) ** number),
        lambda number: ("complete", 1e-300 * number),
        lambda number: ("failed", None) if number % 4 else ("complete", float(number % 3)),
    ],
    ids=["all failed", "all running", "all equal", "all stopped", "an outlier", "huge", "tiny", "ties"],
)
def test_odd_values_leave_it_standing(search, value):
    check(search, standard_space(), record_of(standard_space(), 40, value))


@pytest.mark.parametrize("dimensions", [1, 2, 20, 50])
def test_any_number_of_dimensions_will_do(search, dimensions):
    space = Space(**{f"x{n}": Real(0.0, 1.0, priority=1 + n % 3) for n in range(dimensions)})
    check(search, space, record_of(space, 30, lambda number: ("complete", float(number))))


def test_a_space_of_choices_alone_will_do(search):
    space = Space(**{f"x{n}": Choice(tuple("abcd"), priority=1 + n % 3) for n in range(6)})
    check(search, space, record_of(space, 30, lambda number: ("complete", float(number % 7))))


def test_a_space_that_holds_very_large_and_very_small_numbers_will_do(search):
    space = Space(
        huge=Real(1.0, 1e12, scale="log"),
        tiny=Real(-1e-9, 1e-9),
        far=Real(1e9, 1e9 + 10),
        many=Integer(1, 10**9),
    )
    check(search, space, record_of(space, 200, lambda number: ("complete", float(number))))


@pytest.mark.parametrize("priorities", [(1, 1, 1), (3, 3, 3), (2, 7, 7)])
def test_priorities_that_nothing_has_will_do(search, priorities):
    space = Space(**{f"x{n}": Real(0.0, 1.0, priority=p) for n, p in enumerate(priorities)})
    check(search, space, record_of(space, 30, lambda number: ("complete", float(number))))


@pytest.mark.parametrize("constraint", ["a + b > 3", lambda config: False], ids=["expression", "function"])
def test_a_constraint_that_nothing_satisfies_is_said(search, constraint):
    space = Space(a=Real(0.0, 1.0), b=Real(0.0, 1.0, priority=1), c=Choice(("x", "y")), constraint=constraint)
    with pytest.raises((SpaceError, SpaceExhausted)) as caught:
        search.suggest(space, Record(), 2, generator(0))
    if search.name != "grid":
        assert "must satisfy the constraint" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_study_of_a_finite_space_ends_with_every_configuration_complete(search):
    space = Space(a=Integer(1, 3), b=Choice(("x", "y"), priority=1), c=Integer(0, 1, when={"b": "y"}))
    with Study.create(":memory:", space, minimize="loss", search=search) as study:
        for trial in (trial for _ in range(9) for trial in study.ask(1)):
            study.tell(trial, loss=float(trial.number))
        with pytest.raises(SpaceExhausted, match="widen the space"):
            study.ask(1)
        assert study.counts()["complete"] == 9
        assert sum(study.counts().values()) == 9
