"""The default search: what it finds, and what it withstands."""

import math
from itertools import pairwise

import numpy as np
import pytest

from sturgeon.errors import InputError, SpaceError, SpaceExhausted
from sturgeon.search import CoarseToFine, Observation, Random, Record
from sturgeon.space import Choice, Integer, Real, Space, config_key, notes_space


def generator(number: int, seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence((seed, number)))


def run(search, space, objective, trials, *, count=1, seed=0) -> Record:
    record = Record()
    while len(record) < trials:
        for config in search.suggest(space, record, count, generator(len(record), seed)):
            record.put(Observation(len(record), config, "complete", objective(config)))
    return record


def best(record: Record) -> float:
    return min(observation.value for observation in record if observation.value is not None)


def box(count: int) -> Space:
    return Space(**{f"x{number}": Real(0.0, 1.0) for number in range(count)})


def bowl(config) -> float:
    return sum((value - 0.3) ** 2 for value in config.values() if isinstance(value, float))


def record_of(space, values, trials=20, **more) -> Record:
    configs = {config_key(config): config for config in space.sample(trials, 0)}.values()
    return Record(
        Observation(number, config, "complete", values(number, config), **more)
        for number, config in enumerate(configs)
    )


def check(space, record, count=1) -> list:
    configs = CoarseToFine().suggest(space, record, count, generator(len(record)))
    assert len({config_key(config) for config in configs}) == count
    for config in configs:
        space.validate(config)
        assert config not in record
    return configs


