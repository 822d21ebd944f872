from sturgeon.search import Observation, Record
from sturgeon.stopping import CONTINUE, MedianRule, Stop, StoppingContext

CONTEXT = StoppingContext("loss", max_steps=20)


def trial(number, *values):
    return Observation(number, {"n": number}, "running", None, tuple(enumerate(values, start=1)))


def peers(*values):
    return Record(trial(number, value, value, value, value, value) for number, value in enumerate(values))


def test_the_worse_half_is_stopped_after_the_warm_up():
    rule, record = MedianRule(warm_up=2, at_least=3), peers(0.1, 0.2, 0.3)
    assert rule.decide(trial(3, 0.25, 0.25), record, CONTEXT) is CONTINUE
    assert rule.decide(trial(3, 0.25, 0.25, 0.25), record, CONTEXT) == Stop(
        "Median rule: loss 0.25 at step 3 is above 0.2, the median of 3 trials."
    )
    assert rule.decide(trial(3, 0.25, 0.25, 0.2), record, CONTEXT) is CONTINUE


def test_one_noisy_step_stops_nothing():
    assert MedianRule(warm_up=0).decide(trial(5, 0.1, 9.0), peers(*[0.2] * 5), CONTEXT) is CONTINUE


def test_too_few_peers_that_got_as_far_decide_nothing():
    record = peers(0.1, 0.1, 0.1, 0.1)
    for number in range(4, 9):
        record.put(trial(number, 0.1))
    assert MedianRule(warm_up=0).decide(trial(9, 0.5, 0.5), record, CONTEXT) is CONTINUE
    assert MedianRule(warm_up=0, at_least=4).decide(trial(9, 0.5, 0.5), record, CONTEXT) is not CONTINUE
