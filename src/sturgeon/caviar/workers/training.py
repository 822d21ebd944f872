"""Run a training function on one trial, and put into words how it ended."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from sturgeon.caviar.workers.live_trial import LiveTrial, as_floats
from sturgeon.caviar.workers.messages import Raised, Returned
from sturgeon.plain_text import LONGEST_TRACEBACK, message_of, plain

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


def run_training(train: Train, trial: LiveTrial, *, own_process: bool = True) -> Returned | Raised:
    """Call the function and tell how it ended; no exception of the function's passes.

    A process that the function forked ends here when it comes out of the function: how the training ends is
    for the process to say that it began in.

    Args:
        train: The function.
        trial: What it is given.
        own_process: Whether Ctrl-C does not reach this process, so that a KeyboardInterrupt is the
            function's own; else it passes.

    Example:
        >>> from sturgeon.caviar.workers.messages import Start
        >>> trial = LiveTrial(Start(0, {"x": 2.0}, seed=1), channel=None)
        >>> run_training(lambda trial: trial.config["x"] ** 2, trial)
        Returned(value=4.0, cut=False)
        >>> run_training(lambda trial: trial.config["y"], trial).type
        'KeyError'
    """
    process = os.getpid()
    try:
        value = train(trial)
        if os.getpid() != process:
            _end_fork(None)
        value = _final(value)
        if trial.at_end is not None:
            trial.at_end()
        return Returned(value, trial.cut)
    except BaseException as error:  # also SystemExit: a trial that leaves is a trial that failed
        if os.getpid() != process:
            _end_fork(error)
        if isinstance(error, KeyboardInterrupt) and not own_process:
            raise
        return _raised(error)


def _end_fork(error: BaseException | None) -> NoReturn:
    """End a forked process as Python would: with its exit code, or a traceback."""
    code = 0
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if code and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)
    elif error is not None:
        traceback.print_exception(error)
        code = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code & 0xFF)


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
    text = plain("".join(traceback.format_exception(type(error), error, trace)), LONGEST_TRACEBACK)
    name, message = plain(type(error).__name__), message_of(error)
    if isinstance(error, KeyboardInterrupt) and not message:
        message = "`train` raised it itself; nobody pressed Ctrl-C"
    out_of_memory = name in _MEMORY_ERRORS or any(words in message for words in _MEMORY_WORDS)
    return Raised(name, message, text, out_of_memory)
