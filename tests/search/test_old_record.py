"""An earlier study's record: carried over into another space, and used as far as it predicts."""

import numpy as np
import pytest

from sturgeon.search import CoarseToFine
from sturgeon.search.model.recall import recall
from sturgeon.search.model.training_data import read_outcomes
from sturgeon.search.old_record import carry_over, first_configs, old_from_json, old_to_json
from sturgeon.search.record import Observation, Record
from sturgeon.space import Choice, Integer, Real, Space

SPACE = Space(x=Real(0.0, 1.0), y=Real(0.0, 1.0))


def valley(config, at=0.3):
    return (config["x"] - at) ** 2 + (config["y"] - at) ** 2


def old_trials(at=0.3, sign=1):
    configs = SPACE.sample(40, np.random.default_rng(0))
    return carry_over(SPACE, [(config, sign * valley(config, at)) for config in configs])


def record(old, count=8):
    configs = SPACE.sample(count, np.random.default_rng(1))
    return Record([Observation(n, c, "complete", 5 + 3 * valley(c)) for n, c in enumerate(configs)], old)


def test_a_record_that_predicts_is_recalled_on_the_scale_of_the_new_values():
    known = record(old_trials())
    outcomes = read_outcomes(SPACE, known)
    with_old = recall(outcomes, known.old, SPACE)
    assert with_old.recalled == 40
    assert (with_old.errors[:40] > 0).all()
    truth = np.array([5 + 3 * valley(one.config) for one in known.old])
    assert np.corrcoef(with_old.values[:40], truth)[0, 1] > 0.9
    assert np.abs(with_old.values[:40] - truth).mean() < 1.0


def test_a_record_that_misleads_is_dropped():
    known = record(old_trials(sign=-1))
    outcomes = read_outcomes(SPACE, known)
    assert recall(outcomes, known.old, SPACE) is outcomes


def test_a_search_with_a_good_old_record_is_nearer_to_the_best_than_without():
    def far(old):
        configs = [
            CoarseToFine().suggest(SPACE, record(old, count=4), 1, np.random.default_rng(seed))[0]
            for seed in range(5)
        ]
        return np.mean([valley(config) for config in configs])

    assert far(old_trials()) < 0.7 * far(())


def test_trials_are_carried_over_into_a_space_that_changed():
    old = [({"x": 0.2, "gone": 3}, 1.0), ({"x": 0.9, "gone": 1}, 0.5), ({"x": 0.4, "gone": 2}, float("nan"))]
    space = Space(x=Real(0.0, 0.5), new=Integer(1, 9, default=4), kind=Choice(["a", "b"], default="b"))
    carried = carry_over(space, old)
    assert [one.config for one in carried] == [{"x": 0.2, "new": 4, "kind": "b"}]
    assert old_from_json(old_to_json(carried)) == tuple(carried)


def test_the_first_configurations_differ():
    first = first_configs(SPACE, old_trials())
    assert len(first) == 3
    points = SPACE.to_unit(first)
    assert min(np.abs(points[a] - points[b]).max() for a in range(3) for b in range(a)) >= 0.15


@pytest.mark.parametrize("given", [None, {}, [1, "x"], [{"config": 3}]])
def test_nothing_is_read_of_what_is_no_old_record(given):
    assert old_from_json(given) == ()
