from collections import Counter
from dataclasses import replace

import pytest

from sturgeon.search import Observation, Record
from sturgeon.stopping import CONTINUE, Pause, StoppingContext, SuccessiveHalving

CONTEXT = StoppingContext("loss", max_steps=30)


def trial(number, *values, state="running"):
    return Observation(number, {"n": number}, state, None, tuple(enumerate(values, start=1)))


def at_first_rung(*values, state="paused"):
    return Record(trial(number, value, state=state) for number, value in enumerate(values))


RULE = SuccessiveHalving(first=1)


def test_the_best_third_goes_on_and_the_rest_is_paused():
    record = at_first_rung(0.1, 0.2, 0.3, 0.4, 0.5)
    assert RULE.decide(trial(5, 0.15), record, CONTEXT) is CONTINUE
    assert RULE.decide(trial(5, 0.25), record, CONTEXT) == Pause(
        "Successive halving: loss 0.25 at step 1 is in place 3 of 6 trials there, of which 2 go on."
    )


def test_nothing_goes_on_before_others_have_come_where_it_can_wait():
    waiting = replace(CONTEXT, can_wait=True)
    assert RULE.decide(trial(0, 0.5), Record(), CONTEXT) is CONTINUE
    assert RULE.decide(trial(0, 0.5), Record(), waiting) == Pause(
        "Successive halving: loss 0.5 at step 1 is in place 1 of 1 trials there, "
        "of which none goes on before more have come."
    )
    record = at_first_rung(0.5, 0.6)
    assert RULE.promote(record, waiting) is None
    assert RULE.promote(record, CONTEXT) == 0
    record.put(trial(2, 0.4, state="running"))
    assert RULE.decide(record[2], record, waiting) is CONTINUE
    record.put(trial(2, 0.7, state="paused"))
    assert RULE.promote(record, waiting) == 0


def test_only_rungs_decide():
    record = Record(trial(number, *[0.1] * 20, state="complete") for number in range(9))
    decisions = [RULE.decide(trial(9, *[0.5] * step), record, CONTEXT) for step in range(1, 31)]
    assert [step for step, one in enumerate(decisions, start=1) if one is not CONTINUE] == [1, 3, 9]


def test_a_rung_that_was_not_reported_is_reached_by_the_first_report_after_it():
    record = Record(trial(number, *[0.1] * 20, state="complete") for number in range(9))

    def after(*steps):
        return RULE.decide(
            Observation(9, {}, "running", None, tuple((s, 0.5) for s in steps)), record, CONTEXT
        )

    assert after(2) is not CONTINUE
    assert after(1, 2) is CONTINUE
    assert after(2, 7) is not CONTINUE
    assert after(2, 7, 8) is CONTINUE


def test_a_paused_trial_is_promoted_once_enough_others_are_worse():
    record = at_first_rung(0.1, 0.2, 0.3)
    record.put(trial(0, 0.1, 0.1, 0.1, state="running"))
    assert RULE.promote(record, CONTEXT) is None
    for number in range(3, 6):
        record.put(trial(number, 0.9, state="paused"))
    assert RULE.promote(record, CONTEXT) == 1
    assert RULE.decide(record[1], record, CONTEXT) is CONTINUE


def test_the_highest_rung_is_served_first():
    record = at_first_rung(*[0.1 + number / 100 for number in range(12)])
    for number in range(6):
        record.put(trial(number, *[0.1 + number / 100] * 3, state="paused"))
    assert RULE.promote(record, CONTEXT) == 0
    record.put(trial(0, *[0.1] * 4, state="running"))
    record.put(trial(1, *[0.1] * 4, state="running"))
    assert RULE.promote(record, CONTEXT) is None
    record.put(trial(12, 0.0, state="paused"))
    assert RULE.promote(record, CONTEXT) == 12


def test_equal_values_go_on_in_the_order_of_their_numbers():
    record = at_first_rung(*[0.5] * 9)
    promoted = []
    while (number := RULE.promote(record, CONTEXT)) is not None:
        record.put(trial(number, 0.5, 0.5, state="running"))
        promoted.append(number)
    assert promoted == [0, 1, 2]


def test_no_trial_that_is_promoted_is_paused_at_once_again():
    record = at_first_rung(0.4, 0.2, 0.6, 0.1, 0.5, 0.3, 0.7)
    number = RULE.promote(record, CONTEXT)
    assert number == 3
    assert RULE.decide(trial(3, 0.1, 0.9), record, CONTEXT) is CONTINUE


def test_brackets_begin_later_and_are_compared_among_themselves():
    rule = SuccessiveHalving(first=1, brackets=3)
    assert [list(rule.rungs(bracket, CONTEXT, 30)) for bracket in range(3)] == [
        [1, 3, 9, 27],
        [3, 9, 27],
        [9, 27],
    ]
    bracket_of = [rule.bracket_of(number) for number in range(170)]
    assert Counter(bracket_of) == {0: 90, 1: 50, 2: 30}
    assert bracket_of[0] == 0
    late = bracket_of.index(2)
    good = Record(
        trial(number, *[0.1] * 30, state="complete") for number in range(170) if bracket_of[number] < 2
    )
    assert all(rule.decide(trial(late, *[0.9] * step), good, CONTEXT) is CONTINUE for step in range(1, 30))


@pytest.mark.parametrize(
    ("steps", "rungs"),
    [(1, []), (3, []), (6, [3]), (30, [4, 12]), (52, [6, 18]), (None, [3, 9, 27, 81])],
)
def test_the_first_rung_follows_from_the_length_of_a_training(steps, rungs):
    context = StoppingContext(max_steps=steps)
    assert list(SuccessiveHalving().rungs(0, context, 100)) == rungs
