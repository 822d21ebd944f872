"""Tune a PaddlePaddle model that its own ``fit`` trains: three kinds of wine.

Run it with ``python examples/tune_paddle.py``. The best of 12 trials gets all validation wines
right. The environment variable TRIALS sets another number of trials.
"""

import os

import numpy as np
import paddle
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import sturgeon as st
from sturgeon.frameworks.paddle import Report, load_weights

space = st.Space(
    learning_rate=st.Real(1e-4, 1e-1, scale="log", priority=1),
    hidden_units=st.Integer(8, 64),
    batch_size=st.Integer(8, 32, scale="power_of_two"),
)


def build(config):
    return paddle.nn.Sequential(
        paddle.nn.Linear(13, config["hidden_units"]),
        paddle.nn.ReLU(),
        paddle.nn.Linear(config["hidden_units"], 3),
    )


def train(trial):
    paddle.seed(trial.seed % 2**31)
    np.random.seed(trial.seed % 2**32)  # noqa: NPY002  (PaddlePaddle shuffles rows by it)
    X, y = load_wine(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    scaler = StandardScaler().fit(X_train)
    training, validation = (
        paddle.io.TensorDataset(
            [
                paddle.to_tensor(np.asarray(scaler.transform(x), "float32")),
                paddle.to_tensor(np.asarray(label)[:, None]),
            ]
        )
        for x, label in ((X_train, y_train), (X_val, y_val))
    )
    network = build(trial.config)
    model = paddle.Model(network)
    optimizer = paddle.optimizer.Adam(trial.config["learning_rate"], parameters=network.parameters())
    model.prepare(optimizer, paddle.nn.CrossEntropyLoss(), paddle.metric.Accuracy())
    rows = paddle.io.DataLoader(training, batch_size=trial.config["batch_size"], shuffle=True)
    model.fit(rows, validation, batch_size=64, epochs=15, verbose=0, callbacks=[Report(trial)])


trials = int(os.environ.get("TRIALS", "12"))
study = st.tune(train, space, maximize="val_acc", trials=trials, seed=0)
best = build(study.best.config)
assert study.best.checkpoint is not None
best.set_state_dict(load_weights(study.best.checkpoint))
print(f"best of {trials} trials: {study.best.value:.3f} right with {study.best.config}")
