"""PyTorch: a training loop that is tended by hand."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sturgeon.errors import InputError
from sturgeon.frameworks.torch.checkpoint import (
    load_checkpoint,
    one_line,
    random_states,
    restore_random_states,
)
from sturgeon.frameworks.torch.optimizer_settings import OptimizerSettings
from sturgeon.frameworks.torch.report import check_parts, set_state, state_of
from sturgeon.frameworks.torch.vitals import StepWatch
from sturgeon.panda.beginning import tend
from sturgeon.panda.coach.coaching import Coaching
from sturgeon.panda.coach.vitals import Vitals
from sturgeon.panda.declared import declare
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.run import Run
from sturgeon.panda.training import Training

_RANDOM = "random"


class TorchTraining(OptimizerSettings, Training):
    """Models, optimisers, schedules and generators, as a training that is tended.

    Args:
        parts: What a checkpoint holds, by name, as for :class:`sturgeon.frameworks.torch.Report`.
        names: The hyperparameters of the optimiser that may be changed; by default those that it has of
            ``learning_rate``, ``momentum`` and ``weight_decay``.
    """

    ending = ".pt"

    def __init__(self, parts: Mapping[str, Any], names: tuple[str, ...] | None = None) -> None:
        self.parts = check_parts(dict(parts))
        if not self._optimizers:
            raise InputError(
                "A training is tended by its optimiser; got none among the parts. Add optimizer=…."
            )
        known = names or ("learning_rate", "momentum", "weight_decay")
        self._names = tuple(name for name in known if name in self.read(known))
        self._watch = StepWatch(self._optimizers)

    @property
    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [part for part in self.parts.values() if isinstance(part, torch.optim.Optimizer)]

    @property
    def values(self) -> dict[str, Any]:
        """What the optimiser has now."""
        return self.read(self._names)

    def apply(self, values: Mapping[str, Any]) -> None:
        """Give the optimiser new values."""
        self.set(**values)

    def vitals(self) -> Vitals | None:
        """How large the optimiser's steps and gradients are; see :class:`Training`."""
        return self._watch.vitals()

    @property
    def can_save(self) -> bool:
        """Always."""
        return True

    def save(self, path: Path) -> None:
        """Write what ``torch.save`` writes, with tensors and plain values only."""
        state = {name: _without_numpy(state_of(part)) for name, part in self.parts.items()}
        torch.save({**state, _RANDOM: random_states()}, path)

    def load(self, path: Path, values: Mapping[str, Any]) -> str:
        """Set every part, and the random generators, to what was saved; then the hyperparameters."""
        state = load_checkpoint(path)
        before = {name: state_of(part) for name, part in self.parts.items()}
        try:
            for name, part in self.parts.items():
                set_state(part, state[name])
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            for name, part in self.parts.items():
                set_state(part, before[name])
            raise InputError(
                f"A checkpoint must fit the model; {str(path)!r} is of another ({one_line(error)[:200]}). "
                "Go back to another."
            ) from error
        restore_random_states(state[_RANDOM])
        self.set(**{name: value for name, value in values.items() if name in self._names})
        return ""


def _without_numpy(state: Any) -> Any:
    """A state with Python's numbers for NumPy's, as of ``np.logspace``: those can be read back."""
    if isinstance(state, Mapping):
        return {name: _without_numpy(each) for name, each in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(_without_numpy(each) for each in state)
    return state.item() if isinstance(state, np.generic) else state


def Panda(
    study: str | os.PathLike[str],
    *,
    options: RunOptions | None = None,
    coach: Coaching | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    **parts: Any,
) -> Run:
    """Tend a plain loop of PyTorch: change its optimiser while it runs, go back, branch.

    A branch or a rewind is exact on the CPU, to the bit: weights, optimiser, schedule and random generators
    are
    those of the checkpoint, and with them the order in which a ``DataLoader`` hands out its rows.

    Args:
        study: Where the run is kept: a file, or a PostgreSQL URL.
        options: The metric, the folder and the disk budget of the checkpoints, and whether to resume.
        coach: Watches the curves; None for one that only speaks.
        hyperparameters: What may be changed, by name, with bounds of one's own, as ``Real(1e-5, 1.0)``.
        parts: Models, optimisers, schedules, gradient scalers and ``torch.Generator``, by name.

    Raises:
        InputError: A part cannot be kept, or there is no optimiser.
        StudyError: The study exists and is not to be resumed.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> model = torch.nn.Linear(3, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), 0.1)
        >>> with Panda(f"{folder.name}/run.study", model=model, optimizer=optimizer) as run:
        ...     for epoch in run.epochs(2):
        ...         loss = model(torch.ones(8, 3)).square().mean()
        ...         optimizer.zero_grad()
        ...         loss.backward()
        ...         optimizer.step()
        ...         run.step()
        ...         run.report(val_loss=loss.item())
        >>> run.at.epoch
        2
        >>> folder.cleanup()
    """
    declared = dict(hyperparameters or {})
    names = tuple(dict.fromkeys(("learning_rate", "momentum", "weight_decay", *declared)))
    training = TorchTraining(parts, names)
    unknown = [name for name in declared if name not in training.values]
    if unknown:
        raise InputError(
            f"A hyperparameter must be one of the optimiser's; got {unknown[0]!r}, it has "
            f"{sorted(training.values)}."
        )
    space = declare({**training.values, **declared})
    return tend(study, training, space, options or RunOptions(), coach=coach)
