"""PyTorch: checkpoints of a training loop, and an optimiser whose settings change while it runs.

A plain loop needs nothing of this: ``for epoch in trial.epochs(20): …; trial.report(val_loss=…)`` is all.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Literal

import torch

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.errors import InputError
from sturgeon.frameworks.common.report import TrialReport
from sturgeon.frameworks.torch.checkpoint import (
    load_checkpoint,
    one_line,
    random_states,
    restore_random_states,
)
from sturgeon.frameworks.torch.optimizer_settings import (
    OptimizerSettings,
    built_settings,
    changed_settings,
    take_new_settings,
)

_log = logging.getLogger("sturgeon")

_BUILT = "built"  # under which it holds the settings that the optimisers were built with
_RANDOM = "random"  # under which a checkpoint holds where the random generators stand


class Report(OptimizerSettings, TrialReport):
    """Reports a trial that trains in PyTorch, with a checkpoint each time.

    An attempt that was killed or paused is resumed exactly: weights, optimiser, schedule and random
    generators (PyTorch's, CUDA's, NumPy's and Python's) are those of the last checkpoint. So make the
    ``Report`` when all its parts are there, just before the loop, and call it last in each epoch.

    The settings of a resumed optimiser, such as its learning rate, are the checkpoint's, whatever it is built
    with now. Where the code builds it otherwise than it did then, a warning says so, and ``settings="code"``
    has it go on with what the code says: a rate that a schedule has lowered meanwhile, in proportion. So does
    a trial that goes on from the checkpoint of another (``st.PopulationBasedTraining``), with its own seed.

    A checkpoint is what ``torch.save`` writes, with tensors and plain values only. The last one of the
    best trial stays: ``load_checkpoint(study.best.checkpoint)["model"]`` has the weights.

    In a loop without ``trial.epochs``, where nobody knows which report is the last, each is followed by a
    checkpoint.

    Args:
        trial: What ``train(trial)`` is given.
        checkpoints: See :class:`sturgeon.frameworks.common.report.TrialReport`.
        save_every: The same; reports are counted in the place of epochs.
        settings: Whose settings of the optimisers hold in a resumed attempt where they differ:
            ``"checkpoint"``'s or ``"code"``'s.
        parts: What a checkpoint holds, by name: models, optimisers, schedules, gradient scalers (all that
            has ``state_dict`` and ``load_state_dict``), and ``torch.Generator``.

    Raises:
        InputError: A part cannot be kept, or the checkpoint to resume from cannot be used.

    Example:
        >>> import tempfile, torch
        >>> from sturgeon import Real, Space, tune
        >>> folder = tempfile.TemporaryDirectory()
        >>> def train(trial):
        ...     torch.manual_seed(trial.seed)
        ...     model = torch.nn.Linear(3, 1)
        ...     optimizer = torch.optim.SGD(model.parameters(), trial.config["learning_rate"])
        ...     report = Report(trial, checkpoints=folder.name, model=model, optimizer=optimizer)
        ...     for epoch in trial.epochs(3):
        ...         loss = model(torch.ones(8, 3)).square().mean()
        ...         optimizer.zero_grad()
        ...         loss.backward()
        ...         optimizer.step()
        ...         report(loss=loss)
        >>> space = Space(learning_rate=Real(1e-3, 1e-1, scale="log"))
        >>> study = tune(train, space, minimize="loss", trials=2, workers=0)
        >>> sorted(load_checkpoint(study.best.checkpoint)["model"])
        ['bias', 'weight']
        >>> folder.cleanup()
    """

    ending = ".pt"

    def __init__(
        self,
        trial: LiveTrial,
        *,
        checkpoints: bool | str | os.PathLike[str] = True,
        save_every: int | None = None,
        settings: Literal["checkpoint", "code"] = "checkpoint",
        **parts: Any,
    ) -> None:
        self.parts = check_parts(parts)
        if settings not in ("checkpoint", "code"):
            raise InputError(f"`settings` must be 'checkpoint' or 'code'; got {settings!r}.")
        self._wins = settings
        self._built = built_settings(self.parts)
        super().__init__(trial, checkpoints=checkpoints, save_every=save_every)
        self._reports = 0
        self._verified = False
        if self._files is not None and trial.resume_from is not None:
            self._restore(trial.resume_from)

    def __call__(self, *, step: int | None = None, **metrics: Any) -> None:
        """Report how the training goes, and save a checkpoint where one is due.

        Args:
            step: At which step; by default the current epoch. See :meth:`sturgeon.LiveTrial.report`.
            metrics: Any number of values by name: numbers, or tensors of one number.

        Raises:
            StudyError: A metric is not a number.
            InputError: A part holds other things than tensors and plain values.
        """
        trial = self.trial
        trial.report(step=step, **metrics)
        self._reports += 1
        self._unsaved = True
        if self._files is not None and (
            trial.in_last_epoch or trial.stopped or self._schedule.due(self._reports)
        ):
            self.save()

    @property
    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [part for part in self.parts.values() if isinstance(part, torch.optim.Optimizer)]

    def _write(self, path: Path) -> None:
        state = {name: state_of(part) for name, part in self.parts.items()}
        torch.save({**state, _RANDOM: random_states(), _BUILT: self._built}, path)
        if not self._verified:  # before it is relied upon
            load_checkpoint(path)
            self._verified = True

    def _restore(self, path: str) -> None:
        state = load_checkpoint(path)
        missing = [name for name in self.parts if name not in state]
        if missing:
            raise InputError(
                f"A checkpoint must hold the parts of this report; {path!r} has {sorted(state)} and no "
                f"{missing[0]!r}. Remove it, and the study with it, or give the parts it was made with."
            )
        for name, part in self.parts.items():
            try:
                set_state(part, state[name])
            except (RuntimeError, ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"A checkpoint must fit what it is loaded into; {path!r} does not fit {name!r} "
                    f"({one_line(error)}). Build what the configuration built before."
                ) from error
        is_copy = self.trial.copied_from is not None
        if _RANDOM in state and not is_copy:
            restore_random_states(state[_RANDOM])
        before = state.get(_BUILT, {})
        changed = changed_settings(before, self._built)
        if changed and (is_copy or self._wins == "code"):
            take_new_settings(self.parts, before, self._built)
        elif changed:
            self._built = before
            told = ", ".join(f"{name} {new:g} instead of {old:g}" for name, (old, new) in changed.items())
            _log.warning(
                "Trial %d goes on with the optimiser's settings of its checkpoint; the code has %s. "
                'Report(..., settings="code") goes on with these.',
                self.trial.number,
                told,
            )


def check_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """Check that a checkpoint can hold some parts.

    Raises:
        InputError: There are none, or one cannot be kept.
    """
    if not parts:
        raise InputError(
            "A report needs what a checkpoint is to hold; got no parts. "
            "Write Report(trial, model=model, optimizer=optimizer)."
        )
    for name, part in parts.items():
        keeps = hasattr(part, "state_dict") and hasattr(part, "load_state_dict")
        if name in (_RANDOM, _BUILT) or not (keeps or isinstance(part, torch.Generator)):
            raise InputError(
                f"A part must have `state_dict` and `load_state_dict` and a name other than {_RANDOM!r} and "
                f"{_BUILT!r}; got {name}={type(part).__name__}. Leave it out."
            )
    return parts


def state_of(part: Any) -> Any:
    """What a checkpoint holds of a part."""
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()


def set_state(part: Any, state: Any) -> None:
    """Make a part what it was."""
    if isinstance(part, torch.Generator):
        part.set_state(state)
    else:
        part.load_state_dict(state)
