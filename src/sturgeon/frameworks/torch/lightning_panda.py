"""Lightning: a callback that has ``Trainer.fit`` tended by hand."""

from __future__ import annotations

from typing import Any

from sturgeon.frameworks.common.extras import missing_extra

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ModuleNotFoundError:
    raise missing_extra("Lightning", "lightning") from None

from sturgeon.frameworks.common.tending import TendedEpochs
from sturgeon.frameworks.torch.panda import TorchTraining


class Panda(TendedEpochs, Callback):
    """Tends ``Trainer.fit``: changes at a mini-batch, checkpoints, branches and rewinds between two epochs.

    Reported is, after each epoch, all that the module has logged; the objective must be among it. The trainer
    counts epochs that are trained again too; its ``max_epochs`` grows by them, so that each branch has as
    many.

    The arguments are those of :class:`sturgeon.frameworks.common.tending.TendedEpochs`.

    Example:
        In a script::

            trainer = Trainer(max_epochs=30, callbacks=[Panda("run.study")])
            trainer.fit(module, training, validation)
    """

    _validated = False

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to listen."""
        schedules = {f"schedule {n}": one.scheduler for n, one in enumerate(trainer.lr_scheduler_configs)}
        optimizers = {f"optimizer {n}": one for n, one in enumerate(trainer.optimizers)}
        if self._epochs is None and trainer.max_epochs and trainer.max_epochs > 0:
            self._epochs = trainer.max_epochs
        self._begin(TorchTraining({"model": pl_module, **optimizers, **schedules}))
        self._leave_room(trainer, trainer.current_epoch)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Carry out what was asked."""
        if self._after_batch():
            trainer.should_stop = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report, and carry out what waits for the end of an epoch."""
        logged = {n: v.item() for n, v in trainer.callback_metrics.items() if v.numel() == 1}
        if self._after_epoch(logged):
            trainer.should_stop = True
        self._leave_room(trainer, trainer.current_epoch + 1)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the run."""
        self._finish()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Keep what there is, to be resumed."""
        self._finish(interrupted=True)

    def _leave_room(self, trainer: Trainer, trained: int) -> None:
        """Let the trainer, which has trained so many epochs, have those that are left on this branch."""
        if self.run is not None and self._epochs is not None:
            trainer.fit_loop.max_epochs = trained + max(self._epochs - self.run.at.epoch, 0)
