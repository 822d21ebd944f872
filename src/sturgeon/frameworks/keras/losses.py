"""A compiled Keras model's loss and metrics as functions of one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sturgeon.caviar.models.model import CannotFuse
from sturgeon.frameworks.common.extras import import_extra

keras: Any = import_extra("keras", "keras")
ops: Any = keras.ops

Measure = Callable[[Any, Any], Any]


def loss_of(model: Any) -> Measure:
    """The loss that a model was compiled with: the mean over a batch."""
    loss = keras.losses.get(model.loss)
    if isinstance(loss, keras.losses.Loss):
        return lambda outputs, y: loss(y, outputs)
    return _mean_of(loss)


def metrics_of(model: Any) -> dict[str, Measure]:
    """The metrics that a model was compiled with, by the names that Keras reports them by.

    Raises:
        CannotFuse: One is not a mean over rows.
    """
    compiled = getattr(model, "_compile_metrics", None)
    wanted = getattr(compiled, "_user_metrics", None) or []
    if not isinstance(wanted, list | tuple) or any(isinstance(one, list | tuple) for one in wanted):
        raise CannotFuse("its metrics are given by output")
    found = {}
    for one in wanted:
        name, measure = _metric(one)
        found[name] = measure
    return found


def _metric(wanted: Any) -> tuple[str, Measure]:
    if wanted in ("accuracy", "acc"):
        return str(wanted), accuracy
    metric = keras.metrics.get(wanted)
    if isinstance(metric, keras.metrics.MeanMetricWrapper):
        function, options = metric._fn, metric._fn_kwargs
        return metric.name, _mean_of(lambda y, outputs: function(y, outputs, **options))
    if callable(metric) and not isinstance(metric, keras.metrics.Metric):
        return wanted if isinstance(wanted, str) else metric.__name__, _mean_of(metric)
    raise CannotFuse(f"its metric {getattr(metric, 'name', wanted)!r} is not a mean over rows")


def accuracy(outputs: Any, y: Any) -> Any:
    """The share of rows with the right class, for outputs and targets of any form that Keras knows."""
    y = _like(y, outputs)
    if outputs.shape[-1] == 1 or len(outputs.shape) == 1:
        right = (outputs > 0.5) == (y > 0.5)
    else:
        labels = ops.argmax(y, -1) if len(y.shape) == len(outputs.shape) else y
        right = ops.argmax(outputs, -1) == ops.cast(labels, "int32")
    return ops.mean(ops.cast(right, "float32"))


def _mean_of(function: Callable[..., Any]) -> Measure:
    return lambda outputs, y: ops.mean(function(_like(y, outputs), outputs))


def _like(y: Any, outputs: Any) -> Any:
    """Targets with a last axis of length 1 where the outputs have one, and without where they have none."""
    if len(y.shape) == len(outputs.shape) - 1 and outputs.shape[-1] == 1:
        return ops.expand_dims(y, -1)
    if len(y.shape) == len(outputs.shape) and y.shape[-1] == 1 and outputs.shape[-1] != 1:
        return ops.squeeze(y, -1)
    return y
