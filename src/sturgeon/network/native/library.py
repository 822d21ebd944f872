"""The compiled network: which library this processor takes, and how its functions are called.

``hatch_build.py`` compiles ``network.c`` when the package is built, once for each instruction set. Where
there was no compiler, there is no library, and networks train by NumPy or JAX.
"""

from __future__ import annotations

import ctypes
import hashlib
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

# By what sturgeon_instruction_set() answers.
_LEVELS = ("baseline", "v3", "v4")


class Sizes(ctypes.Structure):
    """``Sizes`` of ``layout.h``: a network's, and its mini-batch's."""

    _fields_ = [
        (name, ctypes.c_int32)
        for name in ("features", "outputs", "units", "layers", "batch", "tanh", "classes")
    ]


class Settings(ctypes.Structure):
    """``Settings`` of ``layout.h``: what else an epoch depends on; ``vector`` is that of ``lane_vector``."""

    _fields_ = [
        ("learning_rate", ctypes.c_float),
        ("vector", ctypes.c_float * 8),
        ("dropout_key", ctypes.c_uint32 * 2),
    ]


class State(ctypes.Structure):
    """``State`` of ``layout.h``: where the numbers lie that a training changes."""

    _fields_ = [
        (name, ctypes.c_void_p) for name in ("weights", "first_moment", "second_moment", "mean", "variance")
    ]


_ARRAY, _COUNT = ctypes.c_void_p, ctypes.c_int64
_SIZES, _SETTINGS, _STATE = (ctypes.POINTER(kind) for kind in (Sizes, Settings, State))
_FUNCTIONS = {
    "train_epoch": (ctypes.c_double, _SIZES, _SETTINGS, _STATE, _ARRAY, _ARRAY, _ARRAY, _COUNT, _ARRAY),
    "predict": (ctypes.c_int, _SIZES, ctypes.c_float, _STATE, _ARRAY, _COUNT, _ARRAY),
    "permute": (None, _ARRAY, _COUNT, _COUNT, _ARRAY),
    "width": (ctypes.c_int,),
    "sources": (ctypes.c_uint32,),
    "instruction_set": (ctypes.c_int,),
}
"""What each function of ``network.c`` returns and takes; there its name begins with ``sturgeon_``."""


@cache
def load_library() -> ctypes.CDLL | None:
    """The library for this processor's instruction set; None where the package was built without."""
    folder = Path(__file__).parent
    least = open_library(folder / "network-baseline.so")
    if least is None:
        return None
    if least.sturgeon_sources() != sources_now(folder):
        warnings.warn(
            "the compiled network is not of these sources; networks train by NumPy or JAX, which is slower: "
            "install Sturgeon again (pip install -e .)",
            stacklevel=2,
        )
        return None
    taken = _LEVELS[1 : least.sturgeon_instruction_set() + 1]
    better = (open_library(folder / f"network-{level}.so") for level in reversed(taken))
    return next((library for library in better if library is not None), least)


def describe_absence() -> str | None:
    """Say that there is no library and what to do; None where there is one.

    Example:
        >>> describe_absence() is None or "compiler" in describe_absence()
        True
    """
    if load_library() is not None:
        return None
    return (
        "networks train by NumPy or JAX, several times slower than by compiled C, as no C compiler was there "
        "when Sturgeon was installed: install gcc or clang, then Sturgeon again (pip install "
        "--force-reinstall --no-deps sturgeon)"
    )


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
    for name, (returned, *taken) in _FUNCTIONS.items():
        function = getattr(library, f"sturgeon_{name}", None)  # one of older sources may lack it
        if function is not None:
            function.restype, function.argtypes = returned, taken
    return library


def address(array: np.ndarray) -> int:
    """Where an array's numbers lie, for a function of the library; the array must outlive the call."""
    assert array.flags.c_contiguous, "the library reads arrays as they lie"
    assert array.dtype in (np.float32, np.int32, np.uint64), "and in its own types"
    return array.ctypes.data


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
    library.sturgeon_permute(address(words), len(seeds), rows, address(orders))
    return orders
