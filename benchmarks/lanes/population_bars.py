"""The bars of ``population.py``, and how a figure is printed beside its bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """What is asked of a shape: ratios to PyTorch eager and Keras on TensorFlow; share of the peak."""

    torch: float
    keras: float
    peak: float


BARS = {32: Bar(18, 30, 0.20), 64: Bar(7, 12, 0.45), 128: Bar(2.2, 5, 0.65), 256: Bar(1.3, 2.5, 0.70)}


def against(value: float, bar: float, *, cpu: float | None = None, form: str = "{:.1f}×") -> str:
    """A figure beside its bar, and whether it is reached; the same by processor time, where it is known."""
    by_cpu = "" if cpu is None else f"; by processor time {form.format(cpu)}"
    return f"{form.format(value)} (bar {form.format(bar)}: {'reached' if value >= bar else 'MISSED'}{by_cpu})"
