"""An epoch on a table that has no room on the device: rows come in chunks of whole mini-batches.

A lane sees the same rows in the same mini-batches as in
:func:`sturgeon.caviar.backends.jax_program.epoch_program`, and its step is the same. Dropout is keyed by how
many steps were taken, and what is summed over rows is summed over chunks; so where an epoch is cut changes
nothing but the last bits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from sturgeon.caviar.backends.jax_program import (
    EpochInputs,
    LaneInputs,
    LaneState,
    MiniBatch,
    ProgramShape,
    TablePart,
    predictor,
    row_weights_of,
    training_step,
)
from sturgeon.caviar.backends.placement import Streamed
from sturgeon.network.objectives import metric_sums, metrics_of
from sturgeon.network.weights import Array


class ChunkPrograms(NamedTuple):
    """Compiled functions of a chunk, for all lanes.

    Attributes:
        train: ``(state, lane, depth, batches) -> (state, loss summed over rows)``.
        judge: ``(state, lane, depth, part) -> metric sums``.
        conclude: ``(metric sums, rows) -> metrics``.
    """

    train: Callable[..., tuple[LaneState, jax.Array]]
    judge: Callable[..., dict[str, jax.Array]]
    conclude: Callable[..., dict[str, jax.Array]]


@functools.cache
def chunk_programs(shape: ProgramShape) -> ChunkPrograms:
    """The programs of a shape; each is compiled once for whole chunks, and once for the shorter last one."""

    def train(
        state: LaneState, lane: LaneInputs, depth: Array, batches: MiniBatch
    ) -> tuple[LaneState, jax.Array]:
        trained, losses = jax.lax.scan(training_step(shape, lane, depth), state, batches)
        return trained, jnp.sum(losses)

    def judge(state: LaneState, lane: LaneInputs, depth: Array, part: TablePart) -> dict[str, jax.Array]:
        return metric_sums(predictor(shape, state, lane, depth), part.inputs, part.targets)

    return ChunkPrograms(
        jax.jit(jax.vmap(train, in_axes=(0, 0, None, 0)), donate_argnums=0),
        jax.jit(jax.vmap(judge, in_axes=(0, 0, None, None))),
        jax.jit(jax.vmap(metrics_of, in_axes=(0, None))),
    )


def run_streamed_epoch(
    shape: ProgramShape, table: Streamed, state: LaneState, inputs: EpochInputs, depth: Array
) -> tuple[LaneState, dict[str, jax.Array]]:
    """Train every lane for one epoch and judge it on the validation part.

    Args:
        shape: What the programs are specialised on.
        table: Both parts, on the host.
        state: The lanes' states, on the device; given up to the program.
        inputs: The lanes' inputs, NumPy arrays.
        depth: The number of hidden layers.

    Returns:
        The states after it, and metrics by name, each ``[lanes]``, as of the resident program.
    """
    programs = chunk_programs(shape)
    losses: list[jax.Array] = []
    weights = row_weights_of(len(table.training.targets), shape.batch)
    for batches in table.mini_batches(inputs.order, np.broadcast_to(weights, inputs.order.shape)):
        _await_last_but_one(losses)
        state, loss = programs.train(state, inputs.lane, depth, batches)
        losses.append(loss)
    sums: list[dict[str, jax.Array]] = []
    for part in table.in_order():
        _await_last_but_one(sums)
        sums.append(programs.judge(state, inputs.lane, depth, part))
    metrics = programs.conclude(_added(sums), len(table.validation.targets))
    return state, {"train_loss": _added(losses) / weights.sum(), **metrics}


def _await_last_but_one(results: list[Any]) -> None:
    """Keep the host from filling the device with chunks: one is computed with while the next one comes."""
    if len(results) > 1:
        jax.block_until_ready(results[-2])


def _added(results: list[Any]) -> Any:
    return jax.tree.map(lambda *parts: functools.reduce(jnp.add, parts), *results)
