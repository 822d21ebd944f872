"""Where a table lies while JAX trains networks on it: on the device where it fits, else on the host.

A processor's device reads the host's own array, without a copy, where it begins at a multiple of 64 bytes,
as the training part of :func:`sturgeon.data.prepare` does; so a table is in memory once, whatever number of
threads, or of JAX's CPU devices, train on it. A GPU holds a copy of its own. Where that does not fit, rows
come to it in chunks, in the order in which the mini-batches need them: each chunk holds whole mini-batches,
so that a training sees the same rows in the same mini-batches either way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from sturgeon.caviar.backends.jax_program import (
    EpochInputs,
    LaneInputs,
    MiniBatch,
    TablePart,
    predictor,
    row_weights_of,
    training_step,
)
from sturgeon.caviar.backends.table_backend import ProgramShape
from sturgeon.caviar.lanes.devices import Device, free_bytes
from sturgeon.data import Dataset
from sturgeon.data.features.aligned import empty_aligned
from sturgeon.network.objectives import all_outputs, metric_sums, metrics_of
from sturgeon.network.settings import Precision
from sturgeon.network.weights import Array, TrainingState

# The rest of a device's free memory is for networks, activations and what the compiler sets aside.
TABLE_SHARE = 0.6
CHUNK_BYTES = 2**27


@dataclass(frozen=True, slots=True)
class Resident:
    """Both parts on the device.

    Attributes:
        training: What is learnt from.
        validation: What trainings are judged by.
    """

    training: TablePart
    validation: TablePart


@dataclass(frozen=True, slots=True)
class Streamed:
    """Both parts on the host, since the device has no room for them.

    Attributes:
        training: NumPy arrays.
        validation: NumPy arrays.
        chunk_bytes: What the rows of a chunk may take, of all lanes together. Two chunks are on the device at
            a time.
    """

    training: TablePart
    validation: TablePart
    chunk_bytes: int = CHUNK_BYTES

    def mini_batches(self, order: np.ndarray, row_weights: np.ndarray) -> Iterator[MiniBatch]:
        """Gather the mini-batches of an epoch, a chunk of steps after the other.

        Args:
            order: Row numbers of each lane, ``[lanes, steps, batch]``.
            row_weights: ``[lanes, steps, batch]``.

        Yields:
            Inputs ``[lanes, n, batch, features]``; targets and row weights ``[lanes, n, batch]``. As many
            steps n as a chunk has room for, at least 1; the last chunk has what is left.

        Example:
            >>> part = TablePart(np.arange(8.0).reshape(4, 2), np.arange(4))
            >>> order = np.array([[[3, 0], [2, 1]]])
            >>> streamed = Streamed(part, part, chunk_bytes=1)
            >>> [chunk.targets.tolist() for chunk in streamed.mini_batches(order, np.ones(order.shape))]
            [[[[3, 0]]], [[[2, 1]]]]
        """
        lanes, steps, batch = order.shape
        fitting = max(1, self.chunk_bytes // (lanes * batch * _row_bytes(self.training)))
        for start in range(0, steps, fitting):
            rows = order[:, start : start + fitting]
            inputs, targets = (np.take(array, rows, axis=0) for array in self.training)
            yield MiniBatch(inputs, targets, row_weights[:, start : start + fitting])

    def in_order(self) -> Iterator[TablePart]:
        """The validation rows as they lie, a chunk after the other; views."""
        fitting = max(1, self.chunk_bytes // _row_bytes(self.validation))
        for start in range(0, len(self.validation.targets), fitting):
            yield TablePart(*(array[start : start + fitting] for array in self.validation))


def place(dataset: Dataset, device: Device, *, precision: Precision = "float32") -> Resident | Streamed:
    """Put the training and the validation part where a device can train on them.

    Args:
        dataset: The data.
        device: A JAX device.
        precision: With ``"bfloat16"`` the inputs are kept in that, which takes half the memory and changes no
            result: their products would round them anyway.

    Returns:
        The parts on the device; or on the host, where they would not fit.
    """
    training = _rounded(TablePart(dataset.x_train, dataset.y_train), precision)
    validation = _rounded(TablePart(dataset.x_validation, dataset.y_validation), precision)
    if not fits(device, sum(array.nbytes for array in (*training, *validation) if _is_copied(array, device))):
        return Streamed(training, validation)
    return Resident(
        TablePart(*jax.device_put(tuple(training), device)),
        TablePart(*jax.device_put(tuple(validation), device)),
    )


def fits(device: Device, size: int) -> bool:
    """Whether a device has room for so many bytes of a table, and for networks beside them.

    Where the system does not tell how much is free, all is taken to fit.
    """
    free = free_bytes(device)
    return free is None or size <= TABLE_SHARE * free


def _row_bytes(part: TablePart) -> int:
    return sum(array[0].nbytes for array in part)


def _rounded(part: TablePart, precision: Precision) -> TablePart:
    if precision == "float32":
        return part
    inputs = empty_aligned(part.inputs.shape, jnp.bfloat16)
    inputs[...] = part.inputs
    return part._replace(inputs=inputs)


def _is_copied(array: np.ndarray, device: Device) -> bool:
    return device.platform != "cpu" or array.ctypes.data % 64 != 0


class ChunkPrograms(NamedTuple):
    """Compiled functions of a chunk, for all lanes.

    Attributes:
        train: ``(state, lane, depth, batches) -> (state, loss summed over rows)``.
        judge: ``(state, lane, depth, part) -> metric sums``.
        conclude: ``(metric sums, rows) -> metrics``.
        predict: ``(state, lane, depth, inputs) -> outputs``.
    """

    train: Callable[..., tuple[TrainingState, jax.Array]]
    judge: Callable[..., dict[str, jax.Array]]
    conclude: Callable[..., dict[str, jax.Array]]
    predict: Callable[..., jax.Array]


@functools.cache
def chunk_programs(shape: ProgramShape) -> ChunkPrograms:
    """The programs of a shape; each is compiled once for whole chunks, and once for the shorter last one."""

    def train(
        state: TrainingState, lane: LaneInputs, depth: Array, batches: MiniBatch
    ) -> tuple[TrainingState, jax.Array]:
        trained, losses = jax.lax.scan(training_step(shape, lane, depth), state, batches)
        return trained, jnp.sum(losses)

    def judge(state: TrainingState, lane: LaneInputs, depth: Array, part: TablePart) -> dict[str, jax.Array]:
        return metric_sums(predictor(shape, state, lane, depth), part.inputs, part.targets)

    def predict(state: TrainingState, lane: LaneInputs, depth: Array, inputs: Array) -> jax.Array:
        return all_outputs(predictor(shape, state, lane, depth), inputs)

    return ChunkPrograms(
        jax.jit(jax.vmap(train, in_axes=(0, 0, None, 0)), donate_argnums=0),
        jax.jit(jax.vmap(judge, in_axes=(0, 0, None, None))),
        jax.jit(jax.vmap(metrics_of, in_axes=(0, None))),
        jax.jit(jax.vmap(predict, in_axes=(0, 0, None, None))),
    )


def run_streamed_epoch(
    shape: ProgramShape,
    table: Streamed,
    with_outputs: bool,
    state: TrainingState,
    inputs: EpochInputs,
    depth: Array,
) -> tuple[TrainingState, dict[str, Any]]:
    """Train every lane for one epoch, and judge it, on a table that has no room on the device.

    A lane sees the same rows in the same mini-batches as in
    :func:`sturgeon.caviar.backends.jax_program.epoch_program`, and its step is the same. Dropout is keyed by
    how many steps were taken, and what is summed over rows is summed over chunks; so where an epoch is cut
    changes nothing but the last bits.

    Args:
        shape: What the programs are specialised on.
        table: Both parts, on the host.
        with_outputs: Whether the validation rows' outputs are wanted; they come to the host.
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
    outputs: list[np.ndarray] = []
    for part in table.in_order():
        _await_last_but_one(sums)
        sums.append(programs.judge(state, inputs.lane, depth, part))
        if with_outputs:
            outputs.append(np.asarray(programs.predict(state, inputs.lane, depth, part.inputs)))
    metrics: dict[str, Any] = programs.conclude(_added(sums), len(table.validation.targets))
    if with_outputs:
        metrics["outputs"] = np.concatenate(outputs, axis=1)
    return state, {"train_loss": _added(losses) / weights.sum(), **metrics}


def _await_last_but_one(results: list[Any]) -> None:
    """Keep the host from filling the device with chunks: one is computed with while the next one comes."""
    if len(results) > 1:
        jax.block_until_ready(results[-2])


def _added(results: list[Any]) -> Any:
    return jax.tree.map(lambda *parts: functools.reduce(jnp.add, parts), *results)
