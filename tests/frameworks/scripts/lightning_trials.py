"""Trials of a Lightning module, each a case; prints what became of them as JSON."""

import os
import signal
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping
from torch.utils.data import DataLoader, TensorDataset
from trial_cases import Trap, tune_cases

from sturgeon.frameworks.lightning import Report

CASES = ("whole", "killed", "stopped", "forgotten", "unsafe", "gpu", "silent", "early")


class Module(lightning.LightningModule):
    """Batch norm, dropout, and a schedule that looks at the validation."""

    def __init__(self, silent):
        super().__init__()
        self.silent = silent
        self.network = torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.3), torch.nn.Linear(8, 1)
        )

    def loss(self, batch):
        return (self.network(batch[0])[:, 0] - batch[1]).square().mean()

    def training_step(self, batch, _):
        loss = self.loss(batch)
        self.log("train_loss", loss, on_epoch=True, on_step=False)
        return loss

    def validation_step(self, batch, _):
        self.log("other_loss" if self.silent else "val_loss", self.loss(batch))

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), 0.05)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.9)
        if self.silent:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": "val_loss"}}


class KillInEpoch(lightning.Callback):
    """Kills the worker when an epoch has begun."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_start(self, trainer, module, batch, number):
        if trainer.current_epoch == self.epoch:
            os.kill(os.getpid(), signal.SIGKILL)


def train(trial):
    case = trial.config["case"]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    x = torch.randn(24, 4)
    rows = TensorDataset(x, x.sum(1))
    more, path = [], trial.resume_from
    first = trial.attempt == 1
    if case == "killed" and first:
        more = [KillInEpoch(2)]
    elif case == "forgotten" and not first:
        path = None
    elif case == "unsafe" and not first:
        torch.save({"state_dict": Trap()}, path)
    elif case == "early":
        more = [EarlyStopping("val_loss", stopping_threshold=1e9)]
    report = Report(trial, checkpoints="kept", save_every=100 if case == "early" else 1)
    trainer = lightning.Trainer(
        max_epochs=4, callbacks=[report, *more], logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        accelerator="gpu" if case == "gpu" else "cpu",
    )  # fmt: skip
    module = Module(case == "silent")
    trainer.fit(module, DataLoader(rows, 6, shuffle=True), DataLoader(rows, 24), ckpt_path=path)
    (path,) = Path("kept").glob(f"trial-{trial.number}-*")
    kept = Module.load_from_checkpoint(path, silent=case == "silent").state_dict()
    trained = module.state_dict()
    assert all(torch.equal(kept[name], trained[name]) for name in trained), "the file is not the network"


tune_cases(train, CASES)
