"""What a study was made of, as it lies in its row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sturgeon.errors import StudyError
from sturgeon.search.base import Search
from sturgeon.space import Space
from sturgeon.study.objectives import Objective, choose_objectives
from sturgeon.study.saved_space import check_space
from sturgeon.study.storage.rows import dump_json
from sturgeon.study.trial import check_whole


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


def describe_study(
    space: Space,
    minimize: str | Sequence[str] | None,
    maximize: str | Sequence[str] | None,
    search: Search | None,
    seed: int,
    about: Mapping[str, Any] | None,
) -> tuple[Description, Search]:
    """Describe a new study, and choose its search where none is given; the arguments are ``Study.create``'s.

    Raises:
        StudyError: No objective is named, the space is none, or the seed is no whole number in its range.
    """
    from sturgeon.search import CoarseToFine, check_search, search_to_json

    check_search(search)
    search = search if search is not None else CoarseToFine()
    description = Description(
        seed=check_whole(seed, "seed"),
        space=check_space(space).to_json(),
        search=search_to_json(search),
        objectives=choose_objectives(minimize, maximize),
        about=dict(about or {}),
    )
    return description, search


def _dump_about(about: Mapping[str, Any]) -> str:
    try:
        return dump_json(dict(about))
    except (TypeError, ValueError) as error:
        raise StudyError(f"what a study is about must be plain JSON; got {about!r} ({error}).") from error
