"""Models of Flax NNX in lanes: batch-norm averages and dropout streams are each lane's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

import jax
import numpy as np
from flax import nnx

from sturgeon.caviar.models.functions import Optimizer, begin_optimizer, descent_of
from sturgeon.caviar.models.model import LaneConfig, Loss, Outputs, Parts, Recipe, Tree
from sturgeon.caviar.models.population import tune_model
from sturgeon.caviar.models.rows import read_rows
from sturgeon.caviar.models.run import PopulationResult, RunOptions
from sturgeon.errors import InputError
from sturgeon.frameworks.common.fraction import Fraction, is_fraction
from sturgeon.frameworks.jax.builder import BuiltModel, call_builder
from sturgeon.space import Config, Space


def population(
    build: Callable[..., nnx.Module],
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
    """Search for the configuration with which a model of Flax does best, many trained at once.

    All but ``build`` is as for :func:`sturgeon.population`; see :class:`FlaxModel` for what makes groups.

    Args:
        build: ``build(config, rngs) -> nnx.Module``, or ``build(config)``, which then draws by itself.
        loss: ``loss(outputs, y) -> number``, the mean over the rows of a batch.
        data: ``((x_train, y_train), (x_val, y_val))``.
        space: What may vary.
        optimizer: ``optimizer(config) -> optax.GradientTransformation``.
        epochs: How many epochs a trial trains for.
        metrics: More functions like ``loss``, by name.
        minimize: The metric to be minimised, ``"val_loss"`` by default; or give ``maximize``.
        **options: See :class:`RunOptions`.

    Returns:
        ``result.study``, and ``result.best``, a :class:`FlaxTrained`.

    Example:
        >>> from flax import nnx
        >>> import numpy as np, optax
        >>> from sturgeon.space import Real, Space
        >>> class Net(nnx.Module):
        ...     def __init__(self, units, rngs):
        ...         self.hidden = nnx.Linear(3, units, rngs=rngs)
        ...         self.norm = nnx.BatchNorm(units, rngs=rngs)
        ...         self.last = nnx.Linear(units, 1, rngs=rngs)
        ...     def __call__(self, x):
        ...         return self.last(nnx.relu(self.norm(self.hidden(x))))[:, 0]
        >>> x = np.random.default_rng(0).normal(size=(80, 3))
        >>> y = x.sum(axis=1)
        >>> result = population(
        ...     lambda config, rngs: Net(8, rngs),
        ...     lambda outputs, y: ((outputs - y) ** 2).mean(),
        ...     ((x[:60], y[:60]), (x[60:], y[60:])),
        ...     Space(learning_rate=Real(1e-3, 0.1, scale="log")),
        ...     optimizer=lambda config: optax.adam(config["learning_rate"]),
        ...     epochs=5, trials=4, batch_size=16,
        ... )
        >>> result.best.predict(x[60:]).shape
        (20,)
    """
    model = FlaxModel(build, loss, optimizer, dict(metrics or {}))
    return tune_model(model, read_rows(data), space, epochs, minimize, options)


@dataclass(frozen=True)
class FlaxTrained:
    """A trained model of Flax NNX.

    Attributes:
        config: The configuration it was trained with.
        model: The module, in evaluation mode.
    """

    config: Config
    model: nnx.Module

    def predict(self, x: Any) -> Any:
        """The outputs for rows, dropout off and batch norm with its running averages."""
        return jax.tree.map(np.asarray, self.model(x))  # pyright: ignore[reportCallIssue]


class FlaxModel(BuiltModel):
    """A builder of Flax NNX modules.

    What makes groups is the module's ``GraphDef`` in training and in evaluation mode, so every attribute that
    is not an array; but for the rate of ``nnx.Dropout``, which each lane has its own of.
    """

    def recipe(self, config: Config) -> Recipe:
        """See :class:`LaneModel`."""
        training, using = self.outline(config).code

        def apply(
            params: Tree, state: Tree, x: Any, key: jax.Array, is_training: bool, config: LaneConfig
        ) -> Outputs:
            # Copied, so that the variables belong to this trace and may be written in it.
            params, (kept, rates) = jax.tree.map(lambda leaf: leaf, (params, state))
            model: Any = nnx.merge(training if is_training else using, params, kept)
            for layer, rate in zip(_dropouts(model), rates, strict=True):
                vars(layer)["rate"] = Fraction(rate)
            outputs = model(x)
            _, _, kept = nnx.split(model, nnx.Param, ...)
            return Outputs(outputs, (kept, rates), 0.0)

        return Recipe(apply, self.loss, descent_of(self.optimizer), self.metrics)

    def network(self, config: Config, params: Tree, state: Tree) -> FlaxTrained:
        """See :class:`LaneModel`."""
        _, using = self.outline(config).code
        kept, rates = state
        model = nnx.merge(using, params, kept)
        for layer, rate in zip(_dropouts(model), rates, strict=True):
            layer.rate = float(rate)
        return FlaxTrained(config, model)

    def begin(self, config: Config, initial: jax.Array, dropout: jax.Array) -> tuple[Any, Parts]:
        """See :class:`BuiltModel`."""
        model = call_builder(self.build, config, nnx.Rngs(default=initial, dropout=dropout))
        if not isinstance(model, nnx.Module):
            raise InputError(
                f"`build` must hand back a module of Flax NNX; got a {type(model).__name__}. "
                "Return an nnx.Module."
            )
        layers = _dropouts(model)
        rates = [jax.numpy.float32(layer.rate) for layer in layers]
        for layer in layers:
            layer.rate = 0.5  # so that modules that differ in the rate alone are equal
        model.eval()
        using = nnx.graphdef(model)
        model.train()
        training, params, kept = nnx.split(model, nnx.Param, ...)
        return (training, using), Parts(
            params, (kept, rates), begin_optimizer(self.optimizer, config, params)
        )


def _dropouts(model: Any) -> list[nnx.Dropout]:
    """The layers whose rate each lane has its own of, in the order of their paths."""
    modules = sorted(nnx.iter_modules(model), key=lambda found: str(found[0]))
    return [m for _, m in modules if type(m) is nnx.Dropout and is_fraction(m.rate)]
