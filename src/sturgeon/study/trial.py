"""A trial: the handle a trainer gets, and the record that is kept of it."""

from __future__ import annotations

import json
import math
import numbers
import sys
import traceback as tracebacks
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np

from sturgeon.errors import StudyError
from sturgeon.plain_text import LONGEST_TRACEBACK, is_plain, message_of, plain
from sturgeon.space import Config
from sturgeon.space.checks import is_keyword_name

TrialState = Literal["waiting", "running", "paused", "complete", "stopped", "failed"]

STATES: tuple[TrialState, ...] = ("waiting", "running", "paused", "complete", "stopped", "failed")
FINISHED: tuple[TrialState, ...] = ("complete", "stopped", "failed")
EDITED = "edited"
"""The tag of a trial whose configuration did not hold from its first step to its last: it has no value."""


def trial_seed(study_seed: int, number: int) -> int:
    """Derive a trial's seed from the study's seed and the trial's number, and from nothing else.

    So a trial that is run again, elsewhere or later, draws what it drew the first time.

    Args:
        study_seed: The study's seed, at least 0.
        number: The trial's number, from 0.

    Returns:
        An integer in [0, 2**63).

    Example:
        >>> trial_seed(0, 3) == trial_seed(0, 3), trial_seed(0, 3) == trial_seed(0, 4)
        (True, False)
    """
    # The spawn key keeps it apart from the generator of the search, which starts from the same pair.
    sequence = np.random.SeedSequence((study_seed, number), spawn_key=(0,))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt at one configuration, as ``Study.ask`` hands it to a trainer.

    Attributes:
        number: The trial's number in its study, from 0.
        config: Its configuration; inactive hyperparameters are absent.
        seed: Its seed, the same in every attempt.
        attempt: Which attempt this is, from 1.
        resume_from: The last checkpoint an earlier attempt left (a path or a URI), or None.
    """

    number: int
    config: Config
    seed: int
    attempt: int = 1
    resume_from: str | None = None


@dataclass(frozen=True, slots=True)
class TrialError:
    """Why a trial failed.

    Attributes:
        type: The exception's class name, or a short kind such as ``"NotFinite"``; empty where
            only a message was given.
        message: What went wrong, one line where possible.
        traceback: The traceback as text, or None.
    """

    type: str
    message: str
    traceback: str | None = None

    @staticmethod
    def of(error: str | BaseException | TrialError) -> TrialError:
        """Make one from a message or an exception.

        Example:
            >>> TrialError.of("out of disk").message
            'out of disk'
            >>> TrialError.of(ValueError("no")).type
            'ValueError'
        """
        if isinstance(error, TrialError):
            return error
        if isinstance(error, BaseException):
            trace = plain("".join(tracebacks.format_exception(error)), LONGEST_TRACEBACK)
            return TrialError(type(error).__name__, message_of(error), trace)
        return TrialError("", str(error))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a trial.

    Attributes:
        number: Which attempt, from 1.
        worker: Who ran it: host, process and study handle.
        started: When it was handed out (UTC).
        ended: When it ended (UTC), or None while it runs.
        outcome: The state it ended in, or ``"running"``, ``"paused"`` or ``"lost"``.
        reason: Why it was lost, or None.
    """

    number: int
    worker: str
    started: datetime
    ended: datetime | None
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """What a study keeps of a trial.

    Attributes:
        number: The trial's number, from 0.
        config: Its configuration; inactive hyperparameters are absent.
        state: Where it stands.
        value: The (first) objective as it was told, not sign-flipped; None while there is none.
        metrics: The final value of each metric: as told, else as last reported.
        curves: For each reported metric, pairs ``(step, value)`` in order of step. A value may
            be NaN or infinite: a diverging training is a fact worth keeping.
        error: Why it failed, or None.
        reason: Why it was stopped early, or None.
        notes: Remarks, in the order they were made.
        tags: Labels, in the order they were put on.
        about: Any JSON that came with it.
        attempts: How often it was handed out; 0 for a trial that still waits or was added.
        checkpoint: The last checkpoint's reference, or None.
        checkpoint_step: The step it was saved at, where that was said; else None.
        seed: Its seed.
        started: When it was first handed out (UTC), or None.
        ended: When it ended (UTC), or None.
        seconds: Time spent in its attempts, in seconds; None before the first has ended.
    """

    number: int
    config: Config
    state: TrialState
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, list[tuple[int, float]]] = field(default_factory=dict)
    error: TrialError | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    checkpoint: str | None = None
    checkpoint_step: int | None = None
    seed: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    seconds: float | None = None

    @property
    def last_step(self) -> int:
        """The last step that any metric was reported at; 0 before the first."""
        return max((curve[-1][0] for curve in self.curves.values() if curve), default=0)


