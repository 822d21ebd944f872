"""Arrays that a processor's JAX device takes as they are, without a copy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

ALIGNMENT = 64
"""Bytes. XLA reads a host's array in place only where its address is a multiple of this."""


def empty_aligned(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Make an array whose first element lies at a multiple of 64 bytes, its values undefined.

    NumPy itself promises 16 bytes only, and then a table is held twice: once for us and once for JAX.

    Args:
        shape: The shape.
        dtype: The type of an element, without Python objects.

    Returns:
        C-contiguous, a view of a slightly larger buffer.

    Example:
        >>> empty_aligned((3, 5), np.float32).ctypes.data % 64
        0
    """
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    buffer = np.empty(size + ALIGNMENT, np.uint8)
    start = -buffer.ctypes.data % ALIGNMENT
    return buffer[start : start + size].view(dtype).reshape(shape)


def copy_aligned(array: np.ndarray) -> np.ndarray:
    """Copy an array to where :func:`empty_aligned` makes one."""
    copy = empty_aligned(array.shape, array.dtype)
    copy[:] = array
    return copy


def join_adjacent(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Join two arrays along their first axis: as a view where one follows the other in memory.

    Args:
        first: Shape (n, …).
        second: Shape (m, …), of the same type.

    Returns:
        Shape (n + m, …); a view of what both are views of, or else a copy, aligned.

    Example:
        >>> whole = np.arange(6)
        >>> joined = join_adjacent(whole[1:3], whole[3:])
        >>> joined.tolist(), np.shares_memory(joined, whole)
        ([1, 2, 3, 4, 5], True)
        >>> join_adjacent(whole[3:], whole[1:3]).tolist()
        [3, 4, 5, 1, 2]
    """
    shape = (len(first) + len(second), *first.shape[1:])
    if _follows(first, second):
        return np.lib.stride_tricks.as_strided(first, shape, first.strides)
    joined = empty_aligned(shape, first.dtype)
    return np.concatenate([first, second], out=joined)


def _follows(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether both are contiguous parts of one buffer, the second right behind the first."""
    return (
        first.flags.c_contiguous
        and second.flags.c_contiguous
        and first.dtype == second.dtype
        and first.base is not None
        and first.base is second.base
        and second.ctypes.data == first.ctypes.data + first.nbytes
    )
