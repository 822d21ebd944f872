"""Which engine trains the batch-norm network on a table: the compiled library on the cores, NumPy, or JAX.

On cores the library is the fastest; where it is missing, NumPy, which compiles nothing, trains small tables,
and JAX, which keeps many cores busy, large ones. Beside a GPU it is estimated which trains the study's
networks sooner.

A GPU trains a thousand networks of one shape at once, but a program has to be compiled for each shape, and
its steps take their time however small the networks are. The cores need nothing compiled. So small networks
of many shapes belong on the cores, many of one shape and large ones on the GPU.

The estimate takes networks drawn from the space, and depends on nothing but the space, the table and the
machine: so a study that is resumed trains where it trained before.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from sturgeon.caviar.backends.embedded import EmbeddedBackend
from sturgeon.caviar.backends.folds import FoldedBackend
from sturgeon.caviar.backends.native import NativeBackend
from sturgeon.caviar.backends.numpy_lanes import NumpyBackend
from sturgeon.caviar.backends.table_backend import TableBackend
from sturgeon.caviar.lanes.devices import core_devices, may_have_gpu
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.data import Dataset
from sturgeon.network.native.library import describe_absence, load_library
from sturgeon.network.settings import Precision
from sturgeon.space import Space
from sturgeon.study import Objective

if TYPE_CHECKING:
    from sturgeon.caviar.backends.jax_lanes import JaxBackend

# A few hundred: compiling for nothing costs a second, a GPU left alone by a large study costs hours.
_NETWORKS = 256
_FEW_NETWORKS = 16
# Of the compiled library on one core, in units of `epoch_cost`: 7 to 10 with AVX2, 12 to 13 with AVX-512.
_CORE_COST_A_SECOND = 1e10
# Of one H200 with JAX 0.11: compiling a program; a step however small; then the same units as above.
_COMPILE_SECONDS = 2.0
_STEP_SECONDS = 8e-5
_GPU_COST_A_SECOND = 4e12
# Of NumPy, which holds the interpreter's lock between products, so that more than two cores do not help; and
# of JAX on a core.
_NUMPY_COST_A_SECOND = 4e9
_NUMPY_CORES = 2
_JAX_COST_A_SECOND = 3e9
_JAX_COMPILE_SECONDS = 4.0


def table_backend(
    dataset: Dataset,
    space: Space,
    epochs: int,
    *,
    precision: Precision = "float32",
    rows: int | None = None,
    metric: str | None = None,
) -> TableBackend:
    """The compiled library on the cores; JAX on a GPU where that is sooner, and for what the library lacks.

    The library has no bfloat16, and is missing where no compiler was when Sturgeon was installed: NumPy or
    JAX then trains in its place. Where the
    data has pieces of numbers, a configuration's ``embedding`` says whether its network reads them.

    Args:
        dataset: The data.
        space: The space that configurations come from.
        epochs: What learning-rate schedules count on.
        precision: In which numbers matrices are multiplied.
        rows: Training rows to choose by, where ``dataset`` is a part of a table; else its own.
        metric: The metric that decides; None for one that every training reports.
    """
    engine = _choose_engine(dataset, space, epochs, precision=precision, rows=rows, metric=metric)
    return EmbeddedBackend(engine) if dataset.pieces else engine


def _choose_engine(
    dataset: Dataset, space: Space, epochs: int, *, precision: Precision, rows: int | None, metric: str | None
) -> TableBackend:
    library, cores, own_rows = load_library(), core_devices(), len(dataset.y_train)
    on_cores = None
    if precision == "float32" and library is not None and cores:
        on_cores = NativeBackend(library, dataset, epochs, metric)
        if not may_have_gpu():
            return on_cores
    elif precision == "float32" and cores and not may_have_gpu():
        by_numpy = NumpyBackend(dataset, epochs, metric)
        if numpy_is_sooner(by_numpy, space, epochs=epochs, rows=own_rows, whole_rows=rows or own_rows):
            return by_numpy
    from sturgeon.caviar.backends.jax_lanes import JaxBackend  # which loads JAX

    by_jax = JaxBackend(dataset, space, epochs, precision=precision, metric=metric)
    if on_cores is None:
        return by_jax
    counts = {"epochs": epochs, "rows": own_rows, "whole_rows": rows or own_rows}
    if by_jax.devices[0].platform == "cpu" or cores_are_sooner(on_cores, by_jax, space, **counts):
        return on_cores
    return by_jax


def describe_slowness() -> str | None:
    """Say why networks train slowly, and the remedy: without a GPU where the library is missing."""
    return None if may_have_gpu() else describe_absence()


def table_trainer(
    dataset: Dataset, space: Space, objective: Objective, epochs: int, *, precision: Precision = "float32"
) -> LaneTrainer:
    """A trainer of the batch-norm network on one data set, many configurations at once.

    Where the data is cut into folds, a training is one network a fold, and what comes of it a tuple of them.

    Args:
        dataset: The data; its training and validation parts are put on every device that has room.
        space: The space that configurations come from.
        objective: The metric that must stay finite, and is reported after each epoch.
        epochs: How many epochs a job trains for, at least 1.
        precision: In which numbers matrices are multiplied.
    """
    if dataset.folds == 1:
        backend = table_backend(dataset, space, epochs, precision=precision, metric=objective.metric)
        return LaneTrainer(backend, objective, epochs)
    parts = [dataset.fold(number) for number in range(dataset.folds)]
    first = table_backend(parts[0], space, epochs, precision=precision, metric=objective.metric)
    backend = FoldedBackend([first, *(first.with_dataset(part) for part in parts[1:])], objective.metric)
    return LaneTrainer(backend, objective, epochs)


def numpy_is_sooner(
    backend: NumpyBackend, space: Space, *, epochs: int, rows: int, whole_rows: int, cores: int | None = None
) -> bool:
    """Compare roughly what NumPy and JAX need on the cores for a study of some networks.

    Args:
        backend: What trains by NumPy.
        space: Where configurations come from.
        epochs: Of each training.
        rows: Training rows that the backend counts costs for.
        whole_rows: Training rows there really are.
        cores: How many cores there are; by default those of the backend.
    """
    cores = len(backend.devices) if cores is None else cores
    configs = space.sample(_FEW_NETWORKS, np.random.default_rng(0))
    work = epochs * whole_rows / rows * sum(map(backend.useful_cost, configs))
    by_numpy = work / _NUMPY_COST_A_SECOND / min(cores, _NUMPY_CORES)
    return by_numpy < (work / _JAX_COST_A_SECOND + len(configs) * _JAX_COMPILE_SECONDS) / cores


def cores_are_sooner(
    on_cores: NativeBackend, on_gpu: JaxBackend, space: Space, *, epochs: int, rows: int, whole_rows: int
) -> bool:
    """Compare roughly what both need for a study of a few hundred networks.

    Args:
        on_cores: What trains on cores.
        on_gpu: What trains on GPUs.
        space: Where configurations come from.
        epochs: Of each training.
        rows: Training rows that both count costs for.
        whole_rows: Training rows there really are.
    """
    configs = space.sample(_NETWORKS, np.random.default_rng(0))
    passes = epochs * whole_rows / rows
    on_cores_seconds = passes * sum(map(on_cores.useful_cost, configs)) / _CORE_COST_A_SECOND
    jobs = Counter(map(on_gpu.block_of, configs))
    on_gpu_seconds = len(jobs) * _COMPILE_SECONDS + passes * sum(
        rows / block.shape.batch * _STEP_SECONDS + count * on_gpu.cost(block) / _GPU_COST_A_SECOND
        for block, count in jobs.items()
    )
    return on_cores_seconds / len(on_cores.devices) < on_gpu_seconds / len(on_gpu.devices)
