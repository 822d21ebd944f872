"""Arrays in place: aligned for JAX, parts joined without a copy."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from sturgeon.data import prepare
from sturgeon.data.features.aligned import ALIGNMENT, empty_aligned, join_adjacent


@pytest.mark.parametrize("shape", [(0, 3), (1,), (7, 5), (1000, 3), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8])
def test_an_aligned_array_is_as_asked_for(shape, dtype):
    array = empty_aligned(shape, dtype)
    assert (array.shape, array.dtype) == (shape, dtype)
    assert array.flags.c_contiguous
    assert array.size == 0 or array.ctypes.data % ALIGNMENT == 0


def test_a_processor_takes_an_aligned_array_in_place():
    array = empty_aligned((64, 3), np.float32)
    array[:] = 1
    placed = jax.device_put(array, jax.devices("cpu")[0])
    assert placed.unsafe_buffer_pointer() == array.ctypes.data


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    return prepare((x, x @ [1.0, 2.0, 3.0]))


def test_a_datasets_training_part_is_aligned(dataset):
    assert dataset.x_train.ctypes.data % ALIGNMENT == 0
    assert dataset.y_train.ctypes.data % ALIGNMENT == 0


def test_training_and_validation_rows_are_joined_in_place(dataset):
    joined = dataset.with_validation_in_training()
    np.testing.assert_array_equal(joined.x_train, np.concatenate([dataset.x_train, dataset.x_validation]))
    np.testing.assert_array_equal(joined.y_train, np.concatenate([dataset.y_train, dataset.y_validation]))
    assert np.shares_memory(joined.x_train, dataset.x_train)
    assert np.shares_memory(joined.y_train, dataset.y_validation)
    assert not joined.x_train.flags.writeable
    assert joined.x_test is dataset.x_test


def test_arrays_that_are_not_side_by_side_are_joined_as_a_copy():
    whole = np.arange(12.0).reshape(6, 2)
    for first, second in [(whole[3:], whole[:3]), (whole[:2], whole[3:]), (whole[:2], whole.copy()[2:])]:
        joined = join_adjacent(first, second)
        np.testing.assert_array_equal(joined, np.concatenate([first, second]))
        assert not np.shares_memory(joined, whole)
