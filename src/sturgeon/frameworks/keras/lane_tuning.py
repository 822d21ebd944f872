"""Search with Keras 3 models that train in lanes, many at once, on whichever backend Keras runs.

Lanes need JAX. Where Keras runs on it, they are in this process; where it runs on TensorFlow or PyTorch, they
are in a process of their own, and the best network comes back as a model of the backend here.
"""

from __future__ import annotations

from typing import Any, Unpack

from sturgeon.caviar.models.model import CannotFuse
from sturgeon.caviar.models.rows import read_rows
from sturgeon.caviar.models.run import PopulationResult, RunOptions, run_population
from sturgeon.caviar.progress import say
from sturgeon.caviar.trainer import Trainer
from sturgeon.errors import InputError
from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.keras.building import Build
from sturgeon.frameworks.keras.lane_trainer import CANNOT_FUSE, make_trainer
from sturgeon.frameworks.keras.remote_lanes import RemoteTrainer
from sturgeon.frameworks.keras.state import KerasTrained
from sturgeon.space import Space
from sturgeon.study import Objective


def population(
    build: Build,
    data: Any,
    space: Space,
    *,
    epochs: int,
    minimize: str | None = None,
    fuse: bool = True,
    **options: Unpack[RunOptions],
) -> PopulationResult:
    """Search for the configuration with which a Keras model does best, many trained at once.

    The model's own loss, optimiser and metrics are used: whatever ``build`` compiled it with. The learning
    rate, the optimiser's momenta and decays, and the rates of ``keras.layers.Dropout`` are each lane's own;
    all else that differs makes groups, with a compiled program each.

    A model that lanes cannot train (a ``train_step`` of its own, several losses, operations of TensorFlow)
    is trained with its own ``fit``, one trial at a time, and a line on stderr says why. An epoch is then the
    same: every row once, in the order of the trial's seed.

    Args:
        build: ``build(config) -> keras.Model``, compiled: ``model.compile(optimizer=..., loss=...)``. It may
            be a function of a script, a notebook or a module.
        data: ``((x_train, y_train), (x_val, y_val))``.
        space: What may vary. ``batch_size``, where it is there, is the mini-batch.
        epochs: How many epochs a trial trains for, at least 1.
        minimize: The metric to be minimised, ``"val_loss"`` by default; or give ``maximize``.
        fuse: False to train with ``fit`` in any case.
        **options: See :class:`sturgeon.caviar.models.run.RunOptions`.

    Returns:
        ``result.study``, and ``result.best``, a :class:`KerasTrained`, with ``model``, ``predict(x)`` and
        ``save("best.keras")``.

    Raises:
        InputError: The builder, the data or an option break a rule.
        StudyFailed: No trial came to a value.

    Example:
        A study of eight networks, the best of them kept as a file::

            def build(config):
                layers = [keras.layers.Dense(config["units"], "relu"), keras.layers.Dense(1)]
                model = keras.Sequential(layers)
                model.compile(keras.optimizers.Adam(config["learning_rate"]), loss="mse")
                return model

            result = sturgeon.frameworks.keras.population(build, data, space, epochs=20, trials=8)
            result.best.save("best.keras")
    """
    rows = read_rows(data)
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise InputError(f"`epochs` must be a whole number from 1; got {epochs!r}.")
    settings = {"rows": rows, "space": space, "epochs": epochs, "batch": options.get("batch_size", 64)}
    in_this_process = not fuse or import_extra("keras", "keras").backend.backend() == "jax"
    remotes: dict[Objective, RemoteTrainer] = {}

    def trainer(objective: Objective) -> Trainer:
        if in_this_process:
            return make_trainer(build, objective=objective, fuse=fuse, **settings)
        if objective not in remotes:
            remote = _remote_trainer(build, objective, settings)
            if remote is None:
                return make_trainer(build, objective=objective, fuse=False, **settings)
            remotes[objective] = remote
        return remotes[objective]

    try:
        return run_population(trainer, space, minimize, options)
    finally:
        for remote in remotes.values():
            remote.close()


def _remote_trainer(build: Build, objective: Objective, settings: dict[str, Any]) -> RemoteTrainer | None:
    """A trainer in a process where Keras runs on JAX; None, and a line that says why, if it cannot be."""
    rows = settings["rows"]
    space = Space(**dict(settings["space"]))  # without its constraint, which may be a function
    remote = RemoteTrainer(
        build,
        objective,
        {**settings, "space": space, "strict": True},
        lambda sent: KerasTrained(sent[0], build, sent[1], rows.training.x),
    )
    try:
        remote.prepare()
    except CannotFuse as error:
        say(CANNOT_FUSE.format(why=error))
        return None
    return remote
