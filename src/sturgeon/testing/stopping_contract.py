"""What every stopping rule must do."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sturgeon.search import Observation, Record, State
from sturgeon.search.settings import Registry
from sturgeon.stopping import CONTINUE, STOPPINGS, Pause, Stop, Stopping, StoppingContext

LAST = 12
CONTEXT = StoppingContext("loss", max_steps=LAST)

_anything = st.floats(allow_nan=True, allow_infinity=True)
_curves = st.lists(
    st.tuples(st.integers(1, LAST), st.one_of(_anything, st.floats(-2, 2))),
    unique_by=lambda point: point[0],
    max_size=LAST,
).map(lambda points: tuple(sorted(points)))
_states = st.sampled_from(["waiting", "running", "paused", "complete", "stopped", "failed"])


class StoppingContract:
    """What every stopping rule must do, whatever the curves look like.

    A subclass overrides the fixture ``rule``.

    Attributes:
        stops_plateaus: Whether the rule stops a trial because it no longer improves.
    """

    stops_plateaus: ClassVar[bool] = False

    @pytest.fixture
    def rule(self) -> Stopping:
        """The rule to be tested."""
        raise NotImplementedError("Override the fixture `rule`: it gives the stopping rule to be tested.")

    @given(
        own=_curves,
        others=st.lists(st.tuples(_states, _curves), max_size=12),
        known=st.booleans(),
        wait=st.booleans(),
    )
    @settings(
        max_examples=30,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    def test_any_record_gets_a_decision_and_the_record_is_left_as_it_was(
        self, rule: Stopping, own: Any, others: Any, known: bool, wait: bool
    ) -> None:
        """The same one again for a copy; its reason is one sentence in one line."""
        context = StoppingContext("loss", max_steps=LAST if known else None, can_wait=wait)
        record = Record(
            Observation(number, {"n": number}, state, None, curve)
            for number, (state, curve) in enumerate(others)
        )
        running = Observation(len(others), {"n": len(others)}, "running", None, own)
        before = repr(list(record))
        decision = rule.decide(running, record, context)
        assert decision == rule.decide(copy.deepcopy(running), copy.deepcopy(record), context)
        assert decision is CONTINUE or isinstance(decision, Stop | Pause)
        if isinstance(decision, Stop | Pause):
            assert decision.why.endswith(".")
            assert "\n" not in decision.why
        number = rule.promote(record, context)
        assert number is None or record[number].state == "paused"
        assert repr(list(record)) == before

    def test_the_trial_may_be_among_its_peers_or_not(self, rule: Stopping) -> None:
        """It is passed over."""
        alone = finished(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
        running = trial(6, [2.0, 1.9, 1.8, 1.75])
        without = rule.decide(running, alone, CONTEXT)
        alone.put(running)
        assert rule.decide(running, alone, CONTEXT) == without

    def test_nothing_is_known_before_the_first_report(self, rule: Stopping) -> None:
        """So nothing is stopped."""
        peers = finished(0.1, 0.2, 0.3, 0.4, 0.5)
        assert rule.decide(Observation(9, {}, "running"), peers, CONTEXT) is CONTINUE

    def test_a_single_trial_is_trained_to_its_end(self, rule: Stopping) -> None:
        """While it gets better."""
        falling = [1 / step for step in range(1, LAST + 1)]
        assert run(rule, [falling])[0].state == "complete"

    @pytest.mark.parametrize(
        "context", [CONTEXT, StoppingContext("loss")], ids=["last step known", "unknown"]
    )
    def test_the_best_trial_by_far_is_never_ended(self, rule: Stopping, context: StoppingContext) -> None:
        """At no step."""
        record = finished(0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
        for step in range(1, LAST + 1):
            best = trial(7, [0.4 / one for one in range(1, step + 1)])
            assert rule.decide(best, record, context) is CONTINUE

    def test_the_last_step_ends_by_itself(self, rule: Stopping) -> None:
        """However bad it is."""
        record = finished(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
        assert rule.decide(trial(6, [5.0] * LAST), record, CONTEXT) is CONTINUE

    def test_an_objective_that_is_always_the_same_lets_some_trial_end(self, rule: Stopping) -> None:
        """Unless the rule stops what no longer improves."""
        record = run(rule, [[1.0] * LAST] * 6)
        assert self.stops_plateaus or any(one.state == "complete" for one in record)

    @pytest.mark.parametrize("outlier", [1e300, -1e300, math.inf, math.nan])
    def test_an_outlier_changes_nothing_for_the_best(self, rule: Stopping, outlier: float) -> None:
        """If it is a bad one."""
        record = finished(0.5, 0.6, 0.7, 0.8, 0.9)
        record.put(trial(5, [outlier] * 3, "stopped"))
        best = [0.4 / one for one in range(1, 7)]
        if outlier > 0 or math.isnan(outlier):
            assert rule.decide(trial(6, best), record, CONTEXT) is CONTINUE

    @pytest.mark.parametrize("steps", [(2, 5, 9), (4, 8), (1, 11)])
    def test_steps_may_be_missing(self, rule: Stopping, steps: tuple[int, ...]) -> None:
        """Not every training reports every step."""
        record = finished(0.5, 0.6, 0.7, 0.8, 0.9)
        for until in range(1, len(steps) + 1):
            curve = tuple((step, 0.4 / step) for step in steps[:until])
            assert rule.decide(Observation(5, {}, "running", None, curve), record, CONTEXT) is CONTINUE

    def test_what_an_interrupt_paused_goes_on_first(self, rule: Stopping) -> None:
        """Before any other."""
        record = finished(0.5, 0.6, 0.7)
        record.put(Observation(3, {"n": 3}, "paused"))
        assert rule.promote(record, CONTEXT) == 3

    def test_nothing_is_promoted_where_nothing_is_paused(self, rule: Stopping) -> None:
        """Then a new trial begins."""
        assert rule.promote(Record(), CONTEXT) is None
        assert rule.promote(finished(0.5, 0.6), CONTEXT) is None

    def test_a_run_comes_to_an_end_and_finds_what_is_clearly_best(self, rule: Stopping) -> None:
        """Trials that are paused go on when they are promoted."""
        finals = [0.9, 0.8, 0.95, 0.3, 0.7, 0.85, 0.6, 0.75, 0.99]
        record = run(rule, [[final + 1 / step for step in range(1, LAST + 1)] for final in finals])
        assert record[3].state == "complete"

    def test_a_rule_is_a_frozen_value_that_survives_json(self, rule: Stopping) -> None:
        """Its settings are plain, and its name is its own."""
        registry = Registry("stopping rule", Stopping, [*STOPPINGS.values(), type(rule)])
        written = json.loads(json.dumps(registry.to_json(rule)))
        assert registry.from_json(written) == rule
        assert written["name"] == rule.name
        assert STOPPINGS.get(rule.name, type(rule)) is type(rule)
        assert dataclasses.is_dataclass(rule)
        changed: Any = rule
        with pytest.raises(dataclasses.FrozenInstanceError):
            changed.anything = 1

    def test_reasons_are_in_the_users_numbers(self, rule: Stopping) -> None:
        """A study that maximises hands over the negative; the reason gives the value itself."""
        record = finished(-0.9, -0.8, -0.7, -0.95, -0.85, -0.75)
        context = StoppingContext("accuracy", maximize=True, max_steps=LAST)
        for step in range(1, LAST):
            decision = rule.decide(trial(6, [-0.011] * step), record, context)
            if isinstance(decision, Stop | Pause):
                assert "accuracy 0.011" in decision.why
                assert "-0." not in decision.why


def trial(number: int, values: Sequence[float], state: State = "running") -> Observation:
    """Make a trial that reported these values from step 1 on."""
    curve = tuple(enumerate(values, start=1))
    return Observation(number, {"n": number}, state, values[-1] if state == "complete" else None, curve)


def finished(*finals: float) -> Record:
    """Make a record of trials whose curves fall evenly to their final values."""
    return Record(
        trial(number, [final + (LAST - step) / LAST for step in range(1, LAST + 1)], "complete")
        for number, final in enumerate(finals)
    )


def run(rule: Stopping, curves: Sequence[Sequence[float]]) -> Record:
    """Train one trial after the other, paused ones going on when promoted."""
    record = Record()
    while True:
        number = rule.promote(record, CONTEXT)
        if number is None:
            number = len(record)
            if number == len(curves):
                return record
            record.put(Observation(number, {"n": number}, "running"))
        _go_on(rule, record, number, curves[number])


def _go_on(rule: Stopping, record: Record, number: int, values: Sequence[float]) -> None:
    for step in range(len(record[number].curve) + 1, len(values) + 1):
        record.put(trial(number, values[:step]))
        decision = rule.decide(record[number], record, CONTEXT)
        if isinstance(decision, Pause):
            record.put(trial(number, values[:step], "paused"))
            return
        if isinstance(decision, Stop):
            record.put(dataclasses.replace(record[number], state="stopped", value=values[step - 1]))
            return
    record.put(trial(number, values, "complete"))
