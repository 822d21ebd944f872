"""Run a training function on one trial, and put into words how it ended."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from sturgeon.caviar.workers.live_trial import LiveTrial, as_floats
from sturgeon.caviar.workers.messages import Raised, Returned

Train = Callable[[LiveTrial], Any]

_MEMORY_ERRORS = ("MemoryError", "OutOfMemoryError", "ResourceExhaustedError", "_ArrayMemoryError")
_MEMORY_WORDS = ("RESOURCE_EXHAUSTED", "CUDA out of memory", "CUDA_ERROR_OUT_OF_MEMORY")


def prepare(train: Train) -> None:
    """Let a function that is an object with a method ``prepare`` get ready: once, before its first trial.

    Args:
        train: The function.

    Raises:
        InputError: It finds that something the user gave breaks a rule.
    """
    getattr(train, "prepare", lambda: None)()


def run_training(train: Train, trial: LiveTrial) -> Returned | Raised:
    """Call the function and tell how it ended; no exception of the function's passes, but Ctrl-C does.

    Args:
        train: The function.
        trial: What it is given.

    Example:
        >>> from sturgeon.caviar.workers.messages import Start
        >>> trial = LiveTrial(Start(0, {"x": 2.0}, seed=1), channel=None)
        >>> run_training(lambda trial: trial.config["x"] ** 2, trial)
        Returned(value=4.0, cut=False)
        >>> run_training(lambda trial: trial.config["y"], trial).type
        'KeyError'
    """
    try:
        value = _final(train(trial))
        if trial.at_end is not None:
            trial.at_end()
        return Returned(value, trial.cut)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit: a trial that leaves is a trial that failed
        return _raised(error)


def _final(value: Any) -> float | dict[str, float] | None:
    """Turn what a function returned into numbers."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return as_floats(value, "what `train` returned")
    return as_floats({"the value": value}, "what `train` returned")["the value"]


def _raised(error: BaseException) -> Raised:
    # The first frame is ours.
    trace = error.__traceback__.tb_next if error.__traceback__ is not None else None
    text = "".join(traceback.format_exception(type(error), error, trace))
    name, message = type(error).__name__, str(error)
    out_of_memory = name in _MEMORY_ERRORS or any(words in message for words in _MEMORY_WORDS)
    return Raised(name, message, text, out_of_memory)
