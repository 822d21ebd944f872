"""Lightning: a callback that reports a trial's validation, ends it early, and keeps its checkpoints."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

from sturgeon.frameworks.common.extras import missing_extra

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ModuleNotFoundError:
    raise missing_extra("Lightning", "lightning") from None

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.errors import InputError
from sturgeon.frameworks.common.checkpoint_files import checkpoint_files
from sturgeon.frameworks.common.epoch_callbacks import CalledEpochs
from sturgeon.frameworks.torch.optimizer_settings import change_settings, read_settings
from sturgeon.frameworks.torch.report import load_checkpoint, random_states, restore_random_states

_RANDOM = "sturgeon_random"  # under which a checkpoint holds where the random generators stand


class Report(Callback):
    """Reports a trial that ``Trainer.fit`` trains: after each epoch, all that the module has logged.

    Where there is validation, an epoch is reported if it was validated. When the trial is to stop, the
    trainer stops after the epoch. Checkpoints are Lightning's own, with the states of the random generators
    in them; give ``ckpt_path=trial.resume_from`` to ``fit``, and an attempt that was killed or paused is
    gone on with exactly. They must hold tensors and plain values only, which this callback checks before
    Lightning reads one.

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

    def __init__(
        self,
        trial: LiveTrial,
        *,
        checkpoints: bool | str | os.PathLike[str] = True,
        save_every: int | None = None,
    ) -> None:
        """Take the trial.

        Args:
            trial: The trial.
            checkpoints: A folder for checkpoint files; True for the trial's own, which goes when the trial
                has ended unless it is the best; False for none.
            save_every: After how many epochs a checkpoint is written, at least 1; by default every ten
                seconds, or less often where that would take over half a per cent of the time; and whenever
                the trial is to end. After a kill, the epochs since then are trained again.

        Raises:
            InputError: ``save_every`` is not a whole number from 1.
        """
        self.trial = trial
        self._files = checkpoint_files(trial, checkpoints, ".ckpt")
        self._epochs = CalledEpochs(trial, None if self._files is None else self._save, save_every)
        self._trainer: Trainer | None = None
        self._random: dict[str, Any] | None = None
        self._loops: dict[str, Any] | None = None
        self._saving = False
        self._validated = False
        self._verified = False

    def set(self, **settings: float) -> None:
        """Change settings of the running optimisers; see :meth:`sturgeon.frameworks.torch.Report.set`."""
        change_settings(self._optimizers, settings)

    @property
    def settings(self) -> dict[str, float]:
        """The learning rate and, where it has one, the momentum of the first optimiser."""
        return read_settings(self._optimizers)

    # -- what Lightning calls --------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Look at the checkpoint before Lightning reads it."""
        if stage == "fit":
            self._trainer = trainer
            if self._resume_from is not None:
                self._random = load_checkpoint(self._resume_from).get(_RANDOM)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See that Lightning read it, and have the random generators go on from where they stood."""
        given = None if trainer.ckpt_path is None else str(trainer.ckpt_path)
        if given != self._resume_from:
            raise InputError(
                f"`fit` must go on from the trial's checkpoint; got ckpt_path={given!r} where the trial has "
                f"{self._resume_from!r}. Write trainer.fit(..., ckpt_path=trial.resume_from)."
            )
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
        self._epochs.begin(trainer.max_epochs)
        self._random = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save a checkpoint of the epoch before."""
        self._epochs.epoch_begins()
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
        if self._epochs.report(logged if wanted else {}):
            trainer.should_stop = True
        # Where the loops stand now is where Lightning can go on from. All else is saved later, when schedules
        # that look at the validation have taken their step, which Lightning's own checkpoints lack.
        self._loops = copy.deepcopy(trainer.fit_loop.state_dict())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save a checkpoint of the last epoch."""
        self._epochs.end()

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Complete a checkpoint of our own: where the loops stood, and the random generators stand."""
        if self._saving:
            checkpoint[_RANDOM] = random_states() if self._random is None else self._random
            if self._loops is not None:
                checkpoint["loops"]["fit_loop"] = self._loops

    # -- the rest --------------------------------------------------------------------------------

    @property
    def _resume_from(self) -> str | None:
        return None if self._files is None else self.trial.resume_from

    @property
    def _optimizers(self) -> list[Any]:
        return [] if self._trainer is None else list(self._trainer.optimizers)

    def _save(self) -> None:
        assert self._files is not None
        self._files.hand_over(self._write)

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
