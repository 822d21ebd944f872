"""What every stopping rule must do, run on each of them."""

import copy
import dataclasses
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.search import Observation, Record
from sturgeon.stopping import (
    CONTINUE,
    STOPPINGS,
    Pause,
    Stop,
    Stopping,
    StoppingContext,
    stopping_by_name,
    stopping_from_json,
    stopping_to_json,
)

LAST = 12
CONTEXT = StoppingContext("loss", max_steps=LAST)
RULES = [stopping_by_name(name) for name in STOPPINGS]

anything = st.floats(allow_nan=True, allow_infinity=True)
curves = st.lists(
    st.tuples(st.integers(1, LAST), st.one_of(anything, st.floats(-2, 2))),
    unique_by=lambda point: point[0],
    max_size=LAST,
).map(lambda points: tuple(sorted(points)))
states = st.sampled_from(["waiting", "running", "paused", "complete", "stopped", "failed"])


@pytest.fixture(params=RULES, ids=lambda rule: rule.name)
def rule(request) -> Stopping:
    return request.param


def trial(number, values, state="running", first=1):
    curve = tuple(enumerate(values, start=first))
    return Observation(number, {"n": number}, state, values[-1] if state == "complete" else None, curve)


def finished(*finals, steps=LAST):
    """Trials whose curves fall evenly to their final values."""
    return Record(
        trial(number, [final + (steps - step) / steps for step in range(1, steps + 1)], "complete")
        for number, final in enumerate(finals)
    )


def run(rule, curves, context=CONTEXT):
    """Train one trial after the other, paused ones going on when promoted; give the record."""
    record = Record()
    while True:
        number = rule.promote(record, context)
        if number is None:
            number = len(record)
            if number == len(curves):
                return record
            record.put(Observation(number, {"n": number}, "running"))
        go_on(rule, record, number, curves[number], context)


def go_on(rule, record, number, values, context):
    for step in range(len(record[number].curve) + 1, len(values) + 1):
        curve = tuple(enumerate(values[:step], start=1))
        record.put(Observation(number, {"n": number}, "running", None, curve))
        decision = rule.decide(record[number], record, context)
        if decision is not CONTINUE:
            state = "paused" if isinstance(decision, Pause) else "stopped"
            value = None if state == "paused" else values[step - 1]
            record.put(Observation(number, {"n": number}, state, value, curve))
            return
    record.put(trial(number, values, "complete"))


@given(
    own=curves,
    others=st.lists(st.tuples(states, curves), max_size=12),
    known=st.booleans(),
    wait=st.booleans(),
)
@settings(max_examples=60)
def test_any_record_gets_a_decision_and_the_record_is_left_as_it_was(own, others, known, wait):
    context = StoppingContext("loss", max_steps=LAST if known else None, can_wait=wait)
    record = Record(
        Observation(number, {"n": number}, state, None, curve) for number, (state, curve) in enumerate(others)
    )
    running = Observation(len(others), {"n": len(others)}, "running", None, own)
    before = repr(list(record))
    for rule in RULES:
        decision = rule.decide(running, record, context)
        assert decision == rule.decide(copy.deepcopy(running), copy.deepcopy(record), context)
        assert decision is CONTINUE or isinstance(decision, Stop | Pause)
        if decision is not CONTINUE:
            assert decision.why.endswith(".")
            assert "\n" not in decision.why
        number = rule.promote(record, context)
        assert number is None or record[number].state == "paused"
    assert repr(list(record)) == before


def test_the_trial_may_be_among_its_peers_or_not(rule):
    alone = finished(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    running = trial(6, [2.0, 1.9, 1.8, 1.75])
    without = rule.decide(running, alone, CONTEXT)
    alone.put(running)
    assert rule.decide(running, alone, CONTEXT) == without


def test_nothing_is_known_before_the_first_report(rule):
    assert rule.decide(Observation(9, {}, "running"), finished(0.1, 0.2, 0.3, 0.4, 0.5), CONTEXT) is CONTINUE


def test_a_single_trial_is_trained_to_its_end(rule):
    falling = [1 / step for step in range(1, LAST + 1)]
    assert run(rule, [falling])[0].state == "complete"


@pytest.mark.parametrize("context", [CONTEXT, StoppingContext("loss")], ids=["last step known", "unknown"])
def test_the_best_trial_by_far_is_never_ended(rule, context):
    record = finished(0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
    for step in range(1, LAST + 1):
        best = trial(7, [0.4 / one for one in range(1, step + 1)])
        assert rule.decide(best, record, context) is CONTINUE


def test_the_last_step_ends_by_itself(rule):
    record = finished(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    assert rule.decide(trial(6, [5.0] * LAST), record, CONTEXT) is CONTINUE


def test_an_objective_that_is_always_the_same_lets_some_trial_end(rule):
    record = run(rule, [[1.0] * LAST] * 6)
    assert rule.name == "patience" or any(one.state == "complete" for one in record)


@pytest.mark.parametrize("outlier", [1e300, -1e300, math.inf, math.nan])
def test_an_outlier_changes_nothing_for_the_best(rule, outlier):
    record = finished(0.5, 0.6, 0.7, 0.8, 0.9)
    record.put(trial(5, [outlier] * 3, "stopped"))
    best = [0.4 / one for one in range(1, 7)]
    if outlier > 0 or math.isnan(outlier):
        assert rule.decide(trial(6, best), record, CONTEXT) is CONTINUE


@pytest.mark.parametrize("steps", [(2, 5, 9), (4, 8), (1, 11)])
def test_steps_may_be_missing(rule, steps):
    record = finished(0.5, 0.6, 0.7, 0.8, 0.9)
    for until in range(1, len(steps) + 1):
        curve = tuple((step, 0.4 / step) for step in steps[:until])
        assert rule.decide(Observation(5, {}, "running", None, curve), record, CONTEXT) is CONTINUE


def test_what_an_interrupt_paused_goes_on_first(rule):
    record = finished(0.5, 0.6, 0.7)
    record.put(Observation(3, {"n": 3}, "paused"))
    assert rule.promote(record, CONTEXT) == 3


def test_nothing_is_promoted_where_nothing_is_paused(rule):
    assert rule.promote(Record(), CONTEXT) is None
    assert rule.promote(finished(0.5, 0.6), CONTEXT) is None


def test_a_run_comes_to_an_end_and_finds_what_is_clearly_best(rule):
    finals = [0.9, 0.8, 0.95, 0.3, 0.7, 0.85, 0.6, 0.75, 0.99]
    record = run(rule, [[final + 1 / step for step in range(1, LAST + 1)] for final in finals])
    assert record[3].state == "complete"


def test_a_rule_is_a_frozen_value_that_survives_json(rule):
    written = json.loads(json.dumps(stopping_to_json(rule)))
    assert stopping_from_json(written) == rule
    assert written["name"] == rule.name
    assert dataclasses.is_dataclass(rule)
    with pytest.raises(dataclasses.FrozenInstanceError):
        rule.anything = 1


def test_reasons_are_in_the_users_numbers(rule):
    """A study that maximises hands over the negative; the reason gives the value itself."""
    record = finished(-0.9, -0.8, -0.7, -0.95, -0.85, -0.75)
    context = StoppingContext("accuracy", maximize=True, max_steps=LAST)
    for step in range(1, LAST):
        decision = rule.decide(trial(6, [-0.011] * step), record, context)
        if decision is not CONTINUE:
            assert "accuracy 0.011" in decision.why
            assert "-0." not in decision.why
