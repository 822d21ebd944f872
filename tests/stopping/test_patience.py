import math

from sturgeon.search import Observation, Record
from sturgeon.stopping import CONTINUE, Patience, Stop, StoppingContext


def decide(rule, *values, steps=None):
    curve = tuple(zip(steps or range(1, len(values) + 1), values, strict=True))
    return rule.decide(Observation(0, {}, "running", None, curve), Record(), StoppingContext("loss"))


def test_a_trial_that_no_longer_improves_is_stopped():
    assert decide(Patience(steps=3), 0.5, 0.6, 0.6) is CONTINUE
    assert decide(Patience(steps=3), 0.5, 0.6, 0.6, 0.5) == Stop(
        "Patience: loss 0.5 at step 1 was not improved on in 3 steps."
    )
    assert decide(Patience(steps=3), 0.5, 0.6, 0.6, 0.49) is CONTINUE


def test_an_improvement_has_to_be_large_enough():
    assert decide(Patience(steps=2, min_delta=0.1), 0.5, 0.45, 0.41) is not CONTINUE
    assert decide(Patience(steps=2, min_delta=0.1), 0.5, 0.45, 0.39) is CONTINUE


def test_steps_are_counted_and_not_reports():
    assert decide(Patience(steps=10), 0.5, 0.6, steps=[1, 11]) is not CONTINUE
    assert decide(Patience(steps=10), 0.5, 0.6, steps=[1, 10]) is CONTINUE


def test_a_value_that_is_not_finite_is_no_improvement():
    assert decide(Patience(steps=2), math.nan, 0.5, math.nan) is CONTINUE
    assert decide(Patience(steps=2), math.nan, 0.5, math.inf, math.nan) is not CONTINUE
    assert decide(Patience(steps=2), 0.5, -math.inf, 0.6) is not CONTINUE
