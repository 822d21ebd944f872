"""Pictures for a page, as Plotly's JSON; one that was just drawn serves every page that shows it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sturgeon.dashboard.live_study import LiveStudy
from sturgeon.errors import InputError
from sturgeon.figures import FIGURES
from sturgeon.languages import translator

OPTIONS: dict[str, tuple[str, ...]] = {
    "best_so_far": ("against",),
    "learning_curves": ("metric",),
    "slice": ("hyperparameter",),
    "contour": ("x", "y"),
    "coarse_to_fine": ("x", "y"),
}
"""What may be asked of each picture."""
NEED_CURVES = frozenset({"best_so_far", "learning_curves", "overview", "spread"})
MEASURED = frozenset({"importance", "overview"})
"""Pictures that show the importance of now; for the order in others, that which was measured last will do."""

SHORTEST_SECONDS = 5.0
LONGEST_SECONDS = 300.0
TIMES_ITS_COST = 200.0
"""Within these bounds, a picture is drawn anew after so many times what drawing it took: a study that runs
loses little to it."""
MOST_KEPT = 60


@dataclass(frozen=True, slots=True)
class _Drawn:
    text: str
    version: int
    at: float
    cost: float


class Pictures:
    """Draws pictures, and keeps them for a while."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[Any, ...], _Drawn] = {}
        self._turns: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()

    def draw(self, live: LiveStudy, name: str, options: Mapping[str, str], language: str) -> str:
        """Give a picture.

        Args:
            live: The study.
            name: One of ``FIGURES``.
            options: What is asked of it; empty values and unknown names are left out.
            language: The language.

        Returns:
            JSON: ``figure`` (``data`` and ``layout``), ``title``, ``caption`` and ``wide``; or ``missing``,
            what the study lacks for it.

        Raises:
            KeyError: There is no such picture.
            Unavailable: The study cannot be read.
        """
        picture = FIGURES[name]
        asked = {key: options[key] for key in OPTIONS.get(name, ()) if options.get(key)}
        key = (str(live.where), name, tuple(sorted(asked.items())), language)
        with self._lock:
            turn = self._turns.setdefault((key[0], name), threading.Lock())
        with turn:  # whoever wants the same waits for it
            kept = self._drawn.get(key)
            if kept is not None and _will_do(kept, live):
                return kept.text
            while name in NEED_CURVES and not live.read_curves():
                pass
            version, began = live.version, time.monotonic()
            text = self._make(live, picture, asked, language)
            now = time.monotonic()
        with self._lock:
            while len(self._drawn) >= MOST_KEPT:
                self._drawn.pop(next(iter(self._drawn)))
            self._drawn[key] = _Drawn(text, version, now, now - began)
        return text

    def _make(self, live: LiveStudy, picture: Any, asked: dict[str, str], language: str) -> str:
        name = picture.name
        snapshot = live.snapshot(attempts=name == "timeline", measured=name in MEASURED)
        lacks = picture.missing_in(snapshot, language)
        if lacks:
            return _as_json({"missing": lacks})
        try:
            return figure_json(picture(snapshot, language=language, **asked), wide=picture.wide)
        except InputError as error:
            return _as_json({"missing": str(error)})


def draw_curves(live: LiveStudy, numbers: list[int], language: str, metric: str | None = None) -> str:
    """Draw the learning curves of a few trials; see `Pictures.draw`."""
    snapshot = live.snapshot(measured=False)
    chosen = [found for number in numbers if (found := live.trial(number)) is not None]
    few = replace(snapshot, trials=tuple(chosen))
    few.__dict__["by_importance"] = snapshot.by_importance
    lacks = FIGURES["learning_curves"].missing_in(few, language) if metric is None else ""
    if lacks:
        return _as_json({"missing": lacks})
    try:
        options: dict[str, Any] = {"trials": numbers} | ({} if metric is None else {"metric": metric})
        return figure_json(FIGURES["learning_curves"](few, language=language, **options))
    except InputError:
        return _as_json({"missing": translator(language).gettext("no trial reported a curve")})


def figure_json(figure: Any, *, wide: bool = False) -> str:
    """Write a figure for a page, whose own heading is its title.

    Args:
        figure: The figure.
        wide: Whether it needs more width than a phone has.
    """
    meta = figure.layout.meta or {}
    figure.update_layout(title=None, margin={"t": 24})
    rest = _as_json({"title": meta.get("title", ""), "caption": meta.get("caption", ""), "wide": wide})
    return f'{{"figure":{figure.to_json(validate=False)},{rest[1:]}'


def _will_do(kept: _Drawn, live: LiveStudy) -> bool:
    age = time.monotonic() - kept.at
    wait = min(max(SHORTEST_SECONDS, TIMES_ITS_COST * kept.cost), LONGEST_SECONDS)
    return kept.version == live.version or age < wait


def _as_json(value: Any) -> str:
    return json.dumps(value, allow_nan=False)
