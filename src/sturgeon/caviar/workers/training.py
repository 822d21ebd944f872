"""Run a training function on one trial, once or several times, and put into words how it ended."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from statistics import fmean, stdev
from typing import Any, NoReturn

from sturgeon.caviar.workers.live_trial import Channel, LiveTrial, as_floats
from sturgeon.caviar.workers.messages import Checkpointed, Noted, Raised, Reported, Returned, Start
from sturgeon.plain_text import LONGEST_TRACEBACK, message_of, plain

Train = Callable[[LiveTrial], Any]

TRAIN = "`train`"
"""What messages call a training function that the user wrote."""

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


def told_as(train: Train) -> str:
    """What messages call a training function: `train`, or what its attribute ``told_as`` says.

    Example:
        >>> told_as(lambda trial: 0.0)
        '`train`'
    """
    return getattr(train, "told_as", TRAIN)


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
        with contextlib.suppress(Exception):  # the stream may be the user's own, and may raise anything
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


class Repeated:
    """Calls a training function several times on one configuration, each time with another seed.

    The first time is the trial itself: its reports are the trial's curve, which a stopping rule judges, and
    its checkpoints are the trial's. The others begin when it has come to its end; of them only the last
    values count. The trial's value is the mean, and ``NAME_std`` beside it the standard deviation.

    Example:
        >>> class Unheard(Channel):
        ...     halted = False
        ...     def send(self, message): ...
        >>> trial = LiveTrial(Start(0, {"x": 2.0}, seed=1), Unheard())
        >>> run_training(Repeated(lambda trial: {"loss": trial.config["x"]}, 3), trial).value
        {'loss': 2.0, 'loss_std': 0.0}
    """

    def __init__(self, train: Train, times: int) -> None:
        """Take the function, and how often it is called, at least 2."""
        self.train = train
        self.times = times
        self.told_as = told_as(train)
        self.__module__ = getattr(train, "__module__", None) or type(train).__module__

    def prepare(self) -> None:
        """Let the function get ready, if it has a way to."""
        getattr(self.train, "prepare", lambda: None)()

    def __call__(self, trial: LiveTrial) -> dict[str, float] | Any:
        """Train, and give the mean of each metric; or what ``train`` did, where the trial was cut."""
        reported = dict(trial.reported)  # an attempt that goes on from the last epoch reports nothing
        trial.listeners.append(reported.update)
        value = self.train(trial)
        if trial.cut:
            return value
        results = [{**reported, **_named(value)}]
        for number in range(1, self.times):
            heard: dict[str, float] = {}
            start = Start(
                trial.number,
                trial.config,
                repeat_seed(trial.seed, number),
                trial.attempt,
                folder=None if trial.folder is None else f"{trial.folder}/repeat-{number}",
            )
            value = self.train(LiveTrial(start, _Aside(trial, heard)))
            if trial.stopped:
                break
            results.append({**heard, **_named(value)})
        return _averaged(results)


class _Aside(Channel):
    """Takes what a repetition reports; only notes reach the study."""

    def __init__(self, trial: LiveTrial, heard: dict[str, float]) -> None:
        self._trial = trial
        self._heard = heard

    def send(self, message: Reported | Checkpointed | Noted) -> None:
        if isinstance(message, Reported):
            self._heard.update(message.metrics)
        elif isinstance(message, Noted):
            self._trial.note(message.text)

    @property
    def halted(self) -> bool:
        return self._trial.stopped


def repeat_seed(seed: int, number: int) -> int:
    """The seed of a repetition; it depends on the trial's seed and the repetition's number only."""
    import numpy as np  # which a worker can do without otherwise

    sequence = np.random.SeedSequence((seed, number))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def _named(value: Any) -> dict[str, float]:
    if value is None:
        return {}
    return as_floats(value if isinstance(value, Mapping) else {"": value}, "what `train` returned")


def _averaged(results: list[dict[str, float]]) -> Any:
    """The mean of each metric that all results have, and its deviation; what has no name is named ""."""
    names = [name for name in results[0] if all(name in one for one in results)]
    found: dict[str, float] = {}
    for name in names:
        values = [one[name] for one in results]
        found[name] = fmean(values)
        if len(values) > 1 and all(map(math.isfinite, values)):
            found[f"{name}_std"] = stdev(values)
    return found