SPACES = {
    "1 dimension": box(1),
    "2 dimensions": box(2),
    "20 dimensions": box(20),
    "50 dimensions": box(50),
    "all choices": Space(**{f"c{number}": Choice(("a", "b", "c", "d")) for number in range(8)}),
    "integers": Space(
        a=Integer(1, 1000), b=Integer(1, 10**6, scale="log"), c=Integer(1, 64, scale="power_of_two")
    ),
    "conditional": notes_space(),
    "constrained": Space(a=Real(0.0, 1.0), b=Real(0.0, 1.0), constraint="a + b < 0.5"),
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("count", [1, 4])
def test_it_stands_on_any_space(name, count):
    space = SPACES[name]
    record = record_of(space, lambda number, config: float(number % 7))
    check(space, record, count)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize(
    "values",
    [
        pytest.param(lambda number, _: 1e9 if number == 3 else float(number), id="one of 1e9"),
        pytest.param(lambda number, _: -1e300 if number == 3 else 1e300 * (number - 3), id="huge"),
        pytest.param(lambda number, _: math.nan if number % 2 else float(number), id="NaN"),
        pytest.param(lambda number, _: math.inf if number % 2 else float(number), id="inf"),
        pytest.param(lambda number, _: math.nan, id="only NaN"),
        pytest.param(lambda number, _: float(number // 15), id="ties"),
        pytest.param(lambda number, _: 0.5, id="all equal"),
        pytest.param(lambda number, _: 1e-300 * number, id="tiny"),
        pytest.param(lambda number, _: 1e9 + 1e-7 * number, id="differences near the rounding"),
        pytest.param(lambda number, _: None, id="no values"),
    ],
)
def test_it_stands_any_values(space, values):
    check(space, record_of(space, values))


@pytest.mark.parametrize("state", ["failed", "running", "waiting", "paused", "stopped"])
def test_it_stands_where_no_trial_has_a_value(state):
    space = notes_space()
    record = Record(Observation(n, config, state) for n, config in enumerate(space.sample(12, 0)))
    check(space, record, 3)


@pytest.mark.parametrize(("dimensions", "reached"), [(1, 1e-4), (2, 1e-3), (6, 0.02)])
def test_a_bowl_is_descended(dimensions, reached):
    assert best(run(CoarseToFine(), box(dimensions), bowl, 30)) < reached


def test_a_batch_finds_almost_as_much():
    assert best(run(CoarseToFine(), box(4), bowl, 40, count=8)) < 0.01


def test_it_finds_more_than_random_in_a_conditional_space():
    space = notes_space()

    def objective(config) -> float:
        rate = math.log10(config["learning_rate"])
        best_rate = -2.5 if config["optimizer"] == "adam" else -1.0
        return (rate - best_rate) ** 2 + 0.3 * (config["optimizer"] == "adam") + 0.1 * config["layers"]

    mine = [best(run(CoarseToFine(), space, objective, 30, seed=seed)) for seed in range(3)]
    random = [best(run(Random(), space, objective, 30, seed=seed)) for seed in range(3)]
    assert np.mean(mine) < np.mean(random)


def test_the_start_fills_the_space_evenly():
    record = run(CoarseToFine(start=16), box(2), lambda config: 0.0, 16)
    points = np.array([list(observation.config.values()) for observation in record])
    quarters = np.histogram2d(*points.T, bins=2, range=[(0, 1), (0, 1)])[0]
    assert quarters.min() >= 3


def test_failures_are_avoided():
    space = box(2)

    def trial(number, config):
        fails = config["x0"] > 0.5
        value = None if fails else 1.0 - config["x0"]
        return Observation(number, config, "failed" if fails else "complete", value)

    record = Record()
    while len(record) < 30:
        [config] = CoarseToFine().suggest(space, record, 1, generator(len(record)))
        record.put(trial(len(record), config))
    late = [observation for observation in record if observation.number >= 10]
    assert sum(observation.state == "failed" for observation in late) < len(late) / 2
    assert best(record) < 0.52


def test_running_trials_are_not_crowded():
    record = run(CoarseToFine(), box(4), bowl, 16)
    suggested = []
    for _ in range(6):
        [config] = CoarseToFine().suggest(box(4), record, 1, generator(99))
        suggested.append(list(config.values()))
        record.put(Observation(len(record), config, "running"))
    points = np.array(suggested)
    apart = np.abs(points[:, None] - points[None]).max(axis=2)[np.triu_indices(6, 1)]
    assert apart.min() > 0.01


def test_the_curves_of_stopped_trials_are_evidence():
    def trial(number: int, x: float, state) -> Observation:
        value = abs(x - 0.8)
        curve = ((1, value + 1.5), (2, value + 1.0), (3, value))
        if state == "complete":
            return Observation(number, {"x0": x}, state, value, curve)
        return Observation(number, {"x0": x}, state, value + 1.0, curve[:2])

    record = Record(trial(number, 0.1 * number, "complete") for number in range(4))
    for number, x in enumerate(np.linspace(0.35, 1.0, 12), start=4):
        record.put(trial(number, float(x), "stopped"))
    suggested = [CoarseToFine().suggest(box(1), record, 1, generator(number))[0]["x0"] for number in range(5)]
    assert abs(float(np.median(suggested)) - 0.8) < 0.1


def test_a_thousand_trials_are_learnt_from():
    space = box(3)
    record = record_of(space, lambda number, config: bowl(config), trials=1000)
    [config] = check(space, record)
    assert bowl(config) < 0.05


def test_a_cache_is_not_needed():
    space = notes_space()
    record = record_of(space, lambda number, config: config["learning_rate"], trials=30)
    first = CoarseToFine().suggest(space, record, 2, generator(30))
    CoarseToFine().suggest(box(3), Record(), 1, generator(0))
    assert CoarseToFine().suggest(space, Record(list(record)), 2, generator(30)) == first


def test_a_record_from_another_space_is_refused():
    record = record_of(box(2), lambda number, config: 0.0)
    with pytest.raises(SpaceError, match="record must hold configurations of the space that is searched"):
        CoarseToFine().suggest(notes_space(), record, 1, generator(20))
    with pytest.raises(SpaceError, match="record must hold configurations of the space that is searched"):
        CoarseToFine().regions(notes_space(), record)


def test_an_exhausted_space_is_said_to_be():
    space = Space(a=Integer(1, 3), b=Choice((True, False)))
    record = run(CoarseToFine(), space, lambda config: float(config["a"]), 6)
    with pytest.raises(SpaceExhausted):
        CoarseToFine().suggest(space, record, 1, generator(6))


def test_an_unsatisfiable_constraint_is_an_error():
    space = Space(a=Real(0.0, 1.0), constraint="a > 2")
    with pytest.raises(SpaceError, match="satisfy the constraint"):
        CoarseToFine().suggest(space, Record(), 1, generator(0))


@pytest.mark.parametrize("start", [0, -1, 2.5, True, "7"])
def test_a_start_that_is_no_whole_number_is_refused(start):
    with pytest.raises(InputError, match="`start` must be a whole number from 1"):
        CoarseToFine(start=start)


def test_priorities_forbid_nothing():
    space = Space(a=Real(0.0, 1.0, priority=1), b=Real(0.0, 1.0, priority=9))
    record = run(CoarseToFine(), space, lambda config: (config["b"] - 0.7) ** 2, 25)
    assert best(record) < 1e-3


def test_the_regions_shrink_around_the_best():
    space = Space(rate=Real(1e-4, 1.0, scale="log"), layers=Integer(1, 9), kind=Choice(("a", "b")))

    def objective(config) -> float:
        return (math.log10(config["rate"]) + 2) ** 2 + abs(config["layers"] - 5) + (config["kind"] == "a")

    record = run(CoarseToFine(), space, objective, 30)
    regions = CoarseToFine().regions(space, record)
    assert regions == CoarseToFine().regions(space, record)
    whole = regions[0]
    assert whole.level == 0
    assert whole.trials == tuple(range(30))
    assert (whole.low["rate"], whole.high["rate"]) == (1e-4, 1.0)
    first = [region for region in regions[1:] if region.centre == whole.centre]
    assert len(first) >= 2
    for outer, inner in pairwise(first):
        assert inner.level == outer.level + 1
        assert set(inner.trials) <= set(outer.trials)
        assert outer.low["rate"] <= inner.low["rate"] <= inner.centre["rate"] <= inner.high["rate"]
    assert CoarseToFine().regions(space, Record()) == ()


def run_quickly(space, objective, trials, *, seed=0) -> Record:
    record = run(CoarseToFine(), space, objective, 4, seed=seed)
    while len(record) < trials:
        rng = generator(len(record), seed)
        for config in CoarseToFine().suggest_quickly(space, record, 8, rng):
            record.put(Observation(len(record), config, "complete", objective(config)))
    return record


def test_quick_suggestions_find_more_than_chance():
    space = box(4)

    def bowl(config):
        return sum((value - 0.37) ** 2 for value in config.values())

    quick = [best(run_quickly(space, bowl, 60, seed=seed)) for seed in range(3)]
    chance = [best(run(Random(), space, bowl, 60, seed=seed)) for seed in range(3)]
    assert max(quick) < min(chance)


def test_quick_suggestions_are_new_allowed_and_repeatable():
    space = notes_space()
    record = run(CoarseToFine(), space, lambda config: math.log10(config["learning_rate"]) ** 2, 6)
    record.put(Observation(6, space.sample(1, generator(99))[0], "running"))
    found = CoarseToFine().suggest_quickly(space, record, 8, generator(7))
    assert len({config_key(config) for config in found}) == 8
    assert not any(config in record for config in found)
    for config in found:
        space.validate(config)
    assert CoarseToFine().suggest_quickly(space, record, 8, generator(7)) == found


def test_quick_suggestions_without_a_model_are_those_of_the_beginning():
    space = box(2)
    quick = CoarseToFine().suggest_quickly(space, Record(), 3, generator(0))
    assert quick == CoarseToFine().suggest(space, Record(), 3, generator(0))
    assert Random().suggest_quickly(space, Record(), 3, generator(0)) == Random().suggest(
        space, Record(), 3, generator(0)
    )


def known_good(space, trials) -> Record:
    """A record that begins with good configurations, close together; they stand for those of other tables."""
    configs = space.from_unit(
        0.3 + 0.05 * np.random.default_rng(1).standard_normal((8, len(space.coordinates)))
    )
    record = Record(
        Observation(number, config, "complete", bowl(config)) for number, config in enumerate(configs)
    )
    for number, config in enumerate(space.sample(trials - 8, 0), start=8):
        record.put(Observation(number, config, "complete", 1.0 + bowl(config)))
    return record


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("count", [1, 4])
def test_near_the_best_it_stands_on_any_space(name, count):
    space = SPACES[name]
    record = record_of(space, lambda number, config: float(number % 7))
    configs = CoarseToFine(near=True).suggest(space, record, count, generator(len(record)))
    assert len({config_key(config) for config in configs}) == count
    for config in configs:
        space.validate(config)
        assert config not in record


@pytest.mark.parametrize("quickly", [False, True])
def test_it_may_look_near_the_best_alone_where_good_configurations_are_known(quickly):
    space, record = box(8), known_good(box(8), 8)

    def distance(search) -> float:
        suggest = search.suggest_quickly if quickly else search.suggest
        points = space.to_unit([suggest(space, record, 1, generator(8, seed))[0] for seed in range(3)])
        return float(np.abs(points - 0.3).mean())

    assert distance(CoarseToFine(near=True)) < 0.6 * distance(CoarseToFine())


def test_near_the_best_every_fourth_trial_is_looked_for_anywhere():
    space = box(4)
    for trials, same in ((10, False), (11, True), (12, False), (15, True)):
        record = known_good(space, trials)
        near, plain = (
            search.suggest(space, record, 1, generator(trials))
            for search in (CoarseToFine(near=True), CoarseToFine())
        )
        assert (near == plain) is same


def test_near_is_true_or_false():
    with pytest.raises(InputError, match=r"`near` must be True or False; got 0\.5"):
        CoarseToFine(near=0.5)  # pyright: ignore[reportArgumentType]
