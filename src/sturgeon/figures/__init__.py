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
    from sturgeon.figures.designs import coarse_to_fine, random_against_grid
    from sturgeon.figures.hyperparameters import contour, importance, slice
    from sturgeon.figures.objectives import pareto_front
    from sturgeon.figures.parallel import parallel_coordinates
    from sturgeon.figures.predictions import calibration, confusion_matrix, residuals
    from sturgeon.figures.progress import best_so_far, learning_curves
    from sturgeon.figures.rechecks import freshness
    from sturgeon.figures.repeats import spread
    from sturgeon.figures.summary import overview
    from sturgeon.figures.workers import timeline

__all__ = [
    "FIGURES",
    "Picture",
    "Snapshot",
    "best_so_far",
    "calibration",
    "coarse_to_fine",
    "confusion_matrix",
    "contour",
    "freshness",
    "importance",
    "learning_curves",
    "overview",
    "parallel_coordinates",
    "pareto_front",
    "random_against_grid",
    "residuals",
    "slice",
    "spread",
    "take_snapshot",
    "timeline",
]


def __getattr__(name: str) -> Any:
    if name in FIGURES:
        return FIGURES[name]
    raise AttributeError(f"module 'sturgeon.figures' has no attribute {name!r}")
