"""A table lies on the device without a copy, or comes in chunks with the same mini-batches."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sturgeon.caviar.backends.jax_program import TablePart, batches_of, row_weights_of
from sturgeon.caviar.backends.jax_table import Resident, Streamed, fits, place
from sturgeon.caviar.lanes.devices import _free_in_container, free_bytes, free_in_machine
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
    free = free_bytes(CPU)
    assert free is None or not fits(CPU, 2 * free)


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
    lanes=st.integers(1, 3),
    chunk_bytes=st.integers(1, 3000),
    epoch=st.integers(0, 3),
)
def test_chunks_hold_the_mini_batches_of_the_resident_table(rows, batch, lanes, chunk_bytes, epoch):
    part = TablePart(np.arange(2.0 * rows).reshape(rows, 2), np.arange(rows))
    batch = min(batch, rows)
    order = np.stack([batches_of(row_order(seed, epoch, rows), batch) for seed in range(lanes)])
    row_weights = np.broadcast_to(row_weights_of(rows, batch), order.shape)
    chunks = list(Streamed(part, part, chunk_bytes).mini_batches(order, row_weights))
    inputs, targets, weights = (np.concatenate(arrays, axis=1) for arrays in zip(*chunks, strict=True))
    np.testing.assert_array_equal(inputs, part.inputs[order])
    np.testing.assert_array_equal(targets, order)
    np.testing.assert_array_equal(weights, row_weights)
    row = part.inputs[0].nbytes + part.targets[0].nbytes
    for chunk in chunks:
        assert chunk.targets.size * row <= chunk_bytes or chunk.targets.shape[1] == 1


@pytest.mark.parametrize("chunk_bytes", [1, 100, 10_000])
def test_the_validation_part_comes_whole(regression, chunk_bytes):
    streamed = Streamed(
        TablePart(regression.x_train, regression.y_train),
        TablePart(regression.x_validation, regression.y_validation),
        chunk_bytes,
    )
    judged = [chunk.targets for chunk in streamed.in_order()]
    np.testing.assert_array_equal(np.concatenate(judged), regression.y_validation)
