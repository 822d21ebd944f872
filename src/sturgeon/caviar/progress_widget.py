"""How far a run is, as a bar in a notebook."""

from __future__ import annotations

import sys
from typing import Any

from sturgeon.caviar.progress import Progress


class ProgressWidget:
    """A bar and a line under a notebook's cell.

    Args:
        widgets: The package ``ipywidgets``.
        display: What shows a widget.
    """

    def __init__(self, widgets: Any, display: Any) -> None:
        self._bar = widgets.FloatProgress(min=0.0, max=1.0)
        self._line = widgets.Label()
        self._box = widgets.HBox([self._bar, self._line])
        self._display = display
        self._shown = False

    def show(self, progress: Progress) -> None:
        """Show how far a run is."""
        if not self._shown:
            self._display(self._box)
            self._shown = True
        self._bar.value = share_done(progress)
        self._line.value = progress.describe()


def find_widget() -> ProgressWidget | None:
    """Make one where the process is a notebook's and ipywidgets is installed; else None, and text will do."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    try:
        import ipywidgets  # pyright: ignore[reportMissingImports]
        from IPython.display import display  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    return ProgressWidget(ipywidgets, display)


def share_done(progress: Progress) -> float:
    """What is done of a run, from 0 to 1: by trials, or by time where that ends it sooner.

    Example:
        >>> share_done(Progress(3, 1, 8, 4.0, 1.0, 9.0, None, None, "loss"))
        0.5
    """
    shares = [0.0]
    if progress.target:
        shares.append((progress.done + progress.begun) / progress.target)
    if progress.budget:
        shares.append(progress.seconds / progress.budget)
    return min(1.0, max(shares))
