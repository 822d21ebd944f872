"""A training repeated with other seeds, and judged by the mean: for functions whose luck matters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import fmean, stdev
from typing import Any

import numpy as np

from sturgeon.caviar.workers.live_trial import Channel, LiveTrial, as_floats
from sturgeon.caviar.workers.messages import Checkpointed, Noted, Reported, Start
from sturgeon.caviar.workers.training import Train


class Repeated:
    """Calls a training function several times on one configuration, each time with another seed.

    The first time is the trial itself: its reports are the trial's curve, which a stopping rule judges, and
    its checkpoints are the trial's. The others begin when it has come to its end; of them only the last
    values count. The trial's value is the mean, and ``NAME_std`` beside it the standard deviation.

    Example:
        >>> from sturgeon.caviar.workers.training import run_training
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
        self.__module__ = getattr(train, "__module__", None) or type(train).__module__

    def prepare(self) -> None:
        """Let the function get ready, if it has a way to."""
        getattr(self.train, "prepare", lambda: None)()

    def __call__(self, trial: LiveTrial) -> dict[str, float] | Any:
        """Train, and give the mean of each metric; or what ``train`` did, where the trial was cut."""
        reported: dict[str, float] = {}
        trial.listeners.append(reported.update)
        value = self.train(trial)
        if trial.cut:
            return value
        results = [{**reported, **_named(value)}]
        for number in range(1, self.times):
            heard: dict[str, float] = {}
            again = LiveTrial(
                Start(trial.number, trial.config, repeat_seed(trial.seed, number)), _Aside(trial, heard)
            )
            value = self.train(again)
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
