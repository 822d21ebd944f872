"""Small trainings that are tended."""

import json

import numpy as np
import pytest

import sturgeon as st
from sturgeon.data import prepare
from sturgeon.panda.commands import give
from sturgeon.panda.opening import RunOptions
from sturgeon.panda.table.network import NetworkTraining
from sturgeon.panda.table.table_space import tended_space


class Walk:
    """A training of one weight, towards 1; what is asked of it is asked from within, so nothing waits."""

    def __init__(self, folder, **given):
        self.study = folder / "run.study"
        self.weight = 0.0
        self.given = given
        self.seen = []

    def save(self, path):
        path.write_text(json.dumps(self.weight), encoding="utf-8")

    def load(self, path):
        self.weight = json.loads(path.read_text(encoding="utf-8"))

    def open(self, **more):
        given = {"learning_rate": 0.1, "save": self.save, "load": self.load, **self.given, **more}
        return st.panda(self.study, minimize="loss", options=RunOptions(metric="loss"), **given)

    def train(self, epochs, commands=None, **more):
        """Train; commands by the epoch in whose middle they are given, once each."""
        left = dict(commands or {})
        with self.open(**more) as run:
            for epoch in run.epochs(epochs):
                for action, body in left.pop(epoch, ()):
                    give(run.record.study, action, author="Lan", **body)
                    run.poll_now()
                for _ in range(2):
                    self.weight -= run.learning_rate * 2 * (self.weight - 1)
                    run.step()
                self.seen.append((epoch, run.learning_rate, self.weight))
                run.report(loss=(self.weight - 1) ** 2)
        return self

    def tree(self):
        with st.Panda.attach(self.study) as tended:
            return tended.tree()

    def outcomes(self):
        return [entry.body for entry in self.tree().entries if entry.kind == "outcome"]


@pytest.fixture
def walk(tmp_path):
    return Walk(tmp_path)


@pytest.fixture(scope="session")
def table():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(301, 5))
    return prepare((x, np.where(x[:, 0] + x[:, 1] ** 2 > 0.5, "a", "b")), seed=0, folds=1)


@pytest.fixture(scope="session")
def network(table):
    """Make the built-in network with some hyperparameters."""

    def make(*, epochs=6, seed=3, **values):
        config = {**tended_space().default(), "hidden_units": 12, "layers": 2, "batch_size": 32, **values}
        return NetworkTraining(table, config, seed=seed, epochs=epochs, metric="val_loss")

    return make


@pytest.fixture(scope="session")
def curve():
    """Train so many epochs, and give their metrics."""

    def train(training, epochs):
        found = []
        while len(found) < epochs:
            metrics = training.step()
            if metrics is not None:
                found.append(metrics)
        return found

    return train
