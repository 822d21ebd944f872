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

A message is one line: the rule, what was received and where, the remedy.
"""

from __future__ import annotations


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
