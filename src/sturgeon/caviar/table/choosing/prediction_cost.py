"""What a saved network takes: bytes on disk, and time for a prediction."""

from __future__ import annotations

import math
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.caviar.table.saved import SavedModel

ROWS = 1_000
"""For how many rows a prediction is timed."""
_RUNS = 3
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SECONDS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True, slots=True)
class PredictionCost:
    """What a saved network takes.

    Attributes:
        size: Bytes of its files.
        seconds: What the networks take for 1,000 rows whose columns have become inputs already.
    """

    size: int
    seconds: float

    @classmethod
    def of(cls, model: SavedModel, inputs: np.ndarray) -> PredictionCost:
        """Measure it: write it to a folder of its own, and let it predict.

        Args:
            model: The network, or the ensemble.
            inputs: ``[rows, features]``, at least one row; repeated to 1,000.
        """
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder) / "best")
            size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        rows = np.resize(inputs, (ROWS, inputs.shape[1]))
        model.outputs(rows)  # what is loaded and compiled once is not counted
        took = []
        for _ in range(_RUNS):
            began = time.perf_counter()
            model.outputs(rows)
            took.append(time.perf_counter() - began)
        return cls(size, median(took))

    def to_json(self) -> dict[str, Any]:
        """Write it as a plain dict."""
        return {"size": self.size, "seconds_per_1000_rows": round(self.seconds, 7)}


@dataclass(frozen=True, slots=True)
class PredictionBudget:
    """What a saved network may take.

    Attributes:
        size: Bytes at most; None for no bound.
        seconds: Seconds for 1,000 rows at most; None for no bound.
    """

    size: int | None = None
    seconds: float | None = None

    def __bool__(self) -> bool:
        return self.size is not None or self.seconds is not None

    def allows(self, cost: PredictionCost) -> bool:
        """Whether a network that takes so much may be handed over."""
        return (self.size is None or cost.size <= self.size) and (
            self.seconds is None or cost.seconds <= self.seconds
        )


NO_BUDGET = PredictionBudget()


def to_bytes(given: str | int | None, name: str) -> int | None:
    """Read a size: bytes, or text such as ``"500kB"``, ``"2MB"``, ``"1.5 MiB"``.

    Raises:
        InputError: It is not one, or not above 0.

    Example:
        >>> to_bytes("2MB", "max_size"), to_bytes("1.5 KiB", "max_size"), to_bytes(None, "max_size")
        (2000000, 1536, None)
    """
    if given is None:
        return None
    size = _measure(str(given), _BYTES, "b")
    if size is None or size < 1:
        raise InputError(
            f"`{name}` must be a size above 0, in bytes or such as '500kB' or '2MB'; got {given!r}."
        )
    return int(size)


def to_short_seconds(given: str | float | None, name: str) -> float | None:
    """Read a short time: seconds, or text such as ``"5ms"``, ``"200us"``, ``"0.1s"``.

    Raises:
        InputError: It is not one, or not above 0.

    Example:
        >>> to_short_seconds("5ms", "max_predict_time"), to_short_seconds(0.5, "max_predict_time")
        (0.005, 0.5)
    """
    if given is None:
        return None
    seconds = _measure(str(given), _SECONDS, "s")
    if seconds is None or not seconds > 0:
        raise InputError(
            f"`{name}` must be a time above 0 for 1,000 rows, in seconds or such as '5ms'; got {given!r}."
        )
    return seconds


def describe_size(size: int) -> str:
    """A number of bytes for a person to read.

    Example:
        >>> describe_size(900), describe_size(12_345), describe_size(2_500_000)
        ('900 B', '12.3 kB', '2.5 MB')
    """
    unit = next((unit for unit in ("GB", "MB", "kB") if size >= _BYTES[unit.lower()]), "B")
    return f"{size / _BYTES[unit.lower()]:.3g} {unit}"


def describe_time(seconds: float) -> str:
    """A short time for a person to read.

    Example:
        >>> describe_time(0.00312), describe_time(2.5)
        ('3.12 ms', '2.5 s')
    """
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def _measure(text: str, units: dict[str, float] | dict[str, int], plain: str) -> float | None:
    found = re.fullmatch(r"(\d+(?:\.\d+)?(?:e-?\d+)?)\s*([a-zµ]*)", text.strip().lower())
    if found is None or (found[2] or plain) not in units:
        return None
    measure = float(found[1]) * units[found[2] or plain]
    return measure if math.isfinite(measure) else None
