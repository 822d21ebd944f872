"""How long trainings and suggestions take in a run, and which of them is worth its time."""

from __future__ import annotations

from dataclasses import dataclass

TOGETHER = 8
"""How many configurations are suggested at a time where a training is cheaper than a suggestion."""

FOR_TRIALS = 0.2
"""The least share of a budget that trials get, however long all else takes."""

FEWEST = 4
"""After how many suggestions, and epochs, there is something to go by."""

# What was measured counts half as much after so many trials more, as suggestions take longer by then.
_HALF_LIFE = 24
# Of so many trials that were begun last, the dearest tells how long the next one's epoch may take.
_LATELY = 8
# A rule that was given up comes back where it would save clearly more than it costs.
_CLEARLY = 2.0


@dataclass(slots=True)
class _Trained:
    """What a trial's epochs took."""

    epochs: int = 0
    seconds: float = 0.0


class Pace:
    """What a run has measured of itself.

    The seconds are those of the clock: where other programs keep the cores busy, all takes longer alike.

    Args:
        epochs: Epochs of a whole training.
        lanes: How many trainings run at once.

    Attributes:
        slowest: Seconds of the longest epoch, compiling included.
        busy: Seconds in which the run was busy with anything but waiting.
        searched: Seconds of those that suggestions took, quick ones and thorough ones.

    Example:
        >>> pace = Pace(epochs=10, lanes=2)
        >>> for number in range(4):
        ...     pace.trained(number, 0.001)
        ...     pace.suggested(0.05)
        ...     pace.worked(0.06, begun=1)
        >>> pace.training, pace.prefers_quick, pace.stopping_pays
        (0.01, True, False)
    """

    def __init__(self, epochs: int, lanes: int) -> None:
        self._epochs = epochs
        self._lanes = max(lanes, 1)
        self._of: dict[int, _Trained] = {}
        self._all = _Trained()
        self._suggested = _Trained()
        self._worked, self._begun = 0.0, 0.0
        self._times = 0
        self._pays = True
        self.slowest = 0.0
        self.busy = 0.0
        self.searched = 0.0

    # -- measured --------------------------------------------------------------------------------

    def trained(self, number: int, seconds: float) -> None:
        """Note what an epoch of a trial took."""
        self.slowest = max(self.slowest, seconds)
        for one in (self._of.setdefault(number, _Trained()), self._all):
            one.epochs += 1
            one.seconds += seconds

    def suggested(self, seconds: float, *, quickly: bool = False) -> None:
        """Note what a suggestion took; of quick ones, several at a time."""
        self.searched += seconds
        if quickly:
            return
        if self._suggested.epochs >= _HALF_LIFE:
            self._suggested = _Trained(_HALF_LIFE // 2, self._suggested.seconds / 2)
        self._suggested.epochs += 1
        self._suggested.seconds += seconds

    def worked(self, seconds: float, *, begun: int) -> None:
        """Note how long the run was busy, not waiting, and how many trials it began meanwhile."""
        self.busy += seconds
        self._worked += seconds
        self._begun += begun
        self._times += begun
        if self._begun >= 2 * _HALF_LIFE:
            self._worked, self._begun = self._worked / 2, self._begun / 2

    # -- what follows ----------------------------------------------------------------------------

    @property
    def trained_seconds(self) -> float:
        """Seconds of all epochs of all trials."""
        return self._all.seconds

    @property
    def epoch(self) -> float:
        """Seconds of an epoch on average; 0 while there was none."""
        return self._all.seconds / max(self._all.epochs, 1)

    @property
    def training(self) -> float:
        """Seconds of a whole training on average."""
        return self._epochs * self.epoch

    @property
    def trained_per_trial(self) -> float:
        """Seconds that a trial was trained on average, stopped or not."""
        return self._all.seconds / max(len(self._of), 1)

    @property
    def prefers_quick(self) -> bool:
        """Whether lanes would wait for thorough suggestions: they take longer than what a trial trains."""
        if self._suggested.epochs < FEWEST or not self._of:
            return False
        return self._suggested.seconds / self._suggested.epochs > self.trained_per_trial / self._lanes

    @property
    def stopping_pays(self) -> bool:
        """Whether it saves time to stop a training: not where another one takes longer to be begun."""
        if self._times >= FEWEST and self._all.epochs >= FEWEST:
            a_trial = self._worked / self._begun
            whole = self.training / self._lanes
            self._pays = whole > a_trial * (1.0 if self._pays else _CLEARLY)
        return self._pays

    @property
    def dear_epoch(self) -> float:
        """Seconds of an epoch of the dearest trial lately: the next one's may take as long."""
        lately = [self._of[number] for number in sorted(self._of)[-_LATELY:]]
        return max((one.seconds / one.epochs for one in lately), default=0.0)

    def epoch_of(self, number: int) -> float:
        """Seconds of an epoch of a trial, as it was trained in this run; of any on average if it was not."""
        own = self._of.get(number)
        return own.seconds / own.epochs if own is not None else self.epoch

    def trained_for(self, number: int) -> float:
        """Seconds that a trial has trained in this run."""
        own = self._of.get(number)
        return own.seconds if own is not None else 0.0
