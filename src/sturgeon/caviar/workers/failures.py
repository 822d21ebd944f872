"""Whether so many trials failed that the fault is not theirs."""

from __future__ import annotations

from collections import Counter

from sturgeon.caviar.workers.training import TRAIN
from sturgeon.errors import StudyFailed
from sturgeon.plain_text import LONGEST_LINE, plain, printable
from sturgeon.study import TrialError

FIRST_LOOK = 5
FIRST_LOOK_AT_VALUES = 10


class Failures:
    """Counts how the trials of this run end.

    A run is given up when, of at least five trials that ended (or all that are wanted, if fewer), more than
    the allowed share failed. A training that diverged to NaN or infinity is not counted there: a wide range
    of learning rates has many of them, and they tell the search something. But when none of the first ten
    trials gives a value, for whatever reason, the run is given up as well. With a share of 1 it never is.

    Example:
        >>> failures = Failures(share=0.5, wanted=None)
        >>> for _ in range(4):
        ...     failures.add(TrialError("KeyError", "'units'"))
        >>> failures.check()
        >>> failures.add(None)
        >>> failures.check()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        sturgeon.errors.StudyFailed: A study goes on while at most 50% of its trials fail; 4 of 5 failed, ...
    """

    def __init__(self, share: float, wanted: int | None, told_as: str = TRAIN) -> None:
        """Start with none.

        Args:
            share: The share of trials that may fail, above 0 and up to 1.
            wanted: How many trials there will be; None where that is open.
            told_as: What messages call that which trains.
        """
        self._share = share
        self._told_as = told_as
        self._wanted = wanted if wanted is not None else FIRST_LOOK
        self._ended = 0
        self._broken = 0
        self._diverged = 0
        self._errors: Counter[str] = Counter()
        self._traces: dict[str, str] = {}

    def add(self, error: TrialError | None) -> None:
        """Count a trial that ended: failed with an error, or not."""
        self._ended += 1
        if error is None:
            return
        if error.type == "NotFinite":
            self._diverged += 1
        else:
            self._broken += 1
        line = in_one_line(error)
        self._errors[line] += 1
        if error.traceback is not None:
            self._traces.setdefault(line, error.traceback)

    def check(self) -> None:
        """Give the run up if too many failed.

        Raises:
            StudyFailed: They did; the message quotes the most common error.
        """
        if self._share >= 1:
            return
        looked = self._ended >= min(FIRST_LOOK, self._wanted)
        if looked and self._broken > self._share * self._ended:
            raise self._given_up(f"A study goes on while at most {self._share:.0%} of its trials fail")
        if self._ended >= FIRST_LOOK_AT_VALUES and self._failed == self._ended:
            raise self._given_up("A study goes on while some trial gives a value")

    def check_at_end(self, has_value: bool) -> None:
        """Say so when a run is over and the study has nothing to show for it.

        Raises:
            StudyFailed: Trials failed, and none has a value.
        """
        if self._failed and not has_value:
            raise self._given_up("A study needs one trial that gives a value")

    @property
    def _failed(self) -> int:
        return self._broken + self._diverged

    def _given_up(self, rule: str) -> StudyFailed:
        line, _ = self._errors.most_common(1)[0]
        error = StudyFailed(
            f"{rule}; {self._failed} of {self._ended} failed, most often with: {line}. "
            f"Correct {self._told_as} or the space; `max_failures` sets how many may fail."
        )
        if line in self._traces:
            error.add_note(self._traces[line])
        return error


def in_one_line(error: TrialError) -> str:
    """Give an error's type and the first line of its message.

    Example:
        >>> in_one_line(TrialError("KeyError", "'units'"))
        "KeyError: 'units'"
    """
    lines = error.message.strip().splitlines() or [""]
    line = printable(plain(lines[0], LONGEST_LINE))
    return f"{error.type}: {line}".strip(": ").rstrip(".") if error.type else line.rstrip(".")
