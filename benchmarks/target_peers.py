"""One competitor of ``time_to_target.py``, in a process of its own.

    python benchmarks/target_peers.py NAME TABLE.npz SECONDS SEED LOG

The arrays are prepared; a line of LOG is a moment and the validation loss of a network at that moment,
or, with ``test``, the log loss and the accuracy on the test rows of a network whose training has ended.
Lines of ours are of the ensemble that would be handed over at that moment, or with ``one`` of one network.
Nothing is read back before the end. Every trial is at most 30 epochs; two processes of one thread each.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS = 30
Report = Callable[[int, float], None]


class Log:
    """What a competitor has found, and when; several processes add to it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def add(self, **line: Any) -> None:
        """Add one line, whole."""
        with Path(self._path).open("a") as file:
            file.write(json.dumps({"at": time.time(), **line}) + "\n")


def score(probabilities: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Log loss and accuracy."""
    chosen = np.clip(probabilities[np.arange(len(y)), y], 1e-15, 1)
    return float(-np.log(chosen).mean()), float((probabilities.argmax(axis=1) == y).mean())


def torch_trial(config: dict[str, Any], table: Any, seed: int, log: Log, report: Report) -> float:
    """Train the batch-norm network by PyTorch; returns its last validation loss."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    parts = {name: torch.from_numpy(table[name]) for name in ("x_train", "y_train", "x_validation", "x_test")}
    layers: list[nn.Module] = []
    width, classes = parts["x_train"].shape[1], int(table["classes"])
    for _ in range(config["layers"]):
        units = config["hidden_units"]
        layers += [nn.Linear(width, units, bias=False), nn.BatchNorm1d(units), nn.ReLU()]
        layers.append(nn.Dropout(config["dropout"]))
        width = units
    network = nn.Sequential(*layers, nn.Linear(width, classes))
    if config["optimizer"] == "adam":
        rate = {"lr": config["learning_rate"], "weight_decay": config["weight_decay"]}
        optimizer: torch.optim.Optimizer = torch.optim.AdamW(network.parameters(), **rate)
    else:
        optimizer = torch.optim.SGD(
            network.parameters(), lr=config["learning_rate"], momentum=config["momentum"]
        )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    loss = float("nan")
    for epoch in range(EPOCHS):
        network.train()
        for rows in torch.randperm(len(parts["y_train"])).split(config["batch_size"]):
            if len(rows) < 2:
                continue
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(parts["x_train"][rows]), parts["y_train"][rows]).backward()
            optimizer.step()
        schedule.step()
        network.eval()
        with torch.no_grad():
            loss, _ = score(network(parts["x_validation"]).softmax(1).numpy(), table["y_validation"])
        log.add(loss=loss)
        report(epoch, loss)
    with torch.no_grad():
        log.add(loss=loss, test=score(network(parts["x_test"]).softmax(1).numpy(), table["y_test"]))
    return loss


def optuna_worker(sampler: str, path: str, seconds: float, seed: int, log: str, journal: str) -> None:
    """Take part in a study until the time is over."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore")
    table = dict(np.load(path))
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(journal))  # pyright: ignore[reportAttributeAccessIssue]
    samplers = {"gp": optuna.samplers.GPSampler, "tpe": optuna.samplers.TPESampler}
    pruner = (
        optuna.pruners.HyperbandPruner(min_resource=1, max_resource=EPOCHS)
        if sampler.endswith("hyperband")
        else optuna.pruners.NopPruner()
    )
    study = optuna.create_study(
        storage=storage,
        study_name="target",
        load_if_exists=True,
        sampler=samplers[sampler.split("+")[0]](seed=seed),
        pruner=pruner,
    )

    def objective(trial: optuna.Trial) -> float:
        config = {
            "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1.0, log=True),
            "optimizer": trial.suggest_categorical("optimizer", ["adam", "momentum"]),
            "batch_size": 2 ** trial.suggest_int("batch_bits", 4, 9),
            "hidden_units": trial.suggest_int("hidden_units", 50, 256, log=True),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "layers": trial.suggest_int("layers", 2, 4),
            "weight_decay": trial.suggest_float("weight_decay", 1e-3, 1.0, log=True),
        }
        config["momentum"] = 1 - trial.suggest_float("past", 1e-3, 0.1, log=True)

        def report(epoch: int, loss: float) -> None:
            trial.report(loss, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        return torch_trial(config, table, seed * 100_000 + trial.number, Log(log), report)

    study.optimize(objective, timeout=seconds)


def optuna_search(sampler: str, path: str, seconds: float, seed: int, log: str) -> None:
    """Two processes on one study, as Optuna's documentation has them."""
    began = time.monotonic()
    context = multiprocessing.get_context("spawn")
    arguments = [(sampler, path, seconds, 2 * seed + i, log, f"{log}.journal") for i in range(2)]
    workers = [context.Process(target=optuna_worker, args=given) for given in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0.0, seconds - (time.monotonic() - began)))
        if worker.exitcode:
            raise SystemExit(f"a worker of Optuna ended with {worker.exitcode}")
    for worker in workers:
        worker.kill()


