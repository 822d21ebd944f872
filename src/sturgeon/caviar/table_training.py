"""Which engine trains the batch-norm network on a table, by where it trains."""

from __future__ import annotations

from sturgeon.caviar.devices import lane_devices
from sturgeon.caviar.native_lanes import NativeFused
from sturgeon.caviar.table_lanes import TableFused
from sturgeon.caviar.trainer import Goal, LaneTrainer
from sturgeon.data import Dataset
from sturgeon.network.native.library import load_library
from sturgeon.network.precision import Precision
from sturgeon.space import Space


def table_fused(
    dataset: Dataset, space: Space, epochs: int, *, precision: Precision = "float32"
) -> NativeFused | TableFused:
    """The compiled library on a processor; JAX on a GPU, in bfloat16, and where there is no library.

    Args:
        dataset: The data.
        space: The space that configurations come from.
        epochs: What learning-rate schedules count on.
        precision: In which numbers matrices are multiplied.
    """
    library = load_library()
    on_processor = lane_devices()[0].platform == "cpu"
    if on_processor and precision == "float32" and library is not None:
        return NativeFused(library, dataset, epochs)
    return TableFused(dataset, space, epochs, precision=precision)


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
