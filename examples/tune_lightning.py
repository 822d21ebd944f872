"""Tune a Lightning module: breast cancer, malignant or benign.

Run it with ``python examples/tune_lightning.py``. The best of 12 trials comes to a validation loss of 0.066.
The environment variable TRIALS sets another number of trials.
"""

import logging
import os
import warnings

import lightning
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

import sturgeon as st
from sturgeon.frameworks.lightning import Report

space = st.Space(
    learning_rate=st.Real(1e-4, 1e-1, scale="log", priority=1),
    hidden_units=st.Integer(16, 64),
    dropout=st.Real(0.0, 0.5),
)


class Classifier(lightning.LightningModule):
    """Two layers."""

    def __init__(self, learning_rate, hidden_units, dropout):
        super().__init__()
        self.learning_rate = learning_rate
        self.network = torch.nn.Sequential(
            torch.nn.Linear(30, hidden_units),
            torch.nn.ReLU(),
            torch.nn.Dropout(dropout),
            torch.nn.Linear(hidden_units, 2),
        )

    def training_step(self, batch, _):
        """The loss of a batch."""
        return torch.nn.functional.cross_entropy(self.network(batch[0]), batch[1])

    def validation_step(self, batch, _):
        """Log the loss, which is what the trial reports."""
        self.log("val_loss", torch.nn.functional.cross_entropy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        """Adam."""
        return torch.optim.Adam(self.parameters(), self.learning_rate)


def train(trial):
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.manual_seed(trial.seed)
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    scaler = StandardScaler().fit(X_train)
    training, validation = (
        TensorDataset(torch.as_tensor(scaler.transform(x)).float(), torch.as_tensor(label))
        for x, label in ((X_train, y_train), (X_val, y_val))
    )
    trainer = lightning.Trainer(
        max_epochs=10,
        callbacks=[Report(trial)],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        Classifier(**trial.config),
        DataLoader(training, 32, shuffle=True),
        DataLoader(validation, 256),
        ckpt_path=trial.resume_from,
    )


trials = int(os.environ.get("TRIALS", "12"))
study = st.tune(train, space, minimize="val_loss", trials=trials, stopping=st.MedianRule(), seed=0)
print(f"best of {trials} trials: loss {study.best.value:.3f} with {study.best.config}")
