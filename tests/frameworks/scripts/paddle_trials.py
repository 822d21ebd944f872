"""Trials of a PaddlePaddle model, each a case; prints what became of them as JSON."""

import os
import pickle
import signal
from pathlib import Path

import numpy as np
import paddle
from trial_cases import Trap, tune_cases

from sturgeon.frameworks.paddle import Report, load_weights

CASES = ("whole", "killed", "killed at the end", "stopped", "unsafe", "gpu", "silent", "early")


class KillInEpoch(paddle.callbacks.Callback):
    """Kills the worker when an epoch begins."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)


class EndAfterOneEpoch(paddle.callbacks.Callback):
    """Ends the training by itself, as an early stopping of PaddlePaddle's own does."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


def train(trial):
    case = trial.config["case"]
    if case == "gpu":
        paddle.set_device("gpu")
    paddle.seed(1)
    np.random.seed(1)  # noqa: NPY002  (PaddlePaddle shuffles rows by it)
    x = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
    rows = paddle.io.TensorDataset([paddle.to_tensor(x), paddle.to_tensor(x.sum(axis=1, keepdims=True))])
    network = paddle.nn.Sequential(
        paddle.nn.Linear(4, 8), paddle.nn.BatchNorm1D(8), paddle.nn.Dropout(0.3), paddle.nn.Linear(8, 1)
    )
    schedule = paddle.optimizer.lr.StepDecay(0.05, 6, 0.5)
    model = paddle.Model(network)
    model.prepare(paddle.optimizer.Adam(schedule, parameters=network.parameters()), paddle.nn.MSELoss())
    first = trial.attempt == 1
    more = [KillInEpoch()] if first and case == "killed" else []
    if case == "early":
        more = [EndAfterOneEpoch()]
    if case == "unsafe" and not first:
        Path(trial.resume_from).write_bytes(pickle.dumps(Trap()))
    loader = paddle.io.DataLoader(rows, batch_size=6, shuffle=True)
    evaluation = None if case == "silent" else paddle.io.DataLoader(rows, batch_size=24)
    report = Report(trial, checkpoints="kept", save_every=100 if case == "early" else 1)
    model.fit(loader, evaluation, epochs=4, verbose=0, callbacks=[report, *more])
    if first and case == "killed at the end":
        os.kill(os.getpid(), signal.SIGKILL)
    (path,) = Path("kept").glob(f"trial-{trial.number}-*")
    kept = load_weights(path)
    trained = {name: value.numpy() for name, value in network.state_dict().items()}
    assert all(np.array_equal(kept[name], trained[name]) for name in trained), "the file is not the network"
    if case != "silent":
        return {"weights": float(sum(value.sum() for value in trained.values()))}
    return None


tune_cases(train, CASES)
