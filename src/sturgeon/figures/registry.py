"""Every picture by name: what it is called, how it is drawn, and which studies it fits."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sturgeon.figures.common.snapshot import Shown, Snapshot, take_snapshot
from sturgeon.figures.predictions import read_test_rows
from sturgeon.figures.rechecks import rechecks_of
from sturgeon.figures.repeats import has_spread
from sturgeon.languages import translator
from sturgeon.space import Integer, Real

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
    return "" if seen.importance.shares else N_("it needs 16 trials with a value")


def _two_objectives(seen: Snapshot) -> str:
    return _ended(seen) or ("" if len(seen.objectives) > 1 else N_("the study has one objective"))


def _ranged(seen: Snapshot) -> str:
    ranged = any(isinstance(seen.space[name], Real | Integer) for name in seen.space.coordinates)
    return _ended(seen) or ("" if ranged else N_("no hyperparameter with a range varies"))


def _spread_known(seen: Snapshot) -> str:
    known = any(has_spread(one, seen) for one in seen.valued)
    return "" if known else N_("each trial was trained once, without folds or repeats")


def _attempted(seen: Snapshot) -> str:
    return "" if seen.attempts else N_("no trial was trained here")


def _rechecked(seen: Snapshot) -> str:
    return "" if rechecks_of(seen) else N_("it was never rechecked")


def _judged(task: str) -> Callable[[Snapshot], str]:
    def missing(seen: Snapshot) -> str:
        rows = read_test_rows(seen)
        return "" if rows is not None and rows.task == task else N_("no such test rows are kept with it")

    return missing


_HERE = "sturgeon.figures"
_PREDICTIONS = f"{_HERE}.predictions"
_ALL = (
    Picture("overview", N_("The study at a glance"), f"{_HERE}.summary", _ended),
    Picture("best_so_far", N_("Best so far"), f"{_HERE}.progress", _ended),
    Picture("importance", N_("What mattered"), f"{_HERE}.hyperparameters", _important),
    Picture("slice", N_("Each hyperparameter on its own scale"), f"{_HERE}.hyperparameters", _varied),
    Picture("coarse_to_fine", N_("From coarse to fine"), f"{_HERE}.designs", _ranged),
    Picture("contour", N_("Two hyperparameters together"), f"{_HERE}.hyperparameters", _two_varied),
    Picture("parallel_coordinates", N_("All hyperparameters together"), f"{_HERE}.parallel", _varied, True),
    Picture("learning_curves", N_("Learning curves"), f"{_HERE}.progress", _curves),
    Picture("random_against_grid", N_("Values tried, and those of a grid"), f"{_HERE}.designs", _varied),
    Picture("pareto_front", N_("Pareto front"), f"{_HERE}.objectives", _two_objectives),
    Picture("spread", N_("Spread over folds and repeats"), f"{_HERE}.repeats", _spread_known),
    Picture("confusion_matrix", N_("Confusion matrix"), _PREDICTIONS, _judged("classification")),
    Picture("calibration", N_("Calibration"), _PREDICTIONS, _judged("classification")),
    Picture("residuals", N_("Residuals"), _PREDICTIONS, _judged("regression")),
    Picture("freshness", N_("Still right over time"), f"{_HERE}.rechecks", _rechecked),
    Picture("timeline", N_("Who trained when"), f"{_HERE}.workers", _attempted),
)

FIGURES: dict[str, Picture] = {one.name: one for one in _ALL}
"""Every picture by name, in the order of a report."""
