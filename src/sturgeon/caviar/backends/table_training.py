"""Which engine trains the batch-norm network on a table, by where it trains."""

from __future__ import annotations

from sturgeon.caviar.backends.cores_or_gpu import cores_are_sooner
from sturgeon.caviar.backends.jax_lanes import JaxBackend
from sturgeon.caviar.backends.native import NativeBackend
from sturgeon.caviar.lanes.devices import core_devices
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.network.native.library import load_library
from sturgeon.network.precision import Precision
from sturgeon.space import Space
from sturgeon.study import Objective


def table_backend(
    dataset: Dataset,
    space: Space,
    epochs: int,
    *,
    precision: Precision = "float32",
    rows: int | None = None,
) -> NativeBackend | JaxBackend:
    """The compiled library on the cores; JAX on a GPU where that is sooner, and for what the library lacks.

    The library has no bfloat16, and is missing where no compiler was when Sturgeon was installed.

    Args:
        dataset: The data.
        space: The space that configurations come from.
        epochs: What learning-rate schedules count on.
        precision: In which numbers matrices are multiplied.
        rows: Training rows to choose by, where ``dataset`` is a part of a table; else its own.
    """
    by_jax = JaxBackend(dataset, space, epochs, precision=precision)
    library = load_library()
    if precision != "float32" or library is None or not core_devices():
        return by_jax
    on_cores, own_rows = NativeBackend(library, dataset, epochs), len(dataset.y_train)
    if by_jax.devices[0].platform == "cpu" or cores_are_sooner(
        on_cores, by_jax, space, epochs=epochs, rows=own_rows, whole_rows=rows or own_rows
    ):
        return on_cores
    return by_jax


def table_trainer(
    dataset: Dataset, space: Space, objective: Objective, epochs: int, *, precision: Precision = "float32"
) -> LaneTrainer:
    """A trainer of the batch-norm network on one data set, many configurations at once.

    Args:
        dataset: The data; its training and validation parts are put on every device that has room.
        space: The space that configurations come from.
        objective: The metric that must stay finite.
        epochs: How many epochs a job trains for, at least 1.
        precision: In which numbers matrices are multiplied.
    """
    return LaneTrainer(table_backend(dataset, space, epochs, precision=precision), objective, epochs)
