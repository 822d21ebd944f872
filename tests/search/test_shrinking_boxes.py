import numpy as np
import pytest

from sturgeon.errors import InputError, SpaceError
from sturgeon.search import Observation, Random, Record, ShrinkingBoxes
from sturgeon.space import Choice, Integer, Real, Space

SQUARE = Space(x=Real(0.0, 1.0), rate=Real(1e-4, 1.0, scale="log"))


def distance(config) -> float:
    return abs(config["x"] - 0.3) + abs(np.log10(config["rate"]) + 2) / 4


def run(search, space, value, trials, seed=0) -> Record:
    record = Record()
    for number in range(trials):
        rng = np.random.default_rng((seed, number))
        (config,) = search.suggest(space, record, 1, rng)
        record.put(Observation(number, config, "complete", value(config)))
    return record


def test_each_box_lies_around_the_best_and_is_at_most_half_as_wide():
    search = ShrinkingBoxes()
    record = run(search, SQUARE, distance, 60)
    regions = search.regions(SQUARE, record)
    assert [region.level for region in regions] == [1, 2, 3, 4]
    for region in regions:
        ends = SQUARE.to_unit([dict(region.low), dict(region.high)])
        sides = ends[1] - ends[0]
        assert (sides <= region.scale + 1e-9).all()
        assert (sides >= region.scale / 4 - 1e-9).all()  # a quarter where the best lies at an edge
        (centre,) = SQUARE.to_unit([region.centre])
        assert (ends[0] <= centre + 1e-9).all()
        assert (centre <= ends[1] + 1e-9).all()
    inside = [set(region.trials) for region in regions]
    assert len(inside[0]) > len(inside[-1]) > 0


def test_most_trials_are_drawn_in_the_box_and_some_elsewhere():
    search = ShrinkingBoxes()
    record = run(search, SQUARE, distance, 16)
    (region,) = search.regions(SQUARE, record)
    drawn = search.suggest(SQUARE, record, 400, np.random.default_rng(0))
    inside = [all(region.low[n] <= config[n] <= region.high[n] for n in ("x", "rate")) for config in drawn]
    assert 0.75 < np.mean(inside) < 0.9


def test_it_finds_more_than_random_search_does():
    found = {
        search.name: np.mean(
            [min(o.value for o in run(search, SQUARE, distance, 60, seed)) for seed in range(10)]
        )
        for search in (ShrinkingBoxes(), Random())
    }
    assert found["shrinking-boxes"] < found["random"] / 2


def test_a_box_of_a_mixed_space_keeps_options_and_leaves_what_the_best_do_not_have():
    space = Space(
        kind=Choice(("a", "b", "c")),
        depth=Integer(1, 64, scale="power_of_two"),
        rate=Real(0.0, 1.0, when={"kind": "b"}),
    )
    tried = [
        ({"kind": "a", "depth": 8}, 0.1),
        ({"kind": "c", "depth": 16}, 0.2),
        ({"kind": "a", "depth": 1}, 9.0),
    ]
    record = Record(Observation(n, config, "complete", value) for n, (config, value) in enumerate(tried))
    search = ShrinkingBoxes(start=3, best=2, elsewhere=0.0)
    (region,) = search.regions(space, record)
    assert (dict(region.low), dict(region.high), region.trials) == ({"depth": 4}, {"depth": 16}, (0, 1))
    drawn = search.suggest(space, record, 20, np.random.default_rng(0))
    # Four combinations are left in the box; then the rest of the space is listed.
    assert {(c["kind"], c["depth"]) for c in drawn[:4]} == {("a", 4), ("a", 16), ("c", 4), ("c", 8)}


@pytest.mark.parametrize("value", [None, 1.0])
def test_failures_and_equal_values_leave_it_standing(value):
    state = "failed" if value is None else "complete"
    configs = SQUARE.sample(40, 0)
    record = Record(Observation(n, config, state, value) for n, config in enumerate(configs))
    assert len(ShrinkingBoxes().suggest(SQUARE, record, 5, np.random.default_rng(0))) == 5
    assert bool(ShrinkingBoxes().regions(SQUARE, record)) == (value is not None)


def test_an_outlier_of_any_size_changes_nothing():
    configs = list(SQUARE.sample(20, 0))
    values = [distance(config) for config in configs]
    worst = int(np.argmax(values))
    drawn = []
    for outlier in (values[worst], 1e300):
        values[worst] = outlier
        record = Record(
            Observation(n, c, "complete", v) for n, (c, v) in enumerate(zip(configs, values, strict=True))
        )
        drawn.append(ShrinkingBoxes().suggest(SQUARE, record, 4, np.random.default_rng(0)))
    assert drawn[0] == drawn[1]


def test_a_box_that_the_constraint_all_but_forbids_gives_way_to_the_whole_space():
    # The best trial lies on the line, and nothing else near it can be met by chance.
    space = Space(x=Real(0.0, 1.0), y=Real(0.0, 1.0), constraint="x == y or x > 0.9")
    record = Record(Observation(n, {"x": n / 100, "y": n / 100}, "complete", n) for n in range(16))
    drawn = ShrinkingBoxes().suggest(space, record, 3, np.random.default_rng(0))
    assert all(config["x"] > 0.9 for config in drawn)


def test_a_record_of_another_space_is_an_error():
    record = Record(Observation(n, {"z": n}, "complete", 1.0) for n in range(16))
    with pytest.raises(SpaceError, match="got"):
        ShrinkingBoxes().suggest(SQUARE, record, 1, np.random.default_rng(0))


@pytest.mark.parametrize(
    "settings",
    [{"start": 0}, {"round": 1.5}, {"best": True}, {"shrink": 1.0}, {"shrink": "x"}, {"elsewhere": -0.1}],
)
def test_settings_that_break_a_rule_are_told(settings):
    (name,) = settings
    with pytest.raises(InputError, match=rf"`{name}` must .*; got .*\."):
        ShrinkingBoxes(**settings)
