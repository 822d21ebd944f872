"""A table lies on the device without a copy, or comes in chunks with the same mini-batches."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.caviar.memory import _free_in_container, free_bytes, free_in_machine
from sturgeon.caviar.placing import Resident, Streamed, fits, gather_chunks, place, whole_batches
from sturgeon.caviar.program import TablePart, batches_of
from sturgeon.network.streams import row_order

CPU = jax.devices("cpu")[0]


def test_the_training_part_is_not_copied(regression):
    placed = place(regression, CPU)
    assert isinstance(placed, Resident)
    assert placed.training.inputs.unsafe_buffer_pointer() == regression.x_train.ctypes.data
    assert placed.training.targets.unsafe_buffer_pointer() == regression.y_train.ctypes.data
    np.testing.assert_array_equal(placed.validation.inputs, regression.x_validation)
    np.testing.assert_array_equal(placed.validation.targets, regression.y_validation)


def test_training_and_validation_rows_together_are_not_copied_either(regression):
    together = regression.with_validation_in_training()
    placed = place(together, CPU)
    assert placed.training.inputs.unsafe_buffer_pointer() == regression.x_train.ctypes.data
    assert len(placed.training.targets) == len(regression.y_train) + len(regression.y_validation)


def test_inputs_in_bfloat16_take_half_the_memory(classification):
    placed = place(classification, CPU, precision="bfloat16")
    assert placed.training.inputs.nbytes * 2 == classification.x_train.nbytes
    assert placed.training.targets.dtype == np.int32
    np.testing.assert_allclose(
        placed.training.inputs.astype(np.float32), classification.x_train, rtol=2.0**-8
    )


def test_what_is_larger_than_the_memory_does_not_fit():
    assert fits(CPU, 1000)
    assert free_bytes(CPU) is None or not fits(CPU, 2 * free_bytes(CPU))


def test_a_containers_limit_counts(tmp_path):
    assert _free_in_container(tmp_path) is None
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.stat").write_text("anon 600\ninactive_file 50\n")
    assert _free_in_container(tmp_path) == 350
    (tmp_path / "memory.max").write_text("max\n")
    assert _free_in_container(tmp_path) is None
    free = free_in_machine()
    assert free is None or free > 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    rows=st.integers(2, 60),
    batch=st.integers(2, 20),
    at_most=st.integers(1, 50),
    seed=st.integers(0, 99),
    epoch=st.integers(0, 3),
)
def test_chunks_hold_the_mini_batches_of_the_resident_table(rows, batch, at_most, seed, epoch):
    batch = min(batch, rows)
    part = TablePart(np.arange(2.0 * rows).reshape(rows, 2), np.arange(rows))
    order = row_order(seed, epoch, rows)
    numbers, weights = batches_of(order, batch)
    resident = [part.targets[n[w > 0]].tolist() for n, w in zip(numbers, weights, strict=True)]
    chunk_rows = whole_batches(batch, at_most)
    assert chunk_rows % batch == 0
    streamed = []
    for chunk in gather_chunks(part, order, chunk_rows):
        np.testing.assert_array_equal(chunk.inputs[:, 0], 2 * chunk.targets)
        streamed += [chunk.targets[i : i + batch].tolist() for i in range(0, len(chunk.targets), batch)]
    if rows % batch == 1:  # a remainder of a single row is left out of the epoch
        assert streamed.pop() == [order[-1]]
    assert streamed == resident


@pytest.mark.parametrize("chunk_rows", [1, 7, 1000])
def test_streamed_parts_come_whole(regression, chunk_rows):
    streamed = Streamed(
        TablePart(regression.x_train, regression.y_train),
        TablePart(regression.x_validation, regression.y_validation),
    )
    judged = [chunk.targets for chunk in streamed.in_order(chunk_rows)]
    np.testing.assert_array_equal(np.concatenate(judged), regression.y_validation)
    order = row_order(0, 0, len(regression.y_train))
    learnt = [chunk.inputs for chunk in streamed.chunks(order, chunk_rows)]
    np.testing.assert_array_equal(np.concatenate(learnt), regression.x_train[order])
