"""The compiled network: which library this processor takes, and its two functions.

``hatch_build.py`` compiles ``network.c`` when the package is built, once for each instruction set. Where
there was no compiler, there is no library, and networks train through JAX.
"""

from __future__ import annotations

import ctypes
import hashlib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sturgeon.network.weights import Architecture, Statistics

# By what sturgeon_instruction_set() answers.
_LEVELS = ("baseline", "v3", "v4")


class _Sizes(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int32)
        for name in ("features", "outputs", "units", "layers", "batch", "tanh", "classes")
    ]


class _Settings(ctypes.Structure):
    _fields_ = [
        ("learning_rate", ctypes.c_float),
        ("vector", ctypes.c_float * 8),
        ("dropout_key", ctypes.c_uint32 * 2),
    ]


class _State(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_void_p) for name in ("weights", "first_moment", "second_moment", "mean", "variance")
    ]


@dataclass(frozen=True, slots=True)
class Trainee:
    """What an epoch changes, in place, as :class:`Layout` lays it out.

    Attributes:
        weights: A block.
        first_moment: The optimiser's; a block.
        second_moment: Likewise.
        running: The running averages, in strides.
        count: Steps taken so far, int32 of one element.
    """

    weights: np.ndarray
    first_moment: np.ndarray
    second_moment: np.ndarray
    running: Statistics
    count: np.ndarray


class Rows(NamedTuple):
    """What an epoch sees.

    Attributes:
        inputs: ``[rows, features]``, float32.
        targets: ``[rows]``, int32 classes or float32.
        order: The rows of its mini-batches, one after the other, int32 ``[seen]``.
    """

    inputs: np.ndarray
    targets: np.ndarray
    order: np.ndarray


class EpochSettings(NamedTuple):
    """What holds for one epoch.

    Attributes:
        batch: Rows of a full mini-batch; the last one holds what remains.
        learning_rate: α.
        vector: :meth:`TrainingSettings.lane_vector`.
        dropout_key: uint32 ``[2]``.
    """

    batch: int
    learning_rate: float
    vector: np.ndarray
    dropout_key: np.ndarray


@cache
def load_library() -> ctypes.CDLL | None:
    """The library for this processor's instruction set; None where the package was built without."""
    folder = Path(__file__).parent
    least = open_library(folder / "network-baseline.so")
    if least is None:
        return None
    if least.sturgeon_sources() != sources_now(folder):
        warnings.warn(
            "the compiled network is not of these sources; networks train through JAX, which is slower: "
            "install Sturgeon again (pip install -e .)",
            stacklevel=2,
        )
        return None
    taken = _LEVELS[1 : least.sturgeon_instruction_set() + 1]
    better = (open_library(folder / f"network-{level}.so") for level in reversed(taken))
    return next((library for library in better if library is not None), least)


def sources_now(folder: Path) -> int:
    """A number that changes with the C files beside this one."""
    texts = b"".join(path.read_bytes() for path in sorted(folder.glob("*.[ch]")))
    return int.from_bytes(hashlib.sha256(texts).digest()[:4], "big")


def open_library(path: Path) -> ctypes.CDLL | None:
    """One compiled library; None where there is none, or none that this system takes."""
    try:
        library = ctypes.CDLL(str(path))
    except OSError:
        return None
    library.sturgeon_train_epoch.restype = ctypes.c_double
    library.sturgeon_sources.restype = ctypes.c_uint32
    return library


def vector_width(library: ctypes.CDLL) -> int:
    """Floats of the library's vectors, for :class:`Layout`."""
    return library.sturgeon_width()


def permute(library: ctypes.CDLL, seeds: Sequence[np.random.SeedSequence], rows: int) -> np.ndarray:
    """What ``np.random.default_rng(seed).permutation(rows)`` gives, without the interpreter's lock.

    Args:
        library: Whose function.
        seeds: Of the streams.
        rows: How many there are, below 2³¹.

    Returns:
        int32 ``[seeds, rows]``.
    """
    words = np.array([seed.generate_state(4, np.uint64) for seed in seeds])
    orders = np.empty((len(seeds), rows), np.int32)
    library.sturgeon_permute(
        ctypes.c_void_p(words.ctypes.data),
        ctypes.c_int64(len(seeds)),
        ctypes.c_int64(rows),
        *_pointers([orders]),
    )
    return orders


def train_epoch(
    library: ctypes.CDLL, architecture: Architecture, trainee: Trainee, rows: Rows, settings: EpochSettings
) -> float:
    """Train a network for one epoch, on the calling thread and without the interpreter's lock.

    Args:
        library: Whose functions.
        architecture: The network's sizes.
        trainee: Changed in place.
        rows: What it learns from.
        settings: How.

    Returns:
        The mean loss of the rows seen, each with the weights that its mini-batch met.

    Raises:
        MemoryError: There is none.
    """
    sizes = _sizes(architecture, settings.batch, classes=rows.targets.dtype == np.int32)
    key = (ctypes.c_uint32 * 2)(*settings.dropout_key.tolist())
    how = _Settings(settings.learning_rate, (ctypes.c_float * 8)(*settings.vector.tolist()), key)
    total = library.sturgeon_train_epoch(
        ctypes.byref(sizes),
        ctypes.byref(how),
        ctypes.byref(_state(trainee)),
        *_pointers(rows),
        ctypes.c_int64(len(rows.order)),
        *_pointers([trainee.count]),
    )
    if trainee.count.item() < 0:
        raise MemoryError(f"no memory to train {architecture.hidden_units} units on {settings.batch} rows")
    return total / len(rows.order)


def predict(
    library: ctypes.CDLL,
    architecture: Architecture,
    trainee: Trainee,
    inputs: np.ndarray,
    norm_epsilon: float,
) -> np.ndarray:
    """Outputs at test time, by the running averages.

    Args:
        library: Whose functions.
        architecture: The network's sizes.
        trainee: Its weights and running averages.
        inputs: ``[rows, features]``, float32.
        norm_epsilon: Batch norm's ε.

    Returns:
        ``[rows, outputs]``, float32.

    Raises:
        MemoryError: There is none.
    """
    outputs = np.empty((len(inputs), architecture.outputs), np.float32)
    failed = library.sturgeon_predict(
        ctypes.byref(_sizes(architecture, 1, classes=True)),
        ctypes.c_float(norm_epsilon),
        ctypes.byref(_state(trainee)),
        *_pointers([inputs]),
        ctypes.c_int64(len(inputs)),
        *_pointers([outputs]),
    )
    if failed:
        raise MemoryError(f"no memory to predict with {architecture.hidden_units} units")
    return outputs


def _sizes(a: Architecture, batch: int, *, classes: bool) -> _Sizes:
    return _Sizes(a.features, a.outputs, a.hidden_units, a.layers, batch, a.activation == "tanh", classes)


def _state(trainee: Trainee) -> _State:
    blocks = (trainee.weights, trainee.first_moment, trainee.second_moment, *trainee.running)
    assert all(array.ctypes.data % 64 == 0 for array in blocks), "vectors are read at whole addresses"
    return _State(*_pointers(blocks))


def _pointers(arrays: Iterable[np.ndarray]) -> list[ctypes.c_void_p]:
    """Where the numbers of arrays lie."""
    pointers = []
    for array in arrays:
        assert array.flags.c_contiguous, "the library reads arrays as they lie"
        assert array.dtype in (np.float32, np.int32), "and takes four bytes a number"
        pointers.append(ctypes.c_void_p(array.ctypes.data))
    return pointers
