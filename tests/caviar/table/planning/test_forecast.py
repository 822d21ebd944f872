"""How a run goes on is foreseen from how it began."""

from __future__ import annotations

import pytest

from sturgeon.caviar.loop.pace import Pace
from sturgeon.caviar.table.planning.forecast import Forecast
from sturgeon.caviar.table.planning.rehearsal import Rehearsal


class Search:
    """Suggestions that take longer as the record grows, and a tenth of that if they are quick."""

    def of(self, trials, *, quickly):
        return 0.001 * trials * (0.1 if quickly else 1.0)


def rehearsal(*, epoch, busy, searched, trials=20, steps=10, seconds=5.0):
    """A run in which epochs take as long as that, each trial of its own cost."""
    pace = Pace(epochs=30, lanes=2)
    for number in range(trials):
        for _ in range(steps):
            pace.trained(number, epoch)
        pace.suggested(searched / trials)
    pace.worked(busy, begun=trials)
    ended = [(seconds * (number + 1) / trials, number + 1) for number in range(trials)]
    return Rehearsal(seconds, ended, pace, 0, 2.0, [({"cost": 1.0}, steps)] * trials)


def forecast(seen, cost=lambda config: config["cost"]):
    return Forecast(seen, Search(), seconds_of_an_epoch=cost, threads=2)


def test_what_goes_on_as_it_began_takes_as_long_as_it_took():
    seen = rehearsal(epoch=0.045, busy=1.0, searched=0.2)  # 200 epochs take 9 s of two threads
    assert forecast(seen).seconds(10, 10) == pytest.approx(5.0 / 20, rel=0.05)


def test_more_epochs_take_longer_in_proportion_where_training_is_what_takes_time():
    seen = rehearsal(epoch=0.05, busy=0.01, searched=0.01)
    ahead = forecast(seen)
    assert ahead.seconds(10, 20) == pytest.approx(2 * ahead.seconds(10, 10), rel=0.01)


def test_dearer_networks_cost_little_where_the_run_itself_takes_the_time():
    def grown(epoch, busy):
        seen = rehearsal(epoch=epoch, busy=busy, searched=0.2)
        trained = [({"cost": 1.0}, 19), ({"cost": 2.0}, 1)] * 10  # so far cheap ones had most of the epochs
        dear = Rehearsal(seen.seconds, seen.ended, seen.pace, 0, 2.0, trained)
        return forecast(dear).seconds(100, 10) / forecast(seen).seconds(100, 10)

    assert grown(0.001, 4.9) == pytest.approx(1.0, abs=0.02)
    assert grown(0.05, 0.1) == pytest.approx(1.5 / 1.05, abs=0.1)


def test_suggestions_that_were_slower_than_on_an_idle_machine_stay_so_and_are_made_quickly_once_that_pays():
    ahead = forecast(rehearsal(epoch=0.05, busy=1.0, searched=2 * sum(0.001 * n for n in range(20))))
    assert ahead.suggestion(50) == pytest.approx(2 * 0.001 * 50)
    assert ahead.suggestion(1000) == pytest.approx(2 * 0.0001 * 1000)  # a trial trains half a second
