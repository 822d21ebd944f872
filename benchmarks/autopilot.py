"""The autopilot from bad starting points, beside no hand at all, ReduceLROnPlateau, and a tuned constant.

Learning rates over five decades on digits, a made table and one convolutional network. Compared is the
validation loss at the end; the tuned constant is the best of the
same learning rates held constant, trained 1.5 times as long::

    python benchmarks/autopilot.py                 # digits and a made table, 20 starts
    python benchmarks/autopilot.py --starts 5 --epochs 12 --tasks digits
    python benchmarks/autopilot.py --tasks digits,table,convolution
"""

from __future__ import annotations

import argparse
import functools
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from sturgeon.data import Dataset, prepare
from sturgeon.panda.beginning import tend
from sturgeon.panda.coach.coaching import Coaching
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space

FACTOR, PATIENCE = 0.1, 3  # of ReduceLROnPlateau; ten, its default, is a third of these trainings


def digits() -> Dataset:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return prepare((x, y.astype(str)), seed=0, folds=1)


def made_table() -> Dataset:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 14))
    score = x[:, 0] + x[:, 1] ** 2 - x[:, 2] * x[:, 3] + 0.5 * rng.normal(size=len(x))
    return prepare((x, np.where(score > 1, "yes", "no")), seed=0, folds=1)


def train_network(dataset: Dataset, rate: float, epochs: int, mode: str) -> tuple[float, int]:
    """Train from one learning rate; gives the last validation loss, and epochs trained in all."""
    config = {**tended_space().default(), "learning_rate": rate}
    training = NetworkTraining(dataset, config, seed=1, epochs=epochs, metric="val_loss")
    if mode == "autopilot":
        return _tended(training, dataset, epochs)
    plateau, value, trained = _Plateau(), float("nan"), 0
    while trained < epochs:
        metrics = training.step()
        if metrics is None:
            continue
        trained, value = trained + 1, metrics["val_loss"]
        if mode == "plateau" and plateau.reduces(value):
            training.apply({"learning_rate": training.values["learning_rate"] * FACTOR})
    return value, trained


def _tended(training: NetworkTraining, dataset: Dataset, epochs: int) -> tuple[float, int]:
    """With the autopilot; epochs that a rewind throws away count."""
    space, trained, value = tended_space(), 0, float("nan")
    with tempfile.TemporaryDirectory() as folder:
        coach = Coaching(epochs, autopilot=True, bounds={"learning_rate": (1e-6, 1.0)})
        run = tend(f"{folder}/run.study", training, space, RunOptions(), coach=coach)
        with run:
            while run.at.epoch < epochs and trained < epochs and not run.stopped:
                run.poll()
                run.between_epochs = False
                metrics = training.step()
                if metrics is None:
                    run.at = training.at
                else:
                    trained, value = trained + 1, metrics["val_loss"]
                    run.end_epoch(metrics, training.at)
    return value, trained


class _Plateau:
    """Keras's and PyTorch's rule: a tenth after ten epochs, here three, without a better value."""

    def __init__(self) -> None:
        self.best, self.waited = float("inf"), 0

    def reduces(self, value: float) -> bool:
        if value < self.best * (1 - 1e-4):
            self.best, self.waited = value, 0
            return False
        self.waited += 1
        if self.waited <= PATIENCE:
            return False
        self.waited = 0
        return True


class _Convolution:
    """A small convolutional network of PyTorch on digits."""

    def __init__(self) -> None:
        import torch

        data = digits()
        self.x = torch.tensor(np.asarray(data.x_train)[:, :64] if data.features >= 64 else data.x_train)
        self.y = torch.tensor(np.asarray(data.y_train).astype("int64"))
        self.vx = torch.tensor(np.asarray(data.x_validation))
        self.vy = torch.tensor(np.asarray(data.y_validation).astype("int64"))

    def train(self, rate: float, epochs: int, mode: str) -> tuple[float, int]:
        import torch
        from torch.nn import functional

        from sturgeon.frameworks.torch import Panda

        torch.manual_seed(1)
        torch.set_num_threads(1)
        width = self.x.shape[1]
        model = torch.nn.Sequential(
            torch.nn.Unflatten(1, (1, width)), torch.nn.Conv1d(1, 16, 5, padding=2), torch.nn.ReLU(),
            torch.nn.Conv1d(16, 16, 5, padding=2, stride=2), torch.nn.ReLU(), torch.nn.Flatten(),
            torch.nn.LazyLinear(10),
        )  # fmt: skip
        model(self.x[:2])
        optimizer = torch.optim.Adam(model.parameters(), rate)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=FACTOR, patience=PATIENCE)

        def one_epoch(step: Callable[[], object]) -> tuple[float, float]:
            total, order = 0.0, torch.randperm(len(self.x))
            for rows in order.split(64):
                loss = functional.cross_entropy(model(self.x[rows]), self.y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step()
                total += loss.item() * len(rows)
            with torch.no_grad():
                return total / len(self.x), functional.cross_entropy(model(self.vx), self.vy).item()

        value, trained = float("nan"), 0
        if mode != "autopilot":
            for _ in range(epochs):
                _, value = one_epoch(lambda: None)
                if mode == "plateau":
                    scheduler.step(value)
            return value, epochs
        with tempfile.TemporaryDirectory() as folder:
            coach = Coaching(epochs, autopilot=True, bounds={"learning_rate": (1e-6, 1.0)})
            with Panda(f"{folder}/run.study", model=model, optimizer=optimizer, coach=coach) as run:
                for _ in run.epochs(epochs):
                    train, value = one_epoch(run.step)
                    run.report(train_loss=train, val_loss=value)
                    trained += 1
                    if trained >= epochs:
                        break
        return value, trained


def compare(task: str, starts: np.ndarray, epochs: int) -> dict[str, Any]:
    train: Callable[[float, int, str], tuple[float, int]]
    if task == "convolution":
        train = _Convolution().train
    else:
        train = functools.partial(train_network, digits() if task == "digits" else made_table())
    longer = round(1.5 * epochs)
    losses = {
        mode: np.array([train(rate, epochs, mode)[0] for rate in starts])
        for mode in ("no hand", "plateau", "autopilot")
    }
    constants = [train(rate, longer, "no hand")[0] for rate in starts]
    tuned = float(np.nanmin(constants))
    return {
        "task": task,
        "tuned": tuned,
        **{n: np.where(np.isfinite(v), v, np.inf) for n, v in losses.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--tasks", default="digits,table")
    given = parser.parse_args()
    starts = np.logspace(-5, 0, given.starts)
    print(
        f"final validation loss, median over {given.starts} learning rates from 1e-5 to 1; "
        f"{given.epochs} epochs"
    )
    print(
        f"{'task':<12} {'no hand':>9} {'plateau':>9} {'autopilot':>9} {'worst':>9} "
        f"{'tuned, 1.5x':>12}  autopilot/tuned"
    )
    for task in given.tasks.split(","):
        found = compare(task, starts, given.epochs)
        medians = [float(np.median(found[mode])) for mode in ("no hand", "plateau", "autopilot")]
        worst = float(np.max(found["autopilot"]))
        print(
            f"{task:<12} {medians[0]:9.4f} {medians[1]:9.4f} {medians[2]:9.4f} {worst:9.4f} "
            f"{found['tuned']:12.4f}"
            f"  {medians[2] / found['tuned']:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
