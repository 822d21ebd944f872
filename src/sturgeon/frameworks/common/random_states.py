"""Where Python's and NumPy's own random generators stand, as plain values that a checkpoint can hold."""

from __future__ import annotations

import random
from typing import Any

import numpy as np


def host_random() -> dict[str, Any]:
    """Say where the generators of ``random`` and ``numpy.random`` stand.

    Example:
        >>> state = host_random()
        >>> drawn = random.random()
        >>> restore_host_random(state)
        >>> random.random() == drawn
        True
    """
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)  # noqa: NPY002  (the global one)
    return {
        "python": [version, list(words), gauss],
        "numpy": [str(name), np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }


def restore_host_random(state: dict[str, Any]) -> None:
    """Let the generators go on from there.

    Args:
        state: As :func:`host_random` gave it; lists may have become tuples, or the other way round.
    """
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.asarray(keys, np.uint32), position, has_gauss, cached))  # noqa: NPY002  (the global one)