def ray_search(path: str, seconds: float, seed: int, log: str) -> None:
    """Ray Tune with ASHA: two trials at a time, a core each."""
    began = time.monotonic()
    import logging

    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search import BasicVariantGenerator

    def trainable(config: dict[str, Any]) -> None:
        number = int(tune.get_context().get_trial_id().rpartition("_")[2])
        table = dict(np.load(path))
        settings = {**config, "batch_size": 2 ** config["batch_bits"], "momentum": 1 - config["past"]}

        def report(epoch: int, loss: float) -> None:
            tune.report({"loss": loss})

        torch_trial(settings, table, seed * 100_000 + number, Log(log), report)

    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}  # 15 by default
    quiet = {"include_dashboard": False, "logging_level": logging.ERROR, "log_to_driver": False}
    ray.init("local", num_cpus=2, _node_ip_address="127.0.0.1", **quiet)
    left = max(1.0, seconds - (time.monotonic() - began))
    tuner = tune.Tuner(
        tune.with_resources(trainable, {"cpu": 1}),
        param_space={
            "learning_rate": tune.loguniform(1e-4, 1.0),
            "optimizer": tune.choice(["adam", "momentum"]),
            "batch_bits": tune.randint(4, 10),
            "hidden_units": tune.lograndint(50, 257),
            "dropout": tune.uniform(0.0, 0.5),
            "layers": tune.randint(2, 5),
            "weight_decay": tune.loguniform(1e-3, 1.0),
            "past": tune.loguniform(1e-3, 0.1),
        },
        tune_config=tune.TuneConfig(
            metric="loss",
            mode="min",
            num_samples=-1,
            max_concurrent_trials=2,
            time_budget_s=left,
            scheduler=ASHAScheduler(max_t=EPOCHS, grace_period=3, reduction_factor=3),
            search_alg=BasicVariantGenerator(random_state=seed),
        ),
        run_config=tune.RunConfig(storage_path=f"{log}.ray", verbose=0),
    )
    tuner.fit()


