"""The handle that a training function gets."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from numbers import Integral
from typing import Never

from sturgeon.caviar.workers.messages import Checkpointed, Noted, Reported, Start
from sturgeon.errors import InputError
from sturgeon.plain_text import LONGEST_MESSAGE, is_plain, plain


class Channel(ABC):
    """The way from a training function to the study."""

    @abstractmethod
    def send(self, message: Reported | Checkpointed | Noted) -> None:
        """Have the study write this down; see ``LiveTrial`` for when it returns."""

    @property
    @abstractmethod
    def halted(self) -> bool:
        """Whether the training is to end after the current epoch."""


class LiveTrial:
    """A trial while it trains: what ``train(trial)`` is given.

    ``checkpoint`` returns when the study has written down what it was given, and all reports before it.
    ``report`` returns when the report before it is written down, and its own is on its way; where a
    stopping rule judges it, when its own is. A report on its way outlives the training's process; if
    the study's is killed at that moment, it is lost, and the trial reports it again in its next attempt.

    Attributes:
        number: The trial's number in its study, from 0.
        config: Its configuration; inactive hyperparameters are absent.
        seed: Its seed, the same in every attempt: seed everything random in the training with it.
        attempt: Which attempt this is, from 1.
        resume_from: The path of the last checkpoint that an earlier attempt handed over, or None.
        copied_from: The trial that this checkpoint is of, where population-based training copied it: what
            ``config`` says holds from here on. None for a checkpoint of this trial's own.
        resume_step: The epoch at which that checkpoint was saved; 0 without one.
        reported: The last value of each metric up to that checkpoint; empty without one.
        folder: A path for the trial's checkpoints, not made yet: make it with ``os.makedirs(trial.folder,
            exist_ok=True)``. None where there is no study. Sturgeon removes what is there once the trial has
            ended, unless it is the best. A repetition of the training has a folder of its own inside it.
        planned: How many epochs the loops of ``epochs`` have together so far.
        can_save: Set it where the function hands over a checkpoint whenever it is told to end. A stopping
            rule that puts trials aside then does so at any epoch, not only after one was handed over.
        listeners: What is called with the metrics of each report.
        at_end: What is called when the training function has returned, before the trial ends; a report sets
            it, to hand over a checkpoint of what was trained last.

    Example:
        >>> def train(trial):
        ...     weight = 0.0
        ...     for epoch in trial.epochs(3):
        ...         weight += trial.config["learning_rate"]
        ...         trial.report(val_loss=(1.0 - weight) ** 2)
    """

    def __init__(self, start: Start, channel: Channel) -> None:
        """Take what to train, and the way to the study."""
        self.number = start.number
        self.config = dict(start.config)
        self.seed = start.seed
        self.attempt = start.attempt
        self.resume_from = start.resume_from
        self.copied_from = start.copied_from
        self.resume_step = start.after
        self.reported = dict(start.reported)
        self.folder = start.folder
        self.planned = 0
        self.can_save = False
        self.listeners: list[Callable[[dict[str, float]], object]] = []
        self.at_end: Callable[[], object] | None = None
        self._channel = channel
        self._step = start.after
        self._in_epoch = False
        self._cut = False

    def epochs(self, count: int) -> Iterator[int]:
        """Count the epochs of the training: 1, 2, …, ``count``.

        The loop ends early when the trial is to stop. An attempt that resumes from a checkpoint begins
        after the epoch of that checkpoint. A second loop in the same training counts on from the first.

        Args:
            count: How many epochs, at least 1.

        Yields:
            The epoch, from 1.

        Raises:
            InputError: ``count`` is not a whole number from 1.
        """
        check_epoch_count(count, "trial")
        first = self.planned + 1
        self.planned += int(count)
        return self._count(max(first, self.resume_step + 1), self.planned)

    def _count(self, first: int, last: int) -> Iterator[int]:
        try:
            for epoch in range(first, last + 1):
                if self.stopped:
                    return
                self._step, self._in_epoch = epoch, True
                yield epoch
        finally:
            self._in_epoch = False

    def report(self, *unnamed: Never, step: int | None = None, **metrics: float) -> None:
        """Report how the training goes.

        Args:
            unnamed: Nothing: a value needs its metric's name.
            step: At which step, from 0; by default the current epoch of ``epochs``, and without such a
                loop 1, 2, … A step reported again replaces the earlier value.
            metrics: Any number of values by name: numbers, or arrays and tensors of one element. NaN and
                infinity may be reported; a trial whose final value is not finite has failed.

        Raises:
            StudyError: A metric is not a number.
            InputError: No metric was given, or one without its name, or ``step`` is not a whole number from
                0 to 2**63 - 1.
        """
        if unnamed:
            raise InputError(
                f"A report needs each metric's name; got {unnamed[0]!r} without one. "
                f"Write trial.report(val_loss={unnamed[0]!r})."
            )
        if not metrics:
            raise InputError("A report needs a metric; got none. Write trial.report(val_loss=0.9).")
        if step is None:
            step = self._step if self._in_epoch else self._step + 1
        self._step = _check_step(step)
        values = as_floats(metrics, "report")
        self._channel.send(Reported(self._step, values, self.planned or None, self.can_save))
        for listener in self.listeners:
            listener(values)

    def note(self, text: str) -> None:
        """Make a remark on the trial, which is kept with it: ``study.trial(number).notes``.

        Raises:
            InputError: It is no text.
        """
        if not isinstance(text, str):
            raise InputError(
                f"A note must be text; got {text!r} ({type(text).__name__}). Write str(…) of it."
            )
        self._channel.send(Noted(plain(text, LONGEST_MESSAGE)))

    def checkpoint(self, path: str | os.PathLike[str], *, step: int | None = None) -> None:
        """Hand over a checkpoint of the current epoch; return when that is written down.

        If this attempt does not reach its end (a killed worker, Ctrl-C), the next one gets the path as
        ``resume_from``, and its ``epochs`` begin after this one: so hand one over only if the function loads
        what it finds there. Save the file first, and under a name of its own per trial; it stays yours, the
        study keeps the path only.

        Args:
            path: What was saved: a file, a folder, what several files' names begin with, or a URL.
            step: The last epoch that is in it, where that is not the current one.

        Raises:
            InputError: The path is no text that can be written, or ``step`` is not a whole number from 0.
        """
        # A worker that takes over may have been started elsewhere.
        text = str(os.fspath(path))
        place = text if "://" in text else os.path.abspath(text)  # noqa: PTH100  (resolves no links)
        if not is_plain(place):
            raise InputError(
                f"A checkpoint's path must be text that can be written as UTF-8; got {place!r}. Rename it."
            )
        self._channel.send(Checkpointed(place, self._step if step is None else _check_step(step)))

    @property
    def stopped(self) -> bool:
        """Whether the trial is to end now; for a loop of your own, as ``epochs`` looks by itself."""
        self._cut = self._cut or self._channel.halted
        return self._cut

    @property
    def in_last_epoch(self) -> bool:
        """Whether no epoch of ``epochs`` comes after the current one, as far as is known yet."""
        return self._step >= self.planned

    @property
    def cut(self) -> bool:
        """Whether the training was told to end before its last epoch."""
        return self._cut

    def __repr__(self) -> str:
        return f"LiveTrial(number={self.number}, config={self.config}, attempt={self.attempt})"


def check_process(process: int) -> None:
    """Check that this is the process in which a training began, and not one that it forked.

    Raises:
        InputError: It is another.
    """
    if os.getpid() != process:
        raise InputError(
            f"A report must come from the process that `train` was called in, {process}; got one from "
            f"{os.getpid()}, which was forked from it. Hand the value over, and report it there."
        )


def check_epoch_count(count: object, of: str) -> None:
    """Refuse a number of epochs that is no whole number from 1.

    Args:
        count: What was given.
        of: What counts them, for the message.

    Raises:
        InputError: It is none.
    """
    whole = isinstance(count, Integral) or (isinstance(count, float) and count.is_integer())
    if isinstance(count, bool) or not whole or int(count) < 1:  # pyright: ignore[reportArgumentType]
        raise InputError(f"`epochs` needs a whole number from 1; got {count!r}. Write {of}.epochs(50).")


def _check_step(step: object) -> int:
    try:
        whole = int(step)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        whole = -1
    if isinstance(step, bool) or whole != step or not 0 <= whole < 2**63:
        raise InputError(f"A step must be a whole number from 0 to 2**63 - 1; got step={step!r}.")
    return whole


def as_floats(metrics: Mapping[str, object], where: str) -> dict[str, float]:
    """Turn metrics into floats.

    Raises:
        StudyError: One is not a number, or has a name that is no plain text.

    Example:
        >>> as_floats({"val_loss": 1}, "report")
        {'val_loss': 1.0}
    """
    try:
        plain = {name: float(value) for name, value in metrics.items() if type(value) in (int, float)}  # pyright: ignore[reportArgumentType]
    except OverflowError:
        plain = {}
    if len(plain) == len(metrics) and all(type(name) is str and is_plain(name) for name in plain):
        return plain
    # Loads the study's database library, which a worker can do without as long as its values are plain.
    from sturgeon.study.trial import check_metrics

    return check_metrics(metrics, where)
