"""Lightning: a callback that reports a trial's validation, ends it early, and keeps its checkpoints."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from sturgeon.frameworks.common.extras import missing_extra

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ModuleNotFoundError:
    raise missing_extra("Lightning", "lightning") from None

from sturgeon.errors import InputError
from sturgeon.frameworks.common.epoch_callbacks import EpochCallback
from sturgeon.frameworks.torch.checkpoint import load_checkpoint, random_states, restore_random_states
from sturgeon.frameworks.torch.optimizer_settings import (
    Built,
    OptimizerSettings,
    built_settings,
    take_new_settings,
)

_BUILT = "sturgeon_built"  # under which it holds the settings that the optimisers were built with
_RANDOM = "sturgeon_random"  # under which a checkpoint holds where the random generators stand


class Report(OptimizerSettings, EpochCallback, Callback):
    """Reports a trial that ``Trainer.fit`` trains: after each epoch, all that the module has logged.

    Where there is validation, an epoch is reported if it was validated. When the trial is to stop, the
    trainer stops after the epoch. Checkpoints are Lightning's own, with the states of the random generators
    in them; give ``ckpt_path=trial.resume_from`` to ``fit``, and an attempt that was killed or paused is
    resumed exactly. A trial that goes on from the checkpoint of another (``st.PopulationBasedTraining``) has
    its own optimiser settings and its own seed. Checkpoints must hold tensors and plain values only, which
    this callback checks before Lightning reads one.

    The arguments are those of :class:`sturgeon.frameworks.common.report.TrialReport`.

    Example:
        In a training function::

            def train(trial):
                lightning.seed_everything(trial.seed % 2**32)
                trainer = lightning.Trainer(
                    max_epochs=20, callbacks=[Report(trial)], logger=False, enable_checkpointing=False
                )
                trainer.fit(Classifier(**trial.config), training, validation, ckpt_path=trial.resume_from)

            study = st.tune(train, space, minimize="val_loss", trials=32)
    """

    ending = ".ckpt"

    _trainer: Trainer | None = None
    _built: Built | None = None
    _parents: Built | None = None  # those of the trial that this one is a copy of
    _random: dict[str, Any] | None = None
    _loops: dict[str, Any] | None = None
    _saving = False
    _validated = False
    _verified = False

    # -- what Lightning calls --------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Look at the checkpoint before Lightning reads it."""
        if stage == "fit":
            self._trainer = trainer
            if self._resume_from is not None:
                kept = load_checkpoint(self._resume_from)
                if self.trial.copied_from is None:
                    self._random = kept.get(_RANDOM)
                else:
                    self._parents = kept.get(_BUILT)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See that Lightning read it, and have the random generators go on from where they stood."""
        given = None if trainer.ckpt_path is None else str(trainer.ckpt_path)
        if given != self._resume_from:
            raise InputError(
                f"`fit` must go on from the trial's checkpoint; got ckpt_path={given!r} where the trial has "
                f"{self._resume_from!r}. Write trainer.fit(..., ckpt_path=trial.resume_from)."
            )
        self._built = built_settings(_optimizers_and_schedules(trainer))
        if self._random is not None:
            restore_random_states(self._random)
        self._random = random_states()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to count."""
        if trainer.max_epochs is None or trainer.max_epochs < 1:
            raise InputError(
                f"A trial must know how many epochs it has; got max_epochs={trainer.max_epochs}. "
                "Write Trainer(max_epochs=20)."
            )
        if self._parents is not None and self._built is not None:
            take_new_settings(_optimizers_and_schedules(trainer), self._parents, self._built)
        self._begin(trainer.max_epochs)
        self._random = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save a checkpoint of the epoch before."""
        self._next_epoch()
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that this epoch is validated."""
        self._validated = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report, and end the training if the trial is to stop."""
        wanted = self._validated or not trainer.enable_validation
        logged = {
            name: value.item() for name, value in trainer.callback_metrics.items() if value.numel() == 1
        }
        if self._report(logged if wanted else {}):
            trainer.should_stop = True
        # Lightning can resume from where the loops stand now. All else is saved later, when schedules
        # that look at the validation have taken their step, which Lightning's own checkpoints lack.
        self._loops = copy.deepcopy(trainer.fit_loop.state_dict())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save a checkpoint of the last epoch."""
        self._save_last()

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Complete a checkpoint of our own: where the loops stood, and the random generators stand."""
        if self._saving:
            checkpoint[_RANDOM] = random_states() if self._random is None else self._random
            checkpoint[_BUILT] = self._built
            if self._loops is not None:
                checkpoint["loops"]["fit_loop"] = self._loops

    # -- the rest --------------------------------------------------------------------------------

    @property
    def _resume_from(self) -> str | None:
        return None if self._files is None else self.trial.resume_from

    @property
    def _optimizers(self) -> list[Any]:
        return [] if self._trainer is None else list(self._trainer.optimizers)

    def _write(self, path: Path) -> None:
        assert self._trainer is not None
        self._saving = True
        try:
            self._trainer.save_checkpoint(path)
        finally:
            self._saving = False
        if not self._verified:  # before it is relied upon
            load_checkpoint(path)
            self._verified = True


def _optimizers_and_schedules(trainer: Trainer) -> dict[str, Any]:
    schedules = {f"schedule {n}": one.scheduler for n, one in enumerate(trainer.lr_scheduler_configs)}
    return {**{f"optimizer {n}": one for n, one in enumerate(trainer.optimizers)}, **schedules}
