"""``study.plot``: the pictures of a study, called by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sturgeon.figures.registry import FIGURES

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sturgeon.study import Study


class Plots:
    """The pictures of one study: ``study.plot()`` is the overview, ``study.plot.slice()`` one of them.

    Args:
        study: The study, which is read anew for each picture.
    """

    def __init__(self, study: Study) -> None:
        self._study = study

    def __call__(self, name: str = "overview", **options: Any) -> go.Figure:
        """Draw a picture.

        Args:
            name: Its name in ``sturgeon.figures.FIGURES``.
            **options: Its options, such as ``language="vi"``.
        """
        return getattr(self, name)(**options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in FIGURES:
            raise AttributeError(f"a study has the pictures {', '.join(FIGURES)}; got {name!r}")
        return lambda **options: FIGURES[name](self._study, **options)

    def __dir__(self) -> list[str]:
        return list(FIGURES)

    def __repr__(self) -> str:
        return f"<pictures of {self._study!r}: {', '.join(FIGURES)}>"
