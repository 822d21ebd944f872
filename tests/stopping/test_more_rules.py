import math

import pytest

from sturgeon.errors import InputError
from sturgeon.search import Observation, Record
from sturgeon.stopping import (
    CONTINUE,
    MedianRule,
    PercentileRule,
    Stop,
    StoppingContext,
    ThresholdRule,
    WilcoxonRule,
)

CONTEXT = StoppingContext("loss", max_steps=20)


def trial(number, *values, state="running", value=None):
    return Observation(number, {"n": number}, state, value, tuple(enumerate(values, start=1)))


@pytest.mark.parametrize(("share", "bar"), [(0.1, 0.1), (0.25, 0.3), (0.5, 0.5), (0.9, 0.9)])
def test_only_the_best_share_goes_on(share, bar):
    record = Record(trial(n, n / 10, n / 10) for n in range(1, 11))
    rule = PercentileRule(share=share, warm_up=0)
    assert rule.decide(trial(11, 1.0, bar), record, CONTEXT) is CONTINUE
    assert isinstance(rule.decide(trial(11, 1.0, bar + 0.01), record, CONTEXT), Stop)


def test_half_is_the_median_rule_for_an_odd_number():
    record = Record(trial(n, n / 10) for n in range(7))
    for value in (0.29, 0.3, 0.31):
        decisions = [
            rule.decide(trial(9, value), record, CONTEXT) is CONTINUE
            for rule in (PercentileRule(share=0.5, warm_up=0), MedianRule(warm_up=0))
        ]
        assert decisions[0] == decisions[1]


def test_peers_that_diverged_do_not_move_the_bar():
    record = Record([*(trial(n, 0.1) for n in range(5)), *(trial(n, math.nan) for n in range(5, 9))])
    rule = PercentileRule(share=0.25, warm_up=0)
    assert rule.decide(trial(9, 0.1), record, CONTEXT) is CONTINUE
    assert isinstance(rule.decide(trial(9, math.inf), record, CONTEXT), Stop)


@pytest.mark.parametrize(
    ("context", "curve", "word"),
    [
        (CONTEXT, (0.5, 6.0), "loss 6 at step 2 is above 5"),
        (CONTEXT, (0.5, -2.0), "loss -2 at step 2 is below -1"),
        (CONTEXT, (0.5, math.nan), "no finite number"),
        (StoppingContext("score", maximize=True), (-0.5, 2.0), "score -2 at step 2 is below -1"),
        (StoppingContext("score", maximize=True), (-0.5, -6.0), "score 6 at step 2 is above 5"),
    ],
)
def test_a_bound_is_in_the_metrics_own_numbers(context, curve, word):
    rule = ThresholdRule(lower=-1.0, upper=5.0, warm_up=1)
    assert word in rule.decide(trial(0, *curve), Record(), context).why
    assert rule.decide(trial(0, curve[1]), Record(), context) is CONTINUE  # within the warm-up


def test_a_trial_that_is_worse_on_the_same_cases_is_stopped_and_one_that_is_not_goes_on():
    best = trial(0, 0.5, 0.1, 0.9, 0.4, 0.3, 0.7, state="complete", value=0.48)
    record = Record([best, trial(1, 0.1, 0.1, state="complete", value=0.9)])
    rule = WilcoxonRule(p=0.1)
    worse = [value + 0.02 * place for place, (_, value) in enumerate(best.curve, start=1)]
    assert rule.decide(trial(2, *worse[:3]), record, CONTEXT) is CONTINUE  # too few to tell
    assert "that of trial 0" in rule.decide(trial(2, *worse), record, CONTEXT).why
    mixed = [0.6, 0.0, 1.0, 0.3, 0.5, 0.6]
    assert rule.decide(trial(2, *mixed), record, CONTEXT) is CONTINUE
    assert rule.decide(trial(2, *(value - 0.1 for value in worse)), record, CONTEXT) is CONTINUE
    assert isinstance(rule.decide(trial(2, *[math.nan] * 5), record, CONTEXT), Stop)
    assert rule.decide(trial(2, *worse), Record(), CONTEXT) is CONTINUE


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: PercentileRule(share=1.0), "`share`"),
        (lambda: PercentileRule(share=25), "share=0.25"),
        (lambda: ThresholdRule(lower=1.0, upper=0.0), "Swap"),
        (lambda: ThresholdRule(upper=math.nan), "finite"),
        (lambda: WilcoxonRule(p=0.0), "`p`"),
        (lambda: WilcoxonRule(at_least=1), "`at_least`"),
    ],
)
def test_a_setting_out_of_its_range_is_told(make, word):
    with pytest.raises(InputError, match=word):
        make()
