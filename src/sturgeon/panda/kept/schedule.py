"""A tended training as a schedule: what to set when, so that it can be repeated with nobody watching."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.errors import InputError
from sturgeon.panda.kept.tree import Change, Position, RunTree
from sturgeon.study import Study

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """The way from the root of a run tree to one of its leaves.

    Attributes:
        values: The hyperparameters that it begins with.
        changes: What is set later, in order: a position, and new values.
        epochs: How long it is.
        planned: What schedules of the learning rate count on.
        metric: The objective.
        maximize: Whether it is to be maximised.
        seed: The study's.
        curves: What the run reported, to be compared with.
        about: What the study keeps of the job: the table, its target and its fingerprint.
    """

    values: Mapping[str, Any]
    changes: Sequence[tuple[Position, Mapping[str, Any]]]
    epochs: int
    planned: int
    metric: str
    maximize: bool
    seed: int
    curves: Mapping[str, Sequence[tuple[int, float]]]
    about: Mapping[str, Any]

    def to_json(self) -> str:
        """Write it as JSON."""
        return json.dumps(
            {
                "schedule": _VERSION,
                "values": dict(self.values),
                "changes": [{**at.to_json(), "values": dict(values)} for at, values in self.changes],
                "epochs": self.epochs,
                "planned": self.planned,
                "metric": self.metric,
                "maximize": self.maximize,
                "seed": self.seed,
                "curves": {name: [[e, _finite(v)] for e, v in curve] for name, curve in self.curves.items()},
                "about": dict(self.about),
            },
            indent=1,
        )

    @classmethod
    def load(cls, path: Path) -> Schedule:
        """Read what :meth:`to_json` wrote. Runs no code from the file.

        Raises:
            InputError: It is missing, or no schedule.
        """
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            if body["schedule"] != _VERSION:
                raise ValueError("a newer Sturgeon wrote it")
            return cls(
                values=dict(body["values"]),
                changes=[(Position.of(one), dict(one["values"])) for one in body["changes"]],
                epochs=int(body["epochs"]),
                planned=int(body["planned"]),
                metric=str(body["metric"]),
                maximize=bool(body["maximize"]),
                seed=int(body["seed"]),
                curves={
                    n: [(int(e), float("nan") if v is None else v) for e, v in c]
                    for n, c in body["curves"].items()
                },
                about=dict(body["about"]),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"A schedule must be a file that `sturgeon panda export` wrote; got {str(path)!r} "
                f"({' '.join(str(error).split())[:100]})."
            ) from None

    def to_changes(self) -> list[Change]:
        """The changes as a run makes them again."""
        return [Change(0, at, {}, values, "replay", "", 0) for at, values in self.changes]

    def to_python(self) -> str:
        """Write it as Python, for a training loop of one's own."""
        first = ((0, 0), dict(self.values))
        rest = [((at.epoch, at.step), dict(values)) for at, values in self.changes]
        rows = "\n".join(f"    {each!r}," for each in [first, *rest])
        return (
            "# Hyperparameters of a tended training, by (whole epochs, steps) trained before each "
            "took effect.\n"
            f"SCHEDULE = [\n{rows}\n]\n\n\n"
            "def values_at(epoch, step):\n"
            '    """The hyperparameters after so many whole epochs and steps."""\n'
            "    values = {}\n"
            "    for at, changed in SCHEDULE:\n"
            "        if at <= (epoch, step):\n"
            "            values |= changed\n"
            "    return values\n"
        )


def schedule_of(study: Study, tree: RunTree, leaf: int | None = None) -> Schedule:
    """Find the schedule that leads to a leaf.

    Args:
        study: The run's study.
        tree: Its tree.
        leaf: The branch; None for the one whose last value is the best.

    Raises:
        InputError: There is no such branch, or nothing was trained yet.
    """
    path = tree.path(tree.best_leaf() if leaf is None else leaf)
    changes: list[tuple[Position, Mapping[str, Any]]] = []
    values = dict(path[0].values)
    made = tree.changes_along(path[-1].trial)
    curves = tree.curves_along(path[-1].trial)
    for branch in path:
        if branch.parent is not None:
            now = _values_at(path[0].values, changes)
            changed = {name: value for name, value in branch.values.items() if now.get(name) != value}
            if changed:
                changes.append((branch.start, changed))
        changes += [(change.at, change.new) for change in made if change.trial == branch.trial]
    epochs = max((curve[-1][0] for curve in curves.values() if curve), default=0)
    if not epochs:
        raise InputError("A schedule needs an epoch that was trained; this branch has none yet.")
    kept = ("table", "target", "fingerprint", "rows", "task")
    return Schedule(
        values=values,
        changes=changes,
        epochs=epochs,
        planned=int(study.about.get("epochs", epochs)),
        metric=tree.metric,
        maximize=tree.maximize,
        seed=study.seed,
        curves=curves,
        about={name: study.about[name] for name in kept if name in study.about},
    )


def _values_at(
    first: Mapping[str, Any], changes: Sequence[tuple[Position, Mapping[str, Any]]]
) -> dict[str, Any]:
    values = dict(first)
    for _, changed in changes:
        values |= changed
    return values


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
