"""Which engine trains the batch-norm network on a table, by where it trains."""

from __future__ import annotations

from sturgeon.caviar.cores_or_gpu import cores_are_sooner
from sturgeon.caviar.devices import core_devices
from sturgeon.caviar.native_lanes import NativeFused
from sturgeon.caviar.table_lanes import TableFused
from sturgeon.caviar.trainer import Goal, LaneTrainer
from sturgeon.data import Dataset
from sturgeon.network.native.library import load_library
from sturgeon.network.precision import Precision
from sturgeon.space import Space


def table_fused(
    dataset: Dataset,
    space: Space,
    epochs: int,
    *,
    precision: Precision = "float32",
    rows: int | None = None,
) -> NativeFused | TableFused:
    """The compiled library on the cores; JAX on a GPU where that is sooner, and for what the library lacks.

    The library has no bfloat16, and is missing where no compiler was when Sturgeon was installed.

    Args:
        dataset: The data.
        space: The space that configurations come from.
        epochs: What learning-rate schedules count on.
        precision: In which numbers matrices are multiplied.
        rows: Training rows to choose by, where ``dataset`` is a part of a table; else its own.
    """
    by_jax = TableFused(dataset, space, epochs, precision=precision)
    library = load_library()
    if precision != "float32" or library is None or not core_devices():
        return by_jax
    on_cores, own_rows = NativeFused(library, dataset, epochs), len(dataset.y_train)
    if by_jax.devices[0].platform == "cpu" or cores_are_sooner(
        on_cores, by_jax, space, epochs=epochs, rows=own_rows, whole_rows=rows or own_rows
    ):
        return on_cores
    return by_jax


def table_trainer(
    dataset: Dataset, space: Space, goal: Goal, epochs: int, *, precision: Precision = "float32"
) -> LaneTrainer:
    """A trainer of the batch-norm network on one data set, many configurations at once.

    Args:
        dataset: The data; its training and validation parts are put on every device that has room.
        space: The space that configurations come from.
        goal: The metric that must stay finite.
        epochs: How many epochs a member trains for, at least 1.
        precision: In which numbers matrices are multiplied.
    """
    return LaneTrainer(table_fused(dataset, space, epochs, precision=precision), goal, epochs)
