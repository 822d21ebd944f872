"""Pictures of a study, one function each, for notebook, report and page alike; drawn by Plotly.

``FIGURES`` names them all. Each takes a study that is open, or a ``Snapshot`` of it (where several are drawn,
so that it is read once), and gives a ``plotly.graph_objects.Figure``::

    from sturgeon import figures

    figures.best_so_far(study, against="epochs").show()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sturgeon.figures.common.snapshot import Snapshot, take_snapshot
from sturgeon.figures.registry import FIGURES, Picture

if TYPE_CHECKING:
    from sturgeon.figures.hyperparameters import contour, importance, slice
    from sturgeon.figures.progress import best_so_far, learning_curves

__all__ = [
    "FIGURES",
    "Picture",
    "Snapshot",
    "best_so_far",
    "contour",
    "importance",
    "learning_curves",
    "slice",
    "take_snapshot",
]


def __getattr__(name: str) -> Any:
    if name in FIGURES:
        return FIGURES[name]
    raise AttributeError(f"module 'sturgeon.figures' has no attribute {name!r}")