def number_of(trial: Trial | int) -> int:
    """Give a trial's number, of the trial or of its number.

    Raises:
        StudyError: It is neither.
    """
    if isinstance(trial, Trial):
        return trial.number
    if isinstance(trial, numbers.Integral):
        return int(trial)
    raise not_a_trial(trial)


def not_a_trial(given: object) -> StudyError:
    """Say that something is neither a trial nor the number of one."""
    if isinstance(given, list | tuple):
        return StudyError(
            f"ask() gives a list, and one trial is written of at a time; got a list of {len(given)}: "
            "for trial in study.ask(): study.tell(trial, ...)."
        )
    return StudyError(
        f"a trial is given as ask() returned it, or by its number; got a {type(given).__name__}: pass "
        "trial.number."
    )


def not_named(of: str, value: object, metric: str) -> StudyError:
    """Say that a value came without the name of its metric.

    Args:
        of: What it was given to, with what comes before the metric, such as ``"tell(trial"``.
        value: The value.
        metric: The metric that it may be.
    """
    called = of.partition("(")[0]
    return StudyError(
        f"{called} needs each metric's name; got {value!r} without one: {of}, {as_argument(metric)})."
    )


def as_argument(metric: str) -> str:
    """Write how a metric is passed: by its name where that is a name in Python.

    Example:
        >>> as_argument("val_loss"), as_argument("val loss")
        ('val_loss=...', '**{"val loss": ...}')
    """
    return (
        f"{metric}=..." if is_keyword_name(metric) else f"**{{{json.dumps(metric, ensure_ascii=False)}: ...}}"
    )


def check_whole(value: object, what: str) -> int:
    """Give a step or a seed as an int, or say that it cannot be kept.

    Args:
        value: What was given: a Python or NumPy integer in [0, 2**63).
        what: ``"step"`` or ``"seed"``, for the message.

    Raises:
        StudyError: It is none.
    """
    if isinstance(value, numbers.Integral) and not isinstance(value, bool) and 0 <= int(value) < 2**63:
        return int(value)
    raise StudyError(f"a {what} must be a whole number from 0 to 2**63 - 1; got {what}={value!r}.")


def check_metric_name(name: object, where: str) -> None:
    """Check that a metric's name can be kept.

    Args:
        name: What was given.
        where: What it was given to, for the message.

    Raises:
        StudyError: It is no text, or text that cannot be written.
    """
    if not isinstance(name, str) or not is_plain(name):
        raise StudyError(f"a metric's name must be plain text; got {name!r} in {where}: name it otherwise.")


def check_metrics(metrics: Mapping[str, object], where: str) -> dict[str, float]:
    """Turn metrics into floats, or say which one is not a number.

    Args:
        metrics: Name to a number: a Python or NumPy number, or an array or tensor of one element.
        where: What they were given to, for the message.

    Returns:
        The same names with floats; NaN and infinities pass.

    Raises:
        StudyError: One is not a number, or has a name that is no plain text.
    """
    for name in metrics:
        check_metric_name(name, where)
    return {str.__str__(name): _to_float(value, name, where) for name, value in metrics.items()}


def _to_float(value: object, name: str, where: str) -> float:
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise StudyError(
                f"a metric must be a number up to {sys.float_info.max:.3g}; got one that is larger for "
                f"{name!r} in {where}; pass its logarithm."
            ) from None
    # An array or tensor of one element; TensorFlow's have no `item`.
    item = getattr(value, "item", None) or getattr(value, "numpy", None)
    shape = getattr(value, "shape", None)
    if callable(item) and shape is not None and all(size == 1 for size in shape):
        inner = item()
        return _to_float(inner.item() if isinstance(inner, np.ndarray) else inner, name, where)
    raise StudyError(
        f"a metric must be a number; got {value!r} ({type(value).__name__}) for {name!r} in {where}; "
        f"pass float(...) of it."
    )


def is_finite(value: float | None) -> bool:
    """Tell whether there is a value and it is neither NaN nor infinite."""
    return value is not None and math.isfinite(value)
