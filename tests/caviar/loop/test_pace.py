"""A run that is bounded by time goes by what trainings and suggestions take."""

import pytest

from sturgeon.caviar.loop.pace import FEWEST, Pace


def paced(*, epoch: float, suggestion: float, work: float, lanes: int = 2, trials: int = 10, steps: int = 10):
    pace = Pace(epochs=10, lanes=lanes)
    for number in range(trials):
        for _ in range(steps):
            pace.trained(number, epoch)
        pace.suggested(suggestion)
        pace.worked(work, begun=1)
    return pace


def test_without_measurements_nothing_is_changed():
    pace = Pace(epochs=10, lanes=2)
    assert not pace.prefers_quick
    assert pace.stopping_pays
    assert (pace.epoch, pace.training, pace.epoch_of(3), pace.trained_for(3)) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("epoch", "quick", "pays"), [(0.001, True, False), (0.008, True, False), (0.05, False, True)]
)
def test_what_is_cheap_is_neither_waited_for_nor_stopped(epoch, quick, pays):
    pace = paced(epoch=epoch, suggestion=0.06, work=0.08)
    assert (pace.prefers_quick, pace.stopping_pays) == (quick, pays)


def test_stopped_trainings_are_waited_for_less_than_whole_ones():
    whole = paced(epoch=0.02, suggestion=0.06, work=0.08)
    stopped = paced(epoch=0.02, suggestion=0.06, work=0.08, steps=3)
    assert (whole.prefers_quick, stopped.prefers_quick) == (False, True)
    assert stopped.stopping_pays


def test_a_rule_that_was_given_up_comes_back_only_where_it_clearly_saves():
    pace = paced(epoch=0.01, suggestion=0.06, work=0.08)
    assert not pace.stopping_pays
    for _ in range(200):
        pace.worked(0.04, begun=1)
    assert not pace.stopping_pays
    for _ in range(200):
        pace.worked(0.01, begun=1)
    assert pace.stopping_pays


def test_suggestions_that_take_longer_with_the_record_are_noticed():
    pace = paced(epoch=0.01, suggestion=0.02, work=0.02, trials=FEWEST)
    assert not pace.prefers_quick
    for _ in range(40):
        pace.suggested(0.1)
    assert pace.prefers_quick


def test_the_next_epoch_may_take_as_long_as_the_dearest_lately():
    pace = Pace(epochs=10, lanes=1)
    assert pace.dear_epoch == 0.0
    for number, seconds in enumerate([9.0, 0.1, 0.4, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1]):
        pace.trained(number, seconds)
    assert pace.dear_epoch == 0.4


def test_quick_suggestions_are_counted_but_tell_nothing_of_thorough_ones():
    pace = paced(epoch=0.02, suggestion=0.01, work=0.08)
    before = pace.searched
    for _ in range(40):
        pace.suggested(1.0, quickly=True)
    assert pace.searched == pytest.approx(before + 40.0)
    assert not pace.prefers_quick


def test_a_trial_that_was_trained_is_known_by_its_own_time():
    pace = Pace(epochs=10, lanes=1)
    pace.trained(0, 0.5)
    pace.trained(1, 0.1)
    pace.trained(1, 0.1)
    assert (pace.epoch_of(0), pace.trained_for(0), pace.slowest) == (0.5, 0.5, 0.5)
    assert (pace.epoch_of(1), pace.trained_for(1)) == (0.1, 0.2)
    assert pace.epoch_of(7) == pytest.approx(0.7 / 3)