def keras_worker(path: str, seed: int, log: str, tuner: str, port: int) -> None:
    """Take part in KerasTuner's search, as its guide to distributed tuning has it: the chief or a worker."""
    os.environ |= {
        "KERASTUNER_TUNER_ID": tuner,
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    import keras
    import tensorflow as tf

    import keras_tuner  # pyright: ignore[reportMissingImports]

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    table = dict(np.load(path))
    x, y, lines = table["x_train"], table["y_train"], Log(log)
    x_validation, y_validation = table["x_validation"], table["y_validation"]

    class Logged(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            lines.add(loss=logs["val_loss"])

    class Network(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            inputs = hidden = keras.Input((x.shape[1],))
            for _ in range(hp.Int("layers", 2, 4)):
                units = hp.Int("hidden_units", 50, 256, sampling="log")
                hidden = keras.layers.Dense(units, use_bias=False)(hidden)
                hidden = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(hidden))
                hidden = keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5))(hidden)
            outputs = keras.layers.Dense(int(table["classes"]), activation="softmax")(hidden)
            network = keras.Model(inputs, outputs)
            steps = -(-len(y) // 2 ** hp.Int("batch_bits", 4, 9))
            epochs = hp.values.get("tuner/epochs", EPOCHS) - hp.values.get("tuner/initial_epoch", 0)
            rate: Any = keras.optimizers.schedules.CosineDecay(
                hp.Float("learning_rate", 1e-4, 1.0, sampling="log"), steps * epochs
            )
            decay = hp.Float("weight_decay", 1e-3, 1.0, sampling="log")
            momentum = 1 - hp.Float("past", 1e-3, 0.1, sampling="log")
            if hp.Choice("optimizer", ["adam", "momentum"]) == "adam":
                optimizer = keras.optimizers.AdamW(rate, weight_decay=decay)
            else:
                optimizer = keras.optimizers.SGD(rate, momentum)
            network.compile(optimizer, "sparse_categorical_crossentropy", steps_per_execution=min(8, steps))
            return network

        def fit(self, hp: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
            history = model.fit(*args, batch_size=2 ** hp.get("batch_bits"), **kwargs)
            tested = score(model.predict(table["x_test"], batch_size=4096, verbose=0), table["y_test"])
            lines.add(loss=history.history["val_loss"][-1], test=tested)
            return history

    search = keras_tuner.Hyperband(
        Network(),
        objective="val_loss",
        max_epochs=EPOCHS,
        hyperband_iterations=1000,
        seed=seed,
        directory=f"{log}.keras",
        project_name="target",
    )
    validation = {"validation_data": (x_validation, y_validation), "validation_batch_size": 4096}
    search.search(x, y, callbacks=[Logged()], verbose=0, **validation)


def keras_search(path: str, seconds: float, seed: int, log: str) -> None:
    """A chief and two workers."""
    import socket

    began = time.monotonic()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    names = ("chief", "tuner0", "tuner1")
    workers = [context.Process(target=keras_worker, args=(path, seed, log, name, port)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(max(0.0, seconds - (time.monotonic() - began)))
        if worker.exitcode:
            raise SystemExit(f"a process of KerasTuner ended with {worker.exitcode}")
    for worker in workers:
        worker.kill()


class LoggedLoss:
    """A scorer that says when each candidate was judged, and by which loss."""

    def __init__(self, log: Log, x_test: np.ndarray, y_test: np.ndarray) -> None:
        self._log, self._x_test, self._y_test = log, x_test, y_test

    def __call__(self, model: Any, x: np.ndarray, y: np.ndarray) -> float:
        """The negative log loss on the validation rows."""
        loss, _ = score(model.predict_proba(x), y)
        self._log.add(loss=loss, test=score(model.predict_proba(self._x_test), self._y_test))
        return -loss


def sklearn_search(kind: str, path: str, seconds: float, seed: int, log: str) -> None:
    """Searches of ``MLPClassifier`` one after another until the time is over, two processes each."""
    from scipy.stats import loguniform
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV, PredefinedSplit, RandomizedSearchCV
    from sklearn.neural_network import MLPClassifier

    os.environ["PYTHONWARNINGS"] = "ignore"
    warnings.filterwarnings("ignore")
    table = dict(np.load(path))
    x = np.concatenate([table["x_train"], table["x_validation"]])
    y = np.concatenate([table["y_train"], table["y_validation"]])
    split = PredefinedSplit(np.r_[np.full(len(table["y_train"]), -1), np.zeros(len(table["y_validation"]))])
    space = {
        "hidden_layer_sizes": [(units,) * layers for units in range(50, 257, 2) for layers in (2, 3, 4)],
        "learning_rate_init": loguniform(1e-4, 1.0),
        "batch_size": [16, 32, 64, 128, 256, 512],
        "alpha": loguniform(1e-6, 1e-1),
        "solver": ["adam", "sgd"],
    }
    # Halving would have the training rows scored too, and their losses be taken for those of validation rows.
    usual = {"cv": split, "n_jobs": 2, "refit": False, "error_score": np.nan, "return_train_score": False}
    scorer = LoggedLoss(Log(log), table["x_test"], table["y_test"])
    began, turn = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        network, number = MLPClassifier(max_iter=EPOCHS, random_state=seed), 1_000 * seed + turn
        if kind == "random":
            search = RandomizedSearchCV(
                network, space, n_iter=8, scoring=scorer, random_state=number, **usual
            )
        else:
            budget = {"resource": "max_iter", "min_resources": 3, "max_resources": EPOCHS}
            search = HalvingRandomSearchCV(
                network,
                space,
                n_candidates=9,  # pyright: ignore[reportArgumentType]
                scoring=scorer,
                random_state=number,
                **budget,
                **usual,
            )
        search.fit(x, y)
        turn += 1


def sturgeon_search(path: str, seconds: float, seed: int, log: str) -> None:
    """``sturgeon tune``'s function on the table itself, which it reads and prepares: that takes time too.

    An ensemble is its default; to have it with the split that all competitors have, it is asked for.
    """
    import pandas as pd

    import sturgeon as st

    lines, best, alone = Log(log), float("inf"), float("inf")

    def watch(progress: Any) -> None:
        nonlocal best, alone
        if progress.best is not None and progress.best[1] < alone:
            alone = progress.best[1]
            lines.add(loss=alone, one=True)
        if progress.ensemble is not None and progress.ensemble < best:
            best = progress.ensemble
            lines.add(loss=best)

    job = st.TableJob(
        pd.read_csv(Path(path).with_suffix(".csv")),
        "target",
        Path(f"{log}.out"),
        st.TuneOptions(seed=seed),
        budget=seconds,
        data_options={"task": "classification", "folds": 1},
        ensemble=8,
    )
    result = st.tune_table(job, on_progress=watch)
    assert result.test is not None
    lines.add(loss=best, test=(result.test["loss"], result.test["accuracy"]), final=True)


def main(name: str, path: str, seconds: str, seed: str, log: str) -> None:
    """Run the competitor of that name."""
    library, _, setting = name.partition("-")
    given = (path, float(seconds), int(seed), log)
    if library == "sturgeon":
        sturgeon_search(*given)
    elif library == "optuna":
        optuna_search(setting, *given)
    elif library == "ray":
        ray_search(*given)
    elif library == "keras":
        keras_search(*given)
    else:
        sklearn_search(setting, *given)


if __name__ == "__main__":
    main(*sys.argv[1:])
