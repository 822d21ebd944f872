"""Keras on JAX: lanes in this very process, each with averages, dropout and optimiser settings of its own."""

import threading

import keras
import numpy as np

import sturgeon as st
from sturgeon.caviar.events import TrainingDone
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.models.backend import Alone
from sturgeon.caviar.models.rows import read_rows
from sturgeon.frameworks.keras import make_trainer, tune
from sturgeon.study import Objective

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4)).astype(np.float32)
y = X[:, 0] + X[:, 1] ** 2
ROWS = read_rows(((X[:60], y[:60]), (X[60:], y[60:])))
SPACE = st.Space(
    learning_rate=st.Real(1e-3, 1e-1, scale="log"), momentum=st.Real(0.5, 0.9), dropout=st.Real(0.1, 0.5)
)


def build(config):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, kernel_regularizer=keras.regularizers.L2(1e-3)),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.Dropout(config["dropout"]),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(config["learning_rate"], momentum=config["momentum"]), loss="mse")
    return model


def config(**changes):
    return {"learning_rate": 0.02, "momentum": 0.8, "dropout": 0.2, **changes}


def train(jobs, **options):
    objective = Objective("val_loss", "minimize")
    trainer = make_trainer(build, objective=objective, rows=ROWS, space=SPACE, epochs=3, batch=16, **options)
    events = list(trainer.train(jobs, threading.Event()))
    networks = {event.number: event.network for event in events if isinstance(event, TrainingDone)}
    curves = {}
    for event in events:
        if hasattr(event, "metrics"):
            curves.setdefault(event.number, []).append(event.metrics)
    blocks = [trainer.backend.block_of(job.config) for job in jobs]
    return curves, networks, blocks


probe = TrainingJob(0, 5, config())
others = [
    TrainingJob(1, 6, config(learning_rate=1e30)),
    TrainingJob(2, 7, config(dropout=0.5, momentum=0.6)),
    TrainingJob(3, 8, config()),
]
curves, networks, blocks = train([probe])
beside, of_beside, blocks = train([*others, probe])
assert len(set(blocks)) == 1, "a number made a group"
assert beside[0] == curves[0], "a neighbour changed a lane"
assert all(map(np.array_equal, networks[0].weights, of_beside[0].weights))
assert 1 not in of_beside
assert beside[3] != beside[0], "two seeds gave the same lane"

# A lane's mathematics is that of Keras's own `fit`; dropout off, whose masks differ.
plain = TrainingJob(0, 5, config(dropout=0.0))
fitted, _, blocks = train([plain], fuse=False)
assert all(isinstance(block, Alone) for block in blocks)
backend, _, _ = train([plain])
for one, other in zip(backend[0], fitted[0], strict=True):
    assert abs(one["val_loss"] - other["val_loss"]) < 1e-3 * abs(one["val_loss"]), (one, other)


# `keras.tune(fused=True)` trains in these lanes too.
def data_of(part):
    return lambda: (part.x, part.y)


result = tune(
    build,
    SPACE,
    data_of(ROWS.training),
    tuple(ROWS.validation),
    epochs=2,
    fused=True,
    trials=2,
    progress=False,
)
assert result.study.counts()["complete"] == 2
loss = float(np.mean((result.best.predict(ROWS.validation.x)[:, 0] - ROWS.validation.y) ** 2))
assert abs(loss - result.study.best.value) < 0.05 * loss, (loss, result.study.best.value)
