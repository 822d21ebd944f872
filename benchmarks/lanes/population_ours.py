"""The lane engine, as ``population.py`` measures it: through its public face, in this or in a fresh process.

    python benchmarks/lanes/population_ours.py '{"do": "mixed", "table": "digits", "epochs": 30}'

prints one line of JSON. A fresh process shows what a user's has: programs come from the compilation cache.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from population_cases import CLASSES, FEATURES, ROWS, Case, synthetic_table
from sturgeon.caviar.backends.device_choice import table_backend
from sturgeon.caviar.events import Broken, Diverged, EpochDone, TooLarge
from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.devices import lane_devices
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import ClassTarget, Dataset, Preprocessing, prepare
from sturgeon.data.features.aligned import empty_aligned
from sturgeon.space import Config, Constant, Space, standard_space
from sturgeon.study import Objective

_VALIDATION_ROWS = 64


@dataclass(frozen=True)
class Trained:
    """What training some jobs took.

    Attributes:
        seconds: From handing the first in to the end of the last.
        cpu: Processor seconds meanwhile.
        epochs: Epochs trained, summed over the jobs.
        padding: Share of the arithmetic spent on units and rows that only fill a shape up.
        idle: Share spent in lanes that no job trained in.
    """

    seconds: float
    cpu: float
    epochs: int
    padding: float
    idle: float


def train(backend: TrainingBackend, configs: list[Config], epochs: int) -> Trained:
    """Train each configuration as a job, for so many epochs, and throw the networks away."""
    trainer = LaneTrainer(backend, Objective("val_loss", "minimize"), epochs)
    started, cpu, done = time.perf_counter(), time.process_time(), 0
    with trainer.open() as lanes:
        for number, config in enumerate(configs):
            lanes.start(TrainingJob(number, number, config))
        while lanes.in_flight:
            event = lanes.next_event()
            assert not isinstance(event, Broken | TooLarge | Diverged), event
            done += isinstance(event, EpochDone)
        seconds, usage = time.perf_counter() - started, lanes.usage
        cpu = time.process_time() - cpu
    return Trained(seconds, cpu, done, usage.padding / usage.spent, usage.idle / usage.spent)


def fixed_space(config: Config) -> Space:
    """The space that holds one configuration only, so that nothing is padded."""
    fixed: dict[str, Any] = {name: Constant(value) for name, value in config.items() if value is not None}
    return Space(**fixed)


def case_config(case: Case) -> Config:
    """A configuration of equal shape for every job."""
    return {
        "hidden_units": case.units,
        "layers": case.layers,
        "batch_size": case.batch,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "schedule": "constant",
    }


def synthetic_dataset(validation_rows: int = _VALIDATION_ROWS, rows: int = ROWS) -> Dataset:
    """The synthetic table; a few validation rows, since the engine judges every epoch."""
    inputs, classes = synthetic_table(rows + 2 * validation_rows)
    aligned = empty_aligned(inputs.shape, inputs.dtype)
    aligned[:] = inputs
    x = np.split(aligned, [rows, rows + validation_rows])
    y = np.split(classes, [rows, rows + validation_rows])
    assert x[0].shape[1] == FEATURES
    target = ClassTarget("class", tuple(str(label) for label in range(CLASSES)))
    parts = (x[0], y[0], x[1], y[1], x[2], y[2])
    test_rows = np.arange(len(classes) - len(y[2]), len(classes))
    return Dataset("classification", "it is", "class", *parts, Preprocessing((), (), target), test_rows)


def real_dataset(table: str) -> Dataset:
    """``"digits"``, from scikit-learn, or the file of Adult's training table."""
    if table == "digits":
        from sklearn.datasets import load_digits

        inputs, labels = load_digits(return_X_y=True)
        return prepare((inputs, labels), seed=0)
    return prepare(Path(table), "income", seed=0)


def mixed_configs(count: int) -> list[Config]:
    """Random configurations of the standard space, seed 0."""
    return [dict(config) for config in standard_space().sample(count, 0)]


def lanes_of(backend: TrainingBackend, config: Config) -> int:
    """How many jobs fill every lane of every core with one configuration."""
    devices = backend.devices
    return backend.lanes(backend.block_of(config), devices[0]) * len(devices)


def train_mixed(table: str, trials: int, epochs: int) -> dict[str, Any]:
    """The standard space as it is."""
    dataset = real_dataset(table)
    lane_devices()
    trained = train(table_backend(dataset, standard_space(), epochs), mixed_configs(trials), epochs)
    return {**vars(trained), "rows": len(dataset.y_train)}


def train_equal_blocks(table: str, trials: int, epochs: int) -> dict[str, Any]:
    """Each configuration in lanes full of its like, by its own exact shape: seconds of one network-epoch.

    A training of one epoch comes before, so that what is made once for a shape is not counted.
    """
    dataset = real_dataset(table)
    seconds = []
    for config in mixed_configs(trials):
        kind = table_backend(dataset, fixed_space(config), epochs)
        jobs = [config] * lanes_of(kind, config)
        train(kind, jobs, 1)
        trained = train(kind, jobs, epochs)
        seconds.append(trained.seconds / trained.epochs)
    return {"seconds": seconds, "rows": len(dataset.y_train)}


def main() -> None:
    """Do as the argument says, and print what came of it."""
    order = json.loads(sys.argv[1])
    what = {"mixed": train_mixed, "blocks": train_equal_blocks}[order.pop("do")]
    print(json.dumps(what(**order)))


if __name__ == "__main__":
    main()
