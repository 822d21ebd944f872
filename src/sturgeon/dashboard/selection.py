"""Which trials a table shows: filtered by any hyperparameter, sorted, a page at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sturgeon.space import Choice, Space
from sturgeon.study import STATES, TrialRecord

PAGE = 50
FIXED_KEYS = ("number", "state", "value", "epochs", "seconds")
_LOW, _HIGH, _IS = "min.", "max.", "is."


@dataclass(frozen=True, slots=True)
class Condition:
    """What a hyperparameter must be.

    Attributes:
        name: The hyperparameter.
        low: At least this, or None.
        high: At most this, or None.
        option: The place of one of a `Choice`'s options, or None.
    """

    name: str
    low: float | None = None
    high: float | None = None
    option: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What somebody wants to see.

    Attributes:
        state: Only trials in this state; empty for all.
        text: Only trials with this in a tag, a note, the reason or the error; empty for all.
        conditions: What their hyperparameters must be.
        sort: What they are sorted by: one of `FIXED_KEYS`, ``"config.NAME"`` or ``"metric.NAME"``.
        descending: Whether the largest comes first.
        page: Which page, from 1.
        wrong: The fields that make no sense, and are left out.
    """

    state: str = ""
    text: str = ""
    conditions: tuple[Condition, ...] = ()
    sort: str = "value"
    descending: bool = False
    page: int = 1
    wrong: tuple[str, ...] = field(default=())

    @staticmethod
    def read(
        query: Mapping[str, str], space: Space, *, maximizes: bool, metrics: Sequence[str] = ()
    ) -> Selection:
        """Read it of an address; what makes no sense is left out and named.

        Args:
            query: The address's parameters.
            space: What varies.
            metrics: What it may be sorted by besides the value: the other objectives.
            maximizes: Whether the largest value is the best, and comes first by default.
        """
        wrong: list[str] = []
        conditions = []
        for name in space.coordinates:
            item = space[name]
            if isinstance(item, Choice):
                place = _whole(query.get(_IS + name, ""), wrong, name)
                if place is not None and 0 <= place < len(item.options):
                    conditions.append(Condition(name, option=place))
                continue
            low = _number(query.get(_LOW + name, ""), wrong, name)
            high = _number(query.get(_HIGH + name, ""), wrong, name)
            if low is not None or high is not None:
                conditions.append(Condition(name, low, high))
        state = query.get("state", "")
        sort = query.get("sort", "value")
        known = (*FIXED_KEYS, *(f"config.{name}" for name in space), *(f"metric.{name}" for name in metrics))
        order = query.get("order", "")
        page = _whole(query.get("page", ""), wrong, "page")
        return Selection(
            state=state if state in STATES else "",
            text=query.get("text", "").strip(),
            conditions=tuple(conditions),
            sort=sort if sort in known else "value",
            descending=order == "down" if order in ("up", "down") else sort == "value" and maximizes,
            page=max(1, page or 1),
            wrong=tuple(dict.fromkeys(wrong)),
        )

    @property
    def filters(self) -> bool:
        """Whether anything is left out."""
        return bool(self.state or self.text or self.conditions)

    def query(self, **changes: str) -> dict[str, str]:
        """Give the parameters of an address that asks for it, with some changed; empty ones are left out."""
        found = {"state": self.state, "text": self.text}
        for one in self.conditions:
            if one.option is not None:
                found[_IS + one.name] = str(one.option)
            if one.low is not None:
                found[_LOW + one.name] = f"{one.low:.17g}"
            if one.high is not None:
                found[_HIGH + one.name] = f"{one.high:.17g}"
        found |= {"sort": self.sort, "order": "down" if self.descending else "up", **changes}
        return {key: value for key, value in found.items() if value}

    def choose(self, trials: Sequence[TrialRecord], space: Space) -> list[TrialRecord]:
        """Give the trials that fit, sorted; those that lack what is sorted by come last."""
        fitting = [one for one in trials if self._fits(one, space)]
        key = _key_of(self.sort)
        known, unknown = [], []
        for one in fitting:
            value = key(one)
            (unknown if value is None else known).append((value, one))
        known.sort(key=lambda pair: pair[0], reverse=self.descending)
        return [one for _, one in [*known, *unknown]]

    def page_of(self, chosen: Sequence[TrialRecord]) -> list[TrialRecord]:
        """Give one page of them."""
        first = PAGE * (self.page - 1)
        return list(chosen[first : first + PAGE])

    def _fits(self, trial: TrialRecord, space: Space) -> bool:
        if self.state and trial.state != self.state:
            return False
        if self.text and not _holds(trial, self.text.casefold()):
            return False
        return all(_meets(trial, one, space) for one in self.conditions)


def pages(count: int) -> int:
    """Tell how many pages so many trials fill; at least one."""
    return max(1, math.ceil(count / PAGE))


def _meets(trial: TrialRecord, condition: Condition, space: Space) -> bool:
    if condition.name not in trial.config:
        return False
    value = trial.config[condition.name]
    item = space[condition.name]
    if isinstance(item, Choice):
        wanted = item.options[condition.option or 0]
        return type(value) is type(wanted) and value == wanted
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # What a page shows has fewer digits than what is kept.
    low = -math.inf if condition.low is None else condition.low - abs(condition.low) * 1e-9
    high = math.inf if condition.high is None else condition.high + abs(condition.high) * 1e-9
    return low <= value <= high


def _holds(trial: TrialRecord, text: str) -> bool:
    error = "" if trial.error is None else f"{trial.error.type} {trial.error.message}"
    return any(text in one.casefold() for one in (*trial.tags, *trial.notes, trial.reason or "", error))


def _key_of(sort: str) -> Callable[[TrialRecord], Any]:
    if sort == "value":
        return lambda one: one.value if one.value is not None and not math.isnan(one.value) else None
    if sort == "state":
        return lambda one: STATES.index(one.state)
    if sort == "epochs":
        return lambda one: one.last_step
    if sort == "seconds":
        return lambda one: one.seconds
    if sort == "number":
        return lambda one: one.number
    if sort.startswith("metric."):
        metric = sort.removeprefix("metric.")
        return lambda one: one.metrics[metric] if not math.isnan(one.metrics.get(metric, math.nan)) else None
    name = sort.removeprefix("config.")
    return lambda one: _orderable(one.config[name]) if name in one.config else None


def _orderable(value: Any) -> tuple[int, Any]:
    """Numbers before texts: values of a `Choice` may be of several types."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, value
    return 1, str(value)


def _number(text: str, wrong: list[str], name: str) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        wrong.append(name)
        return None
    return value


def _whole(text: str, wrong: list[str], name: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or len(text) > 9:
        wrong.append(name)
        return None
    return int(text)
