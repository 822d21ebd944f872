"""PyTorch: checkpoints of a training loop, and an optimiser whose settings change while it runs.

A plain loop needs nothing of this: ``for epoch in trial.epochs(20): …; trial.report(val_loss=…)`` is all.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from sturgeon.frameworks.common.extras import missing_extra

try:
    import torch
except ModuleNotFoundError:
    raise missing_extra("PyTorch", "torch") from None

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.errors import InputError
from sturgeon.frameworks.common.checkpoint_files import CheckpointFiles, checkpoint_files
from sturgeon.frameworks.common.checkpoint_schedule import SaveTimes
from sturgeon.frameworks.common.random_states import host_random, restore_host_random
from sturgeon.frameworks.torch.optimizer_settings import change_settings, read_settings

_RANDOM = "random"  # under which a checkpoint holds where the random generators stand


class Report:
    """Reports a trial that trains in PyTorch, with a checkpoint each time.

    An attempt that was killed or paused is gone on with exactly: weights, optimiser, schedule and random
    generators (PyTorch's, CUDA's, NumPy's and Python's) are those of the last checkpoint. So make the
    ``Report`` when all its parts are there, just before the loop, and call it last in each epoch.

    A checkpoint is what ``torch.save`` writes, with tensors and plain values only. The last one of the
    best trial stays: ``load_checkpoint(study.best.checkpoint)["model"]`` has the weights.

    Args:
        trial: The trial.
        checkpoints: A folder for checkpoint files; True for the trial's own, which goes when the trial
            has ended unless it is the best; False for none.
        save_every: After how many reports a checkpoint is written, at least 1; by default every ten seconds,
            or less often where that would take over half a per cent of the time; and whenever the trial is
            to end. After a kill, the epochs since then are trained again. In a loop without
            ``trial.epochs``, where nobody knows which report is the last, each is followed by one.
        parts: What a checkpoint holds, by name: models, optimisers, schedules, gradient scalers (all that
            has ``state_dict`` and ``load_state_dict``), and ``torch.Generator``.

    Raises:
        InputError: A part cannot be kept, or the checkpoint to go on from cannot be used.

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

    def __init__(
        self,
        trial: LiveTrial,
        *,
        checkpoints: bool | str | os.PathLike[str] = True,
        save_every: int | None = None,
        **parts: Any,
    ) -> None:
        self.trial = trial
        self.parts = _check_parts(parts)
        self._times = SaveTimes(save_every)
        self._reports = 0
        self._verified = False
        self._files = checkpoint_files(trial, checkpoints, ".pt")
        trial.can_save = self._files is not None
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
        self.trial.report(step=step, **metrics)
        self._reports += 1
        if self._files is not None and (self._ends or self._times.due(self._reports)):
            with self._times.saving():
                self._save(self._files)

    def set(self, **settings: float) -> None:
        """Change settings of the running optimisers, from the next step on; checkpoints keep them.

        A schedule that multiplies the current rate (``StepLR``, ``ExponentialLR``, ``CosineAnnealingLR``)
        goes on from what is set; one that computes it anew (``LambdaLR``, ``OneCycleLR``) overrides it.

        Args:
            settings: ``learning_rate``, ``momentum`` (of Adam and its kin the first beta), or another number
                that the optimiser has by that name, such as ``weight_decay``.

        Raises:
            InputError: No optimiser has such a setting, or the value is out of its range.

        Example:
            >>> from sturgeon.caviar.workers.messages import Start
            >>> model = torch.nn.Linear(2, 1)
            >>> trial = LiveTrial(Start(0, {}, seed=1), channel=None)
            >>> report = Report(trial, checkpoints=False, optimizer=torch.optim.Adam(model.parameters(), 0.1))
            >>> report.set(learning_rate=0.05, momentum=0.8)
            >>> report.settings
            {'learning_rate': 0.05, 'momentum': 0.8}
        """
        change_settings(self._optimizers, settings)

    @property
    def settings(self) -> dict[str, float]:
        """The learning rate and, where it has one, the momentum of the first optimiser."""
        return read_settings(self._optimizers)

    @property
    def _ends(self) -> bool:
        """Whether this report may be the last of the trial, or of this attempt."""
        return self.trial.in_last_epoch or self.trial.stopped

    @property
    def _optimizers(self) -> list[torch.optim.Optimizer]:
        return [part for part in self.parts.values() if isinstance(part, torch.optim.Optimizer)]

    def _save(self, files: CheckpointFiles) -> None:
        state = {name: _state_of(part) for name, part in self.parts.items()}
        state[_RANDOM] = random_states()

        def write(path: Path) -> None:
            torch.save(state, path)
            if not self._verified:  # before it is relied upon
                load_checkpoint(path)
                self._verified = True

        files.hand_over(write)

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
                _set_state(part, state[name])
            except (RuntimeError, ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"A checkpoint must fit what it is loaded into; {path!r} does not fit {name!r} "
                    f"({_one_line(error)}). Build what the configuration built before."
                ) from error
        if _RANDOM in state:
            restore_random_states(state[_RANDOM])


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint, to the CPU. Runs no code from the file.

    Args:
        path: A file that ``torch.save`` wrote, such as ``study.best.checkpoint``.

    Returns:
        Its state by part, such as ``["model"]``, for ``load_state_dict``.

    Raises:
        InputError: It is missing, damaged, or holds other things than tensors and plain values.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(
            f"A checkpoint must be where it was saved; {os.fspath(path)!r} is gone. Put it back, or start a "
            "new study."
        ) from None
    except Exception as error:  # what a damaged file may raise is not written down anywhere
        raise InputError(
            f"A checkpoint must hold tensors and plain values only; {os.fspath(path)!r} {_trouble(error)}. "
            "Keep what you can as numbers, text, lists and dicts."
        ) from error


def random_states() -> dict[str, Any]:
    """Say where the random generators stand: PyTorch's, CUDA's, NumPy's and Python's."""
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return {"torch": torch.get_rng_state(), "cuda": devices, **host_random()}


def restore_random_states(states: dict[str, Any]) -> None:
    """Let the random generators go on from there; those of GPUs only where there are as many."""
    torch.set_rng_state(states["torch"])
    if states["cuda"] and torch.cuda.is_available() and torch.cuda.device_count() == len(states["cuda"]):
        torch.cuda.set_rng_state_all(states["cuda"])
    restore_host_random(states)


def _check_parts(parts: dict[str, Any]) -> dict[str, Any]:
    if not parts:
        raise InputError(
            "A report needs what a checkpoint is to hold; got no parts. "
            "Write Report(trial, model=model, optimizer=optimizer)."
        )
    for name, part in parts.items():
        keeps = hasattr(part, "state_dict") and hasattr(part, "load_state_dict")
        if name == _RANDOM or not (keeps or isinstance(part, torch.Generator)):
            raise InputError(
                f"A part must have `state_dict` and `load_state_dict` and a name other than {_RANDOM!r}; got "
                f"{name}={type(part).__name__}. Leave it out."
            )
    return parts


def _state_of(part: Any) -> Any:
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()


def _set_state(part: Any, state: Any) -> None:
    if isinstance(part, torch.Generator):
        part.set_state(state)
    else:
        part.load_state_dict(state)


def _trouble(error: Exception) -> str:
    """Say what is wrong with a file, in a few words."""
    other = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f"holds a {other.group(1)}" if other else f"cannot be read ({_one_line(error)[:200]})"


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
