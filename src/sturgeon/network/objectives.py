"""What is minimised in training, and the metrics that a validation part is judged by each epoch, in JAX.

The sums that :mod:`sturgeon.data.metrics` makes metrics of are taken here inside a compiled program, for one
network at a time, over chunks of rows that stay in cache.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from sturgeon.data.metrics import classification_metrics
from sturgeon.network.weights import Array

CHUNK_ROWS = 1024


def row_losses(outputs: jax.Array, targets: Array) -> jax.Array:
    """The loss of each row, ``[rows]``.

    Integer targets: cross-entropy in nats of the logits ``[rows, classes]``. Floating targets:
    squared error of the standardised target, outputs ``[rows, 1]``.
    """
    if jnp.issubdtype(targets.dtype, jnp.integer):
        return optax.softmax_cross_entropy(outputs, jax.nn.one_hot(targets, outputs.shape[-1]))
    return jnp.square(outputs[:, 0] - targets)


def evaluate(
    predict: Callable[[jax.Array], jax.Array], inputs: Array, targets: Array
) -> dict[str, jax.Array]:
    """The metrics of one network on a table part.

    Args:
        predict: From inputs ``[rows, features]`` to outputs ``[rows, outputs]``.
        inputs: ``[rows, features]``.
        targets: ``[rows]``: int32 classes, or the standardised target.

    Returns:
        Scalars by name: ``loss`` and, for classes, ``accuracy`` and ``balanced_accuracy``; for numbers
        ``mae``, in standard units.
    """
    return metrics_of(metric_sums(predict, inputs, targets), inputs.shape[0])


def metric_sums(
    predict: Callable[[jax.Array], jax.Array], inputs: Array, targets: Array
) -> dict[str, jax.Array]:
    """What :func:`metrics_of` makes metrics of; those of the parts of a table add up to the table's.

    Args:
        predict: From inputs ``[rows, features]`` to outputs ``[rows, outputs]``.
        inputs: ``[rows, features]``.
        targets: ``[rows]``.
    """
    rows = inputs.shape[0]
    chunk = min(CHUNK_ROWS, rows)
    chunks = -(-rows // chunk)
    fill = chunks * chunk - rows
    inputs = jnp.pad(inputs, ((0, fill), (0, 0))).reshape(chunks, chunk, -1)
    targets = jnp.pad(targets, (0, fill)).reshape(chunks, chunk)
    true_row = jnp.pad(jnp.ones(rows), (0, fill)).reshape(chunks, chunk)
    sums = _class_sums if jnp.issubdtype(targets.dtype, jnp.integer) else _error_sums

    def over_chunk(part: tuple[jax.Array, jax.Array, jax.Array]) -> dict[str, jax.Array]:
        part_inputs, part_targets, weights = part
        return sums(predict(part_inputs), part_targets, weights)

    return jax.tree.map(lambda s: jnp.sum(s, axis=0), jax.lax.map(over_chunk, (inputs, targets, true_row)))


def all_outputs(predict: Callable[[jax.Array], jax.Array], inputs: Array) -> jax.Array:
    """The outputs of all rows, ``[rows, outputs]``, for metrics that are no sums over them.

    Args:
        predict: From inputs ``[rows, features]`` to outputs ``[rows, outputs]``.
        inputs: ``[rows, features]``.
    """
    rows = inputs.shape[0]
    chunk = min(CHUNK_ROWS, rows)
    chunks = -(-rows // chunk)
    parts = jnp.pad(inputs, ((0, chunks * chunk - rows), (0, 0))).reshape(chunks, chunk, -1)
    outputs = jax.lax.map(predict, parts)
    return outputs.reshape(chunks * chunk, -1)[:rows]


def metrics_of(total: dict[str, jax.Array], rows: int) -> dict[str, jax.Array]:
    """The metrics of :func:`evaluate`.

    Args:
        total: :func:`metric_sums` of all rows.
        rows: How many they were.
    """
    if "of_class" in total:
        metrics = classification_metrics(**total, rows=rows, xp=jnp)
    else:
        metrics = {name: sum_ / rows for name, sum_ in total.items()}
    # The largest of several NaN outputs is the first class: a diverged network must not look right.
    return {name: jnp.where(jnp.isfinite(metrics["loss"]), value, jnp.nan) for name, value in metrics.items()}


def _class_sums(outputs: jax.Array, targets: jax.Array, weights: jax.Array) -> dict[str, jax.Array]:
    of_class = jax.nn.one_hot(targets, outputs.shape[-1]) * weights[:, None]
    right = jnp.argmax(outputs, axis=-1) == targets
    return {
        "loss": weights @ row_losses(outputs, targets),
        "right": right.astype(outputs.dtype) @ of_class,
        "of_class": jnp.sum(of_class, axis=0),
    }


def _error_sums(outputs: jax.Array, targets: jax.Array, weights: jax.Array) -> dict[str, jax.Array]:
    error = outputs[:, 0] - targets
    return {"loss": weights @ jnp.square(error), "mae": weights @ jnp.abs(error)}
