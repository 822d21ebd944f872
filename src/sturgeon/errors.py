"""Every error that Sturgeon raises on purpose.

::

    SturgeonError
    ├── InputError (ValueError)   what the caller gave breaks a rule: command-line exit code 2
    │   ├── SpaceError            a hyperparameter, a scale, a configuration, a constraint
    │   ├── DataError             a table, a column, a target, a split
    │   ├── StudyError            a study file or URL: exists already, is not one, is of another space
    │   └── MissingExtra          an optional package is not installed
    └── RunError                  the input was fine and the work failed: exit code 1
        ├── SpaceExhausted        no new configuration is left to suggest
        ├── StudyFailed           too many trials failed for the study to go on
        ├── StoreFailed           the study's file or server failed while it was in use
        └── LeaseLost             a worker reported on a trial that is no longer its own

A message is one line: the rule, what was received and where, the remedy. An option that it names is written
by :func:`option`, as whoever reads it has to type it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_AS_FLAGS: ContextVar[bool] = ContextVar("_AS_FLAGS", default=False)


def option(name: str, value: object = None) -> str:
    """Write an option: a flag for whoever uses the command line, an argument for whoever writes Python.

    Args:
        name: The argument's name in Python.
        value: What to give it, where the message says so.

    Example:
        >>> option("epochs"), option("resume", True)
        ('epochs', 'resume=True')
        >>> with options_as_flags():
        ...     option("epochs"), option("resume", True), option("budget", "10m")
        ('--epochs', '--resume', '--budget 10m')
    """
    if not _AS_FLAGS.get():
        return name if value is None else f"{name}={value!r}"
    flag = f"--{name.replace('_', '-')}"
    if value is None or value is True:
        return flag
    return f"{flag} {shlex.quote(value) if isinstance(value, str) else value}"


def options(**given: object) -> str:
    """Write several options as they are typed together.

    Example:
        >>> options(epochs=40, prior="my wine.study")
        "epochs=40, prior='my wine.study'"
        >>> with options_as_flags():
        ...     options(epochs=40, prior="my wine.study")
        "--epochs 40 --prior 'my wine.study'"
    """
    separator = " " if _AS_FLAGS.get() else ", "
    return separator.join(option(name, value) for name, value in given.items())


def by_caller(*, python: str, command: str) -> str:
    """Choose between two remedies: for whoever writes Python, and for whoever uses the command line.

    Example:
        >>> by_caller(python="Study.create(...)", command="sturgeon tune")
        'Study.create(...)'
        >>> with options_as_flags():
        ...     by_caller(python="Study.create(...)", command="sturgeon tune")
        'sturgeon tune'
    """
    return command if _AS_FLAGS.get() else python


@contextmanager
def options_as_flags() -> Iterator[None]:
    """Within the block, messages name the flags of the command line."""
    before = _AS_FLAGS.set(True)
    try:
        yield
    finally:
        _AS_FLAGS.reset(before)


class SturgeonError(Exception):
    """Base of every error that Sturgeon raises on purpose."""


class InputError(SturgeonError, ValueError):
    """What the caller gave breaks a rule. The command line exits with code 2."""


class SpaceError(InputError):
    """A hyperparameter, a scale, a configuration or a constraint breaks a rule."""


class DataError(InputError):
    """A table, a column, a target or a split breaks a rule."""


class StudyError(InputError):
    """A study cannot be created, opened or resumed as asked."""


class MissingExtra(InputError):
    """An optional package is not installed; the message says what to install."""


class RunError(SturgeonError):
    """The input was fine and the work failed. The command line exits with code 1."""


class SpaceExhausted(RunError):
    """No new configuration is left to suggest."""


class StudyFailed(RunError):
    """Too many trials failed for the study to go on."""


class StoreFailed(RunError):
    """The study's file or server failed while it was in use; what was acknowledged is safe."""


class LeaseLost(RunError):
    """A worker reported on a trial that is no longer its own; nothing was written."""
