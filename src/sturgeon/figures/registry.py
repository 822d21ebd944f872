"""Every picture by name: what it is called, how it is drawn, and which studies it fits."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.languages import translator

if TYPE_CHECKING:
    import plotly.graph_objects as go


def N_(text: str) -> str:
    """Mark text to be translated when it is shown."""
    return text


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a study. Call it with a study, or a snapshot, and its options.

    Attributes:
        name: Its name in ``FIGURES``, on the command line and of ``study.plot``.
        title: What it shows, in English.
        home: The module that draws it.
        missing: Gives what a study lacks for it, in English; an empty text where it fits.
        wide: Whether it needs more width than a phone has.
    """

    name: str
    title: str
    home: str
    missing: Callable[[Snapshot], str]
    wide: bool = False

    def __call__(self, study: Shown, **options: Any) -> go.Figure:
        """Draw it; see the function of its name in ``home``."""
        return getattr(importlib.import_module(self.home), self.name)(study, **options)

    def fits(self, study: Shown) -> bool:
        """Tell whether a study has what it shows."""
        return not self.missing(take_snapshot(study))

    def title_in(self, language: str) -> str:
        """What it shows, in a language."""
        return translator(language).gettext(self.title)

    def missing_in(self, study: Shown, language: str) -> str:
        """What a study lacks for it, in a language; an empty text where it fits."""
        lacks = self.missing(take_snapshot(study))
        return translator(language).gettext(lacks) if lacks else ""


def _ended(seen: Snapshot) -> str:
    return "" if seen.valued else N_("no trial has a value yet")


def _varied(seen: Snapshot) -> str:
    return _ended(seen) or ("" if seen.space.coordinates else N_("no hyperparameter varies"))


def _two_varied(seen: Snapshot) -> str:
    if len(seen.valued) < 5:
        return N_("it needs 5 trials with a value")
    return "" if len(seen.space.coordinates) > 1 else N_("it needs two hyperparameters that vary")


def _curves(seen: Snapshot) -> str:
    known = any(one.curves.get(seen.metric) for one in seen.trials)
    return "" if known else N_("no trial reported a curve")


def _important(seen: Snapshot) -> str:
    return "" if seen.importance.shares else N_("it needs 20 trials with a value")


_HERE = "sturgeon.figures"
_ALL = (
    Picture("best_so_far", N_("Best so far"), f"{_HERE}.progress", _ended),
    Picture("learning_curves", N_("Learning curves"), f"{_HERE}.progress", _curves),
    Picture("slice", N_("Each hyperparameter on its own scale"), f"{_HERE}.hyperparameters", _varied, True),
    Picture("importance", N_("What mattered"), f"{_HERE}.hyperparameters", _important),
    Picture("contour", N_("Two hyperparameters together"), f"{_HERE}.hyperparameters", _two_varied),
)

FIGURES: dict[str, Picture] = {one.name: one for one in _ALL}
"""Every picture by name."""
