"""What a study minimises or maximises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sturgeon.errors import SpaceError, StudyError, option
from sturgeon.space.constraint import Expression

Direction = Literal["minimize", "maximize"]


@dataclass(frozen=True, slots=True)
class Objective:
    """One metric and whether less or more of it is better.

    Attributes:
        metric: Its name, as reported and told.
        direction: ``"minimize"`` or ``"maximize"``.
    """

    metric: str
    direction: Direction

    @property
    def sign(self) -> float:
        """What a value is multiplied with so that less is better: 1 or -1."""
        return 1.0 if self.direction == "minimize" else -1.0

    def to_json(self) -> dict[str, str]:
        """Write it as a plain dict."""
        return {"metric": self.metric, "direction": self.direction}

    @staticmethod
    def from_json(given: Mapping[str, Any]) -> Objective:
        """Read back what ``to_json`` wrote."""
        direction: Direction = "maximize" if given["direction"] == "maximize" else "minimize"
        return Objective(str(given["metric"]), direction)


def choose_objectives(
    minimize: str | Sequence[str] | None, maximize: str | Sequence[str] | None
) -> tuple[Objective, ...]:
    """Make objectives of what a caller named, those to be minimised first.

    Args:
        minimize: One metric's name or several.
        maximize: One metric's name or several.

    Raises:
        StudyError: None is named, one is named twice, or a name is not text.

    Example:
        >>> [objective.metric for objective in choose_objectives("val_loss", ["recall"])]
        ['val_loss', 'recall']
    """
    chosen = [Objective(name, "minimize") for name in _names(minimize, "minimize")]
    chosen += [Objective(name, "maximize") for name in _names(maximize, "maximize")]
    if not chosen:
        raise StudyError('a study needs an objective; name a metric: minimize="val_loss", or maximize=...')
    names = [objective.metric for objective in chosen]
    if len(set(names)) < len(names):
        both = next(name for name in names if names.count(name) > 1)
        raise StudyError(
            f"a metric can be an objective once; got {names}: name {both!r} once, in minimize or in maximize."
        )
    return tuple(chosen)


def goals_of(objectives: Sequence[Objective]) -> dict[Direction, list[str]]:
    """Give objectives as ``Study.create`` takes them.

    Example:
        >>> goals_of([Objective("loss", "minimize"), Objective("recall", "maximize")])
        {'minimize': ['loss'], 'maximize': ['recall']}
    """
    goals: dict[Direction, list[str]] = {"minimize": [], "maximize": []}
    for one in objectives:
        goals[one.direction].append(one.metric)
    return goals


def _names(given: str | Sequence[str] | None, where: str) -> list[str]:
    try:
        names: list[Any] = [given] if isinstance(given, str) else [] if given is None else list(given)
    except TypeError:
        names = [given]
    for name in names:
        if not isinstance(name, str) or not name:
            rule = "not be empty" if name == "" else "be text"
            raise StudyError(
                f'a metric\'s name must {rule}; got {name!r} for {where!r}: write {where}="val_loss".'
            )
    return names


SUBJECT_TO = "subject_to"
"""Under which a study's ``about`` keeps what a result must satisfy."""


def check_subject_to(text: object) -> None:
    """Check what a result must satisfy, as a caller wrote it.

    Raises:
        SpaceError: It is no comparison of metrics.

    Example:
        >>> check_subject_to("latency <= 20 and size < 5")
    """
    try:
        compares = Expression(text).compares  # pyright: ignore[reportArgumentType]
    except SpaceError:
        compares = False
    if not compares:
        raise SpaceError(
            f"`{option(SUBJECT_TO)}` must compare metrics, joined by `and`, `or` and `not`; got {text!r}. "
            f"Write {option(SUBJECT_TO, 'latency_ms <= 20 and size < 5')}."
        )


class OutcomeConstraint:
    """What a trial's final metrics must satisfy for it to be the best: ``"latency <= 20 and size < 5"``.

    A search is shown a trial that does not as one that failed. A metric that a trial has not counts as
    satisfied.

    Example:
        >>> fits = OutcomeConstraint({"subject_to": "latency <= 20"})
        >>> fits({"latency": 12.0}), fits({"latency": 30.0}), fits({})
        (True, False, True)
    """

    def __init__(self, about: Mapping[str, Any]) -> None:
        """Take what the study is about."""
        text = about.get(SUBJECT_TO)
        self._rule = Expression(text) if isinstance(text, str) else None

    @property
    def is_there(self) -> bool:
        """Whether there is anything to be satisfied."""
        return self._rule is not None

    def __call__(self, metrics: Mapping[str, float]) -> bool:
        """Judge a trial's final metrics; what has no truth value there is not satisfied."""
        try:
            return self._rule is None or self._rule(metrics)
        except SpaceError:
            return False
