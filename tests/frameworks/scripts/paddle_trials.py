"""Trials of a PaddlePaddle model, each a case; prints what became of them as JSON."""

import json
import os
import pickle
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import paddle

import sturgeon as st
from sturgeon.frameworks.paddle import Report, load_weights
from sturgeon.stopping.decision import CONTINUE, Stop

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


@dataclass(frozen=True)
class StopsAt(st.Stopping):
    """Stops the trial that is to be stopped after two epochs."""

    name: ClassVar[str] = "stops-at"

    def decide(self, trial, peers, context):
        late = trial.config["case"] == "stopped" and trial.curve[-1][0] == 2
        return Stop("it was time.") if late else CONTINUE

    def milestone(self, number, step, context):
        return None

    def promote(self, record, context):
        return None


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self):
        return (print, ("run",))


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
    more = [KillInEpoch()] if first and case in ("killed", "unsafe") else []
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


study = st.tune(
    train, st.Space(case=st.Choice(CASES)), minimize="val_loss", trials=len(CASES), max_failures=1,
    search=st.Grid(len(CASES)), stopping=StopsAt(),
)  # fmt: skip
told = {
    one.config["case"]: {
        "state": one.state, "curve": one.curves.get("val_loss"), "reported": sorted(one.curves),
        "attempts": one.attempts, "error": one.error and one.error.message, "reason": one.reason,
        "checkpoint": one.checkpoint, "step": one.checkpoint_step, "weights": one.metrics.get("weights"),
    }
    for one in study.trials
}  # fmt: skip
print(json.dumps(told))
