"""Tune a model written as pure functions, many configurations in one compiled program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import jax

from sturgeon.caviar.models.backend import ModelBackend
from sturgeon.caviar.models.functions import Functions, Optimizer
from sturgeon.caviar.models.model import CannotFuse, LaneModel, Loss
from sturgeon.caviar.models.rows import Rows, read_rows
from sturgeon.caviar.models.run import PopulationResult, RunOptions, check_metric, run_population
from sturgeon.caviar.population.population import for_lanes
from sturgeon.caviar.progress import say
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.errors import InputError
from sturgeon.search import PopulationBasedTraining
from sturgeon.space import Config, Hyperparameter, Integer, Real, Space
from sturgeon.study import Objective


def population(
    init: Callable[[jax.Array, Config], Any],
    apply: Callable[..., Any],
    loss: Loss,
    data: Any,
    space: Space,
    *,
    optimizer: Optimizer,
    epochs: int,
    metrics: Mapping[str, Loss] | None = None,
    minimize: str | None = None,
    **options: Unpack[RunOptions],
) -> PopulationResult:
    """Search for the configuration with which a model of pure functions does best, many trained at once.

    Configurations whose arrays have equal shapes and whose mini-batches are equally large train side by side
    in one compiled program. In it, hyperparameters that are numbers are traced, one value a lane, so that a
    new learning rate needs no compilation. Those that are no numbers, and numbers that your functions need
    as Python numbers (in a shape, in an ``if``), make groups with a program each; this is found by tracing.

    An epoch is every training row once, in an order that depends on the trial's seed and the epoch. The last
    mini-batch holds what remains; a remainder of one row is left out of that epoch. A ``batch_size`` above
    the number of rows is cut to it. After each epoch the validation rows are looked at, and ``train_loss``,
    ``val_loss`` and ``val_<metric>`` are reported. What a trial comes to depends on its configuration and its
    seed only, and not on who trains beside it; a configuration for which ``init`` raises fails alone.

    Args:
        init: ``init(key, config) -> params``, or ``(params, state)`` where ``apply`` takes a state. The
            configuration is plain Python; ``params`` and ``state`` are trees of arrays.
        apply: ``apply(params, x) -> outputs``, or ``apply(params, state, x, key, training) -> (outputs,
            state)`` with batch-norm averages in ``state`` and a threefry ``key`` for dropout. Either may
            take the configuration as one more argument. Which it is, is told by the number of arguments.
        loss: ``loss(outputs, y) -> number``, the mean over the rows of a batch.
        data: ``((x_train, y_train), (x_val, y_val))``; rows along the first axis; integer targets are class
            numbers.
        space: What may vary. ``batch_size``, where it is there, is the mini-batch.
        optimizer: ``optimizer(config) -> optax.GradientTransformation``.
        epochs: How many epochs a trial trains for, at least 1.
        metrics: More functions like ``loss``, by name; averaged over the validation rows.
        minimize: The metric to be minimised, ``"val_loss"`` by default; or give ``maximize``.
        **options: ``maximize``, ``trials``, ``budget``, ``study``, ``search``, ``stopping``, ``seed``,
            ``resume``, ``batch_size``, ``progress``: see :class:`RunOptions`.

    Returns:
        ``result.study``, and ``result.best`` with ``config``, ``params``, ``state`` and ``predict(x)``.

    Raises:
        InputError: The functions, the data or an option break a rule.
        StudyFailed: No trial came to a value.
        KeyboardInterrupt: Ctrl-C or SIGTERM came; ``resume=True`` goes on.

    Example:
        >>> import jax, jax.numpy as jnp, numpy as np, optax
        >>> from sturgeon.space import Integer, Real, Space
        >>> def init(key, config):
        ...     units = config["units"]
        ...     return {"w": jax.random.normal(key, (3, units)), "v": jnp.zeros(units)}
        >>> def apply(params, x):
        ...     return jnp.tanh(x @ params["w"]) @ params["v"]
        >>> def loss(outputs, y):
        ...     return jnp.mean((outputs - y) ** 2)
        >>> x = np.random.default_rng(0).normal(size=(80, 3))
        >>> y = x.sum(axis=1)
        >>> result = population(
        ...     init, apply, loss, ((x[:60], y[:60]), (x[60:], y[60:])),
        ...     Space(learning_rate=Real(1e-3, 0.1, scale="log"), units=Integer(8, 9)),
        ...     optimizer=lambda config: optax.adam(config["learning_rate"]),
        ...     epochs=5, trials=6, batch_size=16,
        ... )
        >>> result.study.best.value < 2.0, result.best.predict(x[60:]).shape
        (True, (20,))
    """
    rows = read_rows(data)
    model = Functions(init, apply, loss, optimizer, dict(metrics or {}))
    return tune_model(model, rows, space, epochs, minimize, options)


def tune_model(
    model: LaneModel,
    rows: Rows,
    space: Space,
    epochs: int,
    minimize: str | None,
    options: RunOptions,
) -> PopulationResult:
    """Tune a model of any kind in lanes; see :func:`population`."""
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise InputError(f"`epochs` must be a whole number from 1; got {epochs!r}.")
    backend = ModelBackend(model, space, rows, options.get("batch_size", 64), on_alone=_say_alone)
    search = options.get("search")
    if isinstance(search, PopulationBasedTraining) and isinstance(model, Functions):
        options = {**options, "search": for_lanes(search, space, _made_of(backend, space))}

    def make_trainer(objective: Objective) -> LaneTrainer:
        check_default(backend, model, space, objective)
        return LaneTrainer(backend, objective, epochs)

    by_functions = isinstance(model, Functions)
    return run_population(make_trainer, space, minimize, options, by_functions=by_functions)


def _made_of(backend: ModelBackend, space: Space) -> set[str]:
    """The hyperparameters that have a program of their own for some of their values."""
    default = space.default()
    own = backend.block_of(default)
    extremes = {name: _extremes(space[name]) for name in default if name in space.coordinates}
    same = {
        name
        for name, values in extremes.items()
        if all(backend.block_of({**default, name: value}) == own for value in values)
    }
    return set(space.coordinates) - same


def _extremes(hyperparameter: Hyperparameter) -> Sequence[Any]:
    if isinstance(hyperparameter, Real | Integer):
        return (hyperparameter.low, hyperparameter.high)
    return getattr(hyperparameter, "options", ())


def check_default(backend: ModelBackend, model: LaneModel, space: Space, objective: Objective) -> None:
    """Look at the default configuration, so that what is wrong for all is told before a study is made.

    Raises:
        InputError: The model breaks a rule, or does not report the metric.
    """
    try:
        default = space.default()
        backend.block_of(default)
        metrics = model.recipe(default).metrics
    except InputError:
        raise
    except CannotFuse:
        return
    except Exception:  # that configuration's trial will fail, and say so; others may go on
        return
    check_metric(objective.metric, list(metrics))


def _say_alone(why: str) -> None:
    say(f"This model cannot be trained in lanes, so its trials train one by one: {why.rstrip('.')}.")
