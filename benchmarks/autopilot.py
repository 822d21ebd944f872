"""The autopilot from bad starting points, beside no hand at all, ReduceLROnPlateau, and a tuned constant.

Learning rates over five decades on digits, on 3,000 rows of Adult, and for a small convolutional network of
PyTorch on the images of digits. Compared is the validation loss at the end. The tuned constant is the best of
the same learning rates held constant. The autopilot is to be at least as good, with 1.5 times its epochs; the
epochs that a rewind throws away count. Beside it stands the tuned constant with 1.5 times its own epochs, of
the three rates that were best::

    python benchmarks/autopilot.py                 # digits and the convolutional network, 20 starts
    python benchmarks/autopilot.py --tasks digits,adult,convolution --adult adult_train.csv.gz
    python benchmarks/autopilot.py --starts 5 --epochs 12 --tasks digits
    python benchmarks/autopilot.py --keep kept.jsonl     # may be ended, and goes on where it was
"""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sturgeon.data import Dataset, prepare
from sturgeon.panda.beginning import tend
from sturgeon.panda.coach.coaching import Coaching
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space

ADULT_ROWS = 3000
LONGER, BEST = 1.5, 3
FACTOR, PATIENCE = 0.1, 3  # of ReduceLROnPlateau; ten, its default, is a third of these trainings

Train = Callable[[float, int, str], tuple[float, int]]


def digits() -> Dataset:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return prepare((x, y.astype(str)), seed=0, folds=1)


def adult(path: str) -> Dataset:
    import pandas as pd

    rows = pd.read_csv(path, skipinitialspace=True).sample(ADULT_ROWS, random_state=0)
    return prepare(rows, "income", seed=0, folds=1)


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
    """A small convolutional network of PyTorch on the 8 by 8 images of digits."""

    def __init__(self) -> None:
        import torch
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(x))
        images = torch.tensor(x[order] / 16.0, dtype=torch.float32).reshape(-1, 1, 8, 8)
        labels = torch.tensor(y[order])
        self.x, self.y, self.vx, self.vy = images[:1200], labels[:1200], images[1200:], labels[1200:]

    def train(self, rate: float, epochs: int, mode: str) -> tuple[float, int]:
        import torch
        from torch.nn import functional

        from sturgeon.frameworks.torch import Panda

        torch.manual_seed(1)
        torch.set_num_threads(1)
        model = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(16, 32, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Flatten(), torch.nn.Linear(128, 10),
        )  # fmt: skip
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


class Kept:
    """Trainings that are done, a line each, so that they need not be done again.

    Args:
        path: The file; None to keep nothing.
    """

    def __init__(self, path: str | None) -> None:
        self.path = None if path is None else Path(path)
        lines = self.path.read_text().splitlines() if self.path is not None and self.path.exists() else []
        self.values = {tuple(key): value for key, value in map(json.loads, lines)}

    def value(self, task: str, train: Callable[[], Train], rate: float, epochs: int, mode: str) -> float:
        """The final loss of a training, which is done now unless it was before; infinite for NaN."""
        key = (task, mode, epochs, f"{rate:.6g}")
        if key not in self.values:
            value = float(train()(rate, epochs, mode)[0])
            self.values[key] = value if np.isfinite(value) else float("inf")
            if self.path is not None:
                with self.path.open("a") as file:
                    file.write(json.dumps([key, self.values[key]]) + "\n")
        return self.values[key]


def compare(
    task: str, train: Callable[[], Train], starts: np.ndarray, epochs: int, kept: Kept
) -> dict[str, np.ndarray]:
    """Final losses by way of training, a start each; ``tuned`` and ``longer`` are the best constants'."""

    def losses(mode: str, many: int, rates: np.ndarray = starts) -> np.ndarray:
        return np.array([kept.value(task, train, float(rate), many, mode) for rate in rates])

    more, constant = round(LONGER * epochs), losses("no hand", epochs)
    best = starts[np.argsort(constant)[:BEST]]
    return {
        "no hand": constant,
        "plateau": losses("plateau", epochs),
        "autopilot": losses("autopilot", more),
        "tuned": constant.min(keepdims=True),
        "tuned, 1.5x": losses("no hand", more, best).min(keepdims=True),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--tasks", default="digits,convolution")
    parser.add_argument("--adult", help="the file of Adult's training table")
    parser.add_argument("--keep", help="a file of the trainings that are done")
    given = parser.parse_args()
    tasks: dict[str, Callable[[], Train]] = {
        "digits": lambda: functools.partial(train_network, digits()),
        "adult": lambda: functools.partial(train_network, adult(given.adult)),
        "convolution": lambda: _Convolution().train,
    }
    starts, kept = np.logspace(-5, 0, given.starts), Kept(given.keep)
    print(
        f"final validation loss, median over {given.starts} learning rates from 1e-5 to 1; "
        f"{given.epochs} epochs, of the autopilot 1.5 times as many"
    )
    names = ("no hand", "plateau", "autopilot", "tuned", "tuned, 1.5x")
    print(f"{'task':<11} {'  '.join(f'{name:>9}' for name in names)}  worst autopilot")
    for task in given.tasks.split(","):
        found = compare(task, functools.cache(tasks[task]), starts, given.epochs, kept)
        middle = {name: float(np.median(found[name])) for name in names}
        to_tuned, to_longer = (middle["autopilot"] / middle[name] for name in ("tuned", "tuned, 1.5x"))
        print(
            f"{task:<11} {'  '.join(f'{middle[name]:{max(9, len(name))}.4f}' for name in names)}  "
            f"{np.max(found['autopilot']):15.4f}\n"
            f"{'':<11} autopilot / tuned {to_tuned:.3f} (bar 1), / tuned, 1.5x {to_longer:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
