"""How many trials a time affords: by what trainings and suggestions take, and a rehearsal of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sturgeon.caviar.backends.table_backend import TableBackend
from sturgeon.caviar.lanes.devices import Core
from sturgeon.caviar.loop.pace import Pace
from sturgeon.caviar.table.planning.forecast import Forecast
from sturgeon.caviar.table.planning.rehearsal import Rehearsal
from sturgeon.caviar.table.planning.suggestion_time import SuggestionTime
from sturgeon.caviar.table.planning.timing import EpochTime
from sturgeon.space import Config

AS_GOOD = 8
"""After so many trials a rehearsal is believed, whatever the timings of single configurations say."""

# How many trials a run hands out ahead where its search does not wait for their results.
_WAVE = 64
# Seconds that a run spends on writing a trial down, where none were rehearsed.
_WRITING = 0.01


class Estimate:
    """What follows from the timings for configurations as a search draws them.

    Args:
        backend: The kind of training.
        epochs: Of a whole training.
        drawn: Configurations as a search draws them.
        epoch_time: How long an epoch of each takes.
        compiling: Seconds that compiling a program takes.
        suggestions: How long the search takes.
        learns: Whether the search waits for results.
        parts: What part of a whole training each trial costs where the stopping rule ends some early, and
            lets others go on meanwhile.
    """

    def __init__(
        self,
        backend: TableBackend,
        epochs: int,
        drawn: Sequence[Config],
        epoch_time: EpochTime,
        *,
        compiling: float,
        suggestions: SuggestionTime,
        learns: bool,
        parts: Sequence[float],
    ) -> None:
        devices = backend.devices
        self.lanes = sum(backend.typical_lanes(device) for device in devices)
        self._threads = len(devices)
        self._on_cores = isinstance(devices[0], Core)
        self._blocks = [backend.block_of(config) for config in drawn]
        self._compiling = compiling
        self._epochs = epochs
        self._suggestions = suggestions
        self._parts = parts
        self._usual = float(np.mean(parts[len(parts) // 2 :]))
        self._rehearsal: tuple[Rehearsal, Forecast] | None = None
        self._backend, self._epoch_time = backend, epoch_time
        times = {block: epochs * epoch_time.of(block) for block in set(self._blocks)}
        self.seconds_per_trial = float(np.mean([times[block] for block in self._blocks]))
        self._default = times[self._blocks[0]]
        # Jobs of one block share its time: as many as happen to be in flight together, up to its lanes.
        in_flight = self.lanes + self._threads if learns else _WAVE
        often = Counter(self._blocks)
        self._seconds_of_a_thread = float(
            np.mean(
                [
                    times[block]
                    / min(
                        backend.lanes(block, devices[0]),
                        1 + (in_flight - 1) * often[block] / len(self._blocks),
                    )
                    for block in self._blocks
                ]
            )
        )

    def worth_rehearsing(self, seconds: float) -> bool:
        """Tell whether a few trials end within so many seconds."""
        a_trial = self._usual * self._seconds_of_a_thread / self._threads + self._suggestions.of(
            0, quickly=True
        )
        return self._on_cores and seconds / a_trial >= AS_GOOD / 2

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """Go by a rehearsal too: the more trials ended in it, the more it counts."""
        if rehearsal.trials > 0 and rehearsal.epochs > 0:
            forecast = Forecast(
                rehearsal,
                self._suggestions,
                seconds_of_an_epoch=self._seconds_of_an_epoch,
                threads=self._threads,
            )
            self._rehearsal = rehearsal, forecast

    @property
    def pace(self) -> Pace:
        """The pace of a run: what was rehearsed, else what is expected."""
        if self._rehearsal is not None:
            return self._rehearsal[0].pace
        pace = Pace(self._epochs, self.lanes)
        pace.trained(0, self._default / self._epochs)
        pace.trained(1, self.seconds_per_trial / self._epochs)
        return pace

    def _seconds_of_an_epoch(self, config: Config) -> float:
        block = self._backend.block_of(config)
        return self._epoch_time.of(block) / self._backend.lanes(block, self._backend.devices[0])

    def compiling(self, trials: int) -> float:
        """Seconds of each thread's time that go to compiling the programs of so many trials."""
        programs = len({block.shape for block in self._blocks[: max(1, trials)]})
        return self._compiling * programs / self._threads

    def trials_in(self, seconds: float, *, whole: bool) -> int:
        """How many trials end in so many seconds.

        Args:
            seconds: The time that trials have.
            whole: Whether each is trained to its end, or the stopping rule may end it early.
        """
        rehearsal = None if self._rehearsal is None else self._rehearsal[0]
        spares = rehearsal is not None and not rehearsal.pace.stopping_pays
        whole = whole or spares
        count, left = 0, seconds
        if rehearsal is not None and spares:
            count, left = rehearsal.ended_by(seconds), seconds - rehearsal.seconds
        programs, known = set(), self._compiling / self._threads
        while left > 0:
            took = self._seconds_at(count, whole=whole)
            if known and count < len(self._blocks) and (shape := self._blocks[count].shape) not in programs:
                programs.add(shape)
                took += known
            left -= took
            count += left >= 0
        if rehearsal is not None and not whole:
            return max(_at_least(rehearsal, seconds), count - round(max(self.lanes, rehearsal.in_flight / 2)))
        return count

    def _seconds_at(self, trials: int, *, whole: bool) -> float:
        """Seconds from one trial to the next when so many are in the record."""
        expected = self._expected_at(trials, whole=whole)
        if self._rehearsal is None:
            return expected
        rehearsal, forecast = self._rehearsal
        share = min(1.0, rehearsal.trials / AS_GOOD)
        epochs = self._epochs * (1.0 if whole else self._part(trials))
        return expected ** (1.0 - share) * forecast.seconds(trials, epochs) ** share

    def _expected_at(self, trials: int, *, whole: bool) -> float:
        """The same by the timings of single configurations and of suggestions."""
        training = (1.0 if whole else self._part(trials)) * self._seconds_of_a_thread / self._threads
        quickly = self._suggestions.of(trials, quickly=False) > training
        working = self._suggestions.of(trials, quickly=quickly) + _WRITING
        # On cores the search takes its time from the trainings; on a GPU it goes on beside them.
        together = training + working / self._threads if self._on_cores else training
        return max(together, working)

    def _part(self, trials: int) -> float:
        return self._parts[trials] if trials < len(self._parts) else self._usual


def _at_least(rehearsal: Rehearsal, seconds: float) -> int:
    """Trials that end in so many seconds where those after the rehearsal take twice as long as before.

    For a time that is not much longer, the rehearsal knows better than a sum over trials how much of what
    was in flight has ended.
    """
    beyond = max(0.0, seconds - rehearsal.seconds)
    return rehearsal.ended_by(seconds) + round(0.5 * beyond * rehearsal.trials / rehearsal.seconds)
