"""How a run goes on after its rehearsal: seconds from one trial to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sturgeon.caviar.table.planning.rehearsal import Rehearsal
from sturgeon.caviar.table.planning.suggestion_time import SuggestionTime
from sturgeon.space import Config

# Timings of a moment are not believed beyond this.
_MOST_DEARER, _MOST_SLOWER = 3.0, 4.0
# From so many suggestions on a rehearsal tells how much slower they are beside trainings.
_SUGGESTIONS = 4


class Forecast:
    """What a run spends on each trial, by what its rehearsal spent.

    A trial's epochs cost what its own network does: those of the rehearsal by their timings, all that come
    later as much as the rehearsed ones in the mean. (In a short time cheap networks have had most of the
    epochs. What the search would suggest next, asked with or without guesses of the values, told no better
    what was trained in a minute; see ``benchmarks/results/plan-truth.md``.) Suggestions take longer as the
    record grows; all else that the run does beside training goes with the epochs. The run's own thread and
    those of the trainings share the cores, and a run is never faster than its own thread.

    Args:
        rehearsal: What was seen; at least one epoch.
        suggestions: How long the search takes on a machine that does nothing else.
        seconds_of_an_epoch: How long one of a configuration takes, by its timings.
        threads: How many train; there is a core for each.
    """

    def __init__(
        self,
        rehearsal: Rehearsal,
        suggestions: SuggestionTime,
        *,
        seconds_of_an_epoch: Callable[[Config], float],
        threads: int,
    ) -> None:
        pace = rehearsal.pace
        self._pace = pace
        self._suggestions = suggestions
        self._threads = threads
        self._dearer = _dearness(rehearsal.trained, seconds_of_an_epoch)
        self._slower = 1.0
        self._slower = self._slowness(rehearsal)
        busy = min(pace.busy, rehearsal.seconds)
        self._handling = max(busy - pace.searched, 0.0) / rehearsal.epochs
        self._scale = rehearsal.seconds / self._together(busy, pace.trained_seconds)

    def seconds(self, trials: int, epochs: float) -> float:
        """Seconds from one trial to the next.

        Args:
            trials: How many are in the record.
            epochs: How many epochs are trained meanwhile, of this trial or another.
        """
        training = epochs * self._pace.epoch * self._dearer[min(trials, len(self._dearer) - 1)]
        return self._scale * self._together(self.suggestion(trials) + epochs * self._handling, training)

    def suggestion(self, trials: int) -> float:
        """Seconds of a suggestion, quick or thorough as a run would choose."""
        thorough = self._slower * self._suggestions.of(trials, quickly=False)
        if self._pace.prefers_quick or thorough > self._pace.trained_per_trial / self._threads:
            return self._slower * self._suggestions.of(trials, quickly=True)
        return thorough

    def _together(self, busy: float, training: float) -> float:
        """Seconds of the clock for what the run itself does and what is trained meanwhile."""
        return max(busy, (busy + training) / self._threads)

    def _slowness(self, rehearsal: Rehearsal) -> float:
        searched = range(rehearsal.queued, len(rehearsal.trained))
        if len(searched) < _SUGGESTIONS:
            return 1.0
        expected = sum(self.suggestion(number) for number in searched)
        return float(np.clip(rehearsal.pace.searched / max(expected, 1e-9), 1.0, _MOST_SLOWER))


def _dearness(
    trained: Sequence[tuple[Config, int]], seconds_of_an_epoch: Callable[[Config], float]
) -> list[float]:
    """How much longer an epoch of each trial takes than the mean one did; the last is for all later ones."""
    costs = np.array([seconds_of_an_epoch(config) for config, _ in trained])
    usual = np.average(costs, weights=[epochs for _, epochs in trained])
    return np.clip([*costs, costs.mean()] / usual, 1 / _MOST_DEARER, _MOST_DEARER).tolist()
