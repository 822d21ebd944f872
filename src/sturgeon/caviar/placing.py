"""Where a table lies while networks train on it: on the device where it fits, else on the host.

A processor's device reads the host's own array, without a copy, where it begins at a multiple of 64 bytes,
as the training part of :func:`sturgeon.data.prepare` does; so a table is in memory once, whatever number of
threads, or of JAX's CPU devices, train on it. A GPU holds a copy of its own. Where that does not fit, rows
come to it in chunks, in the order in which the mini-batches need them: each chunk holds whole mini-batches,
so that a training sees the same rows in the same mini-batches either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from sturgeon.caviar.fused import Device
from sturgeon.caviar.memory import free_bytes
from sturgeon.caviar.program import TablePart
from sturgeon.data import Dataset
from sturgeon.network.precision import Precision

# The rest of a device's free memory is for networks, activations and what the compiler sets aside.
TABLE_SHARE = 0.6


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
    """

    training: TablePart
    validation: TablePart

    def chunks(self, order: np.ndarray, chunk_rows: int) -> Iterator[TablePart]:
        """Gather training rows, a chunk after the other.

        Args:
            order: The rows of an epoch, in the order in which they are seen, ``[rows]``.
            chunk_rows: Rows of a chunk: :func:`whole_batches`. The last has what is left.

        Yields:
            Inputs ``[chunk_rows, features]`` and targets ``[chunk_rows]``, NumPy arrays of their own.
        """
        yield from gather_chunks(self.training, order, chunk_rows)

    def in_order(self, chunk_rows: int) -> Iterator[TablePart]:
        """The validation rows as they lie, a chunk after the other; views."""
        for start in range(0, len(self.validation.targets), chunk_rows):
            yield TablePart(*(array[start : start + chunk_rows] for array in self.validation))


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


def whole_batches(batch: int, at_most: int) -> int:
    """The largest number of rows that is whole mini-batches and at most so many; at least one mini-batch.

    Example:
        >>> whole_batches(64, at_most=1000)
        960
    """
    return max(1, at_most // batch) * batch


def gather_chunks(part: TablePart, order: np.ndarray, chunk_rows: int) -> Iterator[TablePart]:
    """Gather rows on the host, a chunk after the other, in a given order.

    Args:
        part: NumPy arrays, ``[n, features]`` and ``[n]``.
        order: Row numbers, ``[rows]``.
        chunk_rows: Rows of a chunk, at least 1.

    Yields:
        Inputs ``[chunk_rows, features]`` and targets ``[chunk_rows]``; the last chunk has what is left.

    Example:
        >>> part = TablePart(np.arange(8.0).reshape(4, 2), np.arange(4))
        >>> [chunk.targets.tolist() for chunk in gather_chunks(part, np.array([3, 0, 2, 1]), 3)]
        [[3, 0, 2], [1]]
    """
    for start in range(0, len(order), chunk_rows):
        rows = order[start : start + chunk_rows]
        yield TablePart(np.take(part.inputs, rows, axis=0), np.take(part.targets, rows, axis=0))


def _rounded(part: TablePart, precision: Precision) -> TablePart:
    return part if precision == "float32" else part._replace(inputs=part.inputs.astype(jnp.bfloat16))


def _is_copied(array: np.ndarray, device: Device) -> bool:
    return device.platform != "cpu" or array.ctypes.data % 64 != 0
