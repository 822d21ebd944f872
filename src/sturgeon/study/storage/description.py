"""What a study was made of, as it lies in its row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sturgeon.errors import StudyError
from sturgeon.study.objectives import Objective
from sturgeon.study.storage.rows import dump_json


@dataclass(frozen=True)
class Description:
    """What a study is made of.

    Attributes:
        seed: Its seed.
        space: Its space as JSON.
        search: Its search as JSON.
        objectives: What it minimises or maximises.
        about: Whatever its maker wrote down.
    """

    seed: int
    space: Mapping[str, Any]
    search: Mapping[str, Any]
    objectives: tuple[Objective, ...]
    about: dict[str, Any]

    def to_row(self) -> dict[str, Any]:
        """Give the columns of a new study's row.

        Raises:
            StudyError: ``about`` is not plain JSON.
        """
        return {
            "seed": self.seed,
            "space": dump_json(self.space),
            "search": dump_json(self.search),
            "objectives": dump_json([objective.to_json() for objective in self.objectives]),
            "about": _dump_about(self.about),
            "next_number": 0,
            "change": 0,
        }

    @staticmethod
    def from_row(row: Any, place: str) -> Description:
        """Read back what ``to_row`` gave.

        Raises:
            StudyError: It cannot be read.
        """
        try:
            return Description(
                seed=row.seed,
                space=json.loads(row.space),
                search=json.loads(row.search),
                objectives=tuple(Objective.from_json(one) for one in json.loads(row.objectives)),
                about=json.loads(row.about),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise StudyError(
                f"the study {place!r} is damaged: its description cannot be read ({error}); restore a copy."
            ) from error


def _dump_about(about: Mapping[str, Any]) -> str:
    try:
        return dump_json(dict(about))
    except (TypeError, ValueError) as error:
        raise StudyError(f"what a study is about must be plain JSON; got {about!r} ({error}).") from error
