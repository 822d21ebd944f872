import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.errors import InputError, SpaceError, SpaceExhausted
from sturgeon.search import Grid, Observation, Random, Record, Sobol, Staged, search_from_json, search_to_json
from sturgeon.space import Choice, Integer, Real, Space, notes_space

SPACE = Space(
    rate=Real(1e-4, 1.0, scale="log", priority=1, default=0.1),
    units=Integer(8, 64, default=16),
    kind=Choice(("a", "b"), default="a"),
    momentum=Real(0.5, 0.9, when={"kind": "b"}),
    layers=Integer(1, 9, priority=3, default=5),
)
DEFAULT = SPACE.default()


def value_of(config) -> float:
    return (
        abs(np.log10(config["rate"]) + 2) + abs(config["units"] - 40) / 100 + abs(config["layers"] - 2) / 50
    )


def run(search, space, trials, value=value_of, record=None) -> Record:
    record = record or Record()
    while len(record) < trials:
        number = len(record)
        (config,) = search.suggest(space, record, 1, np.random.default_rng((0, number)))
        record.put(Observation(number, config, "complete", value(config)))
    return record


def test_each_stage_varies_its_own_and_holds_the_best_so_far():
    search = Staged(inner=Random(), trials=(6, 8, 5))
    trials = list(run(search, SPACE, 30))

    def best_of(count):
        return min(trials[:count], key=lambda one: one.value).config

    for one in trials[:6]:
        assert {**one.config, "rate": 0.1} == DEFAULT
    for one in trials[6:14]:
        assert (one.config["rate"], one.config["layers"]) == (best_of(6)["rate"], 5)
    for one in trials[14:19]:
        assert {**one.config, "layers": 5} == {**best_of(14), "layers": 5}
    assert len({one.config["rate"] for one in trials[19:]}) == 11
    assert len({one.config["units"] for one in trials[6:14]}) > 4


def test_the_stage_follows_from_what_has_ended():
    search = Staged(trials=(2, 2, 2))
    record = Record()
    seen = []
    for number in range(8):
        seen.append(search.stage(SPACE, record))
        state = ("complete", "stopped", "failed")[number % 3]
        record.put(Observation(number, {**DEFAULT, "layers": 1 + number}, state, None))
    assert seen == [1, 1, 2, 2, 3, 3, None, None]
    running = Record(Observation(n, {**DEFAULT, "layers": 1 + n}, "running") for n in range(8))
    assert search.stage(SPACE, running) == 1


def test_a_wave_asked_for_at_once_is_of_one_stage():
    configs = Staged().suggest(SPACE, Record(), 20, np.random.default_rng(0))
    assert all({**config, "rate": 0.1} == DEFAULT for config in configs)


def test_a_stage_that_is_exhausted_passes_on_to_the_next():
    space = Space(a=Choice(("x", "y"), priority=1), b=Integer(1, 3), c=Integer(1, 4, priority=9))
    search = Staged(inner=Random(), trials=(50, 50, 50))
    configs = search.suggest(space, Record(), 24, np.random.default_rng(0))
    assert len({tuple(config.items()) for config in configs}) == 24
    default = space.default()
    assert all((one["b"], one["c"]) == (default["b"], default["c"]) for one in configs[:2])
    assert all((one["a"], one["c"]) == ("x", default["c"]) for one in configs[2:4])
    record = Record(Observation(n, config, "running") for n, config in enumerate(configs))
    with pytest.raises(SpaceExhausted):
        search.suggest(space, record, 1, np.random.default_rng(0))


@pytest.mark.parametrize("priority", [1, 2, 7])
def test_with_one_priority_the_inner_search_has_the_whole_space(priority):
    space = Space(x=Real(0.0, 1.0, priority=priority), y=Real(0.0, 1.0, priority=priority))
    ours = Staged(inner=Sobol()).suggest(space, Record(), 6, np.random.default_rng(0))
    assert ours == Sobol().suggest(space, Record(), 6, np.random.default_rng(0))
    assert Staged().stage(space, Record()) is None


def test_a_priority_that_nothing_has_makes_no_stage():
    space = Space(x=Real(0.0, 1.0, priority=1), y=Real(0.0, 1.0, priority=5))
    record = run(Staged(inner=Random(), trials=(3, 3)), space, 6, lambda config: config["x"] + config["y"])
    assert len({one.config["y"] for one in list(record)[:3]}) == 1
    assert len({one.config["x"] for one in list(record)[3:]}) == 1
    with pytest.raises(InputError, match=r"priorities that vary are 1, 5; got \(3, 3, 3\)\. Give 2 numbers"):
        Staged(trials=(3, 3, 3)).suggest(space, Record(), 1, np.random.default_rng(0))


def test_what_the_best_trial_does_not_have_stays_at_its_default():
    space = Space(
        kind=Choice(("a", "b"), priority=1),
        rate=Real(0.0, 1.0, when={"kind": "b"}, default=0.25),
        extra=Real(0.0, 1.0, priority=3),
    )
    configs = Staged().suggest(space, Record(), 2, np.random.default_rng(0))
    assert sorted(configs, key=str) == [
        {"kind": "a", "extra": 0.5},
        {"kind": "b", "rate": 0.25, "extra": 0.5},
    ]


def test_a_constraint_is_kept_and_one_that_the_defaults_break_opens_everything():
    space = Space(a=Real(0.0, 1.0, priority=1), b=Real(0.0, 1.0), constraint="a + b < 0.6")
    record = run(Staged(inner=Random(), trials=(4, 4)), space, 12, lambda config: config["a"] - config["b"])
    assert all(one.config["a"] + one.config["b"] < 0.6 for one in record)
    assert len({one.config["b"] for one in list(record)[1:4]}) == 1


@pytest.mark.parametrize("inner", [Random(), Grid(points=7), Sobol(seed=2)])
def test_any_search_can_be_the_inner_one_and_survives_json(inner):
    search = Staged(inner=inner, trials=(3, 4, 5))
    assert search_from_json(search_to_json(search)) == search
    record = run(search, SPACE, 16)
    assert len(record) == 16


def test_a_staged_search_can_be_staged_itself():
    search = Staged(inner=Staged(inner=Random()))
    assert search_from_json(search_to_json(search)) == search


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["complete", "failed", "running", "stopped"]), max_size=50), st.integers(0, 9)
)
def test_any_record_gives_new_configurations_of_the_space(states, seed):
    space = notes_space()
    record = Record()
    for number, (state, config) in enumerate(zip(states, space.sample(len(states), seed), strict=True)):
        value = float(number % 5) if state in ("complete", "stopped") else None
        record.put(Observation(number, config, state, value))
    configs = Staged().suggest(space, record, 3, np.random.default_rng(seed))
    assert len(configs) == 3
    for config in configs:
        space.validate(config)
        assert config not in record


def test_a_record_of_another_space_is_an_error():
    record = Record([Observation(0, {"z": 1}, "complete", 1.0)])
    with pytest.raises(SpaceError, match="got"):
        Staged().suggest(SPACE, record, 1, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("settings", "part"), [({"inner": "random"}, "inner"), ({"trials": (1.5,)}, "trials")]
)
def test_settings_that_break_a_rule_are_told(settings, part):
    with pytest.raises(InputError, match=f"`{part}` must"):
        Staged(**settings)
