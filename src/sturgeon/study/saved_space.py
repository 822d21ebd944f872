"""The space as a study keeps it: a constraint that is a function is not kept, only its name.

To read the study the function is not needed, so one that names itself stands in for it; to ask for trials,
or to add some, it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sturgeon.errors import SpaceError, StudyError
from sturgeon.space import Config, Space


class ConstraintNotGiven:
    """Stands in for a constraint that is a function and was not given again.

    Example:
        >>> from sturgeon.space import Integer
        >>> space = Space(layers=Integer(2, 4), constraint=ConstraintNotGiven("small"))
        >>> space.to_json()["constraint"]
        {'callable': 'small'}
    """

    def __init__(self, name: str) -> None:
        """Take the name of the function."""
        self.__qualname__ = name  # where a space looks for it

    def __call__(self, config: Config) -> bool:
        """Judge nothing.

        Raises:
            SpaceError: Always.
        """
        raise self.error()

    def __eq__(self, other: object) -> bool:
        """Two of one name are the same, but neither is the function."""
        return isinstance(other, ConstraintNotGiven) and self.__qualname__ == other.__qualname__

    def __hash__(self) -> int:
        return hash(self.__qualname__)

    def error(self) -> SpaceError:
        """Say what is to be given."""
        name = self.__qualname__
        return SpaceError(
            f"A constraint that is a function is not kept with a study and must be given again; got none for "
            f"{name!r}. Write Study.open(..., constraint={name})."
        )


def read_space(data: Mapping[str, Any], constraint: Any) -> Space:
    """Read a space that a study keeps.

    Args:
        data: The space as JSON.
        constraint: The function, where there was one and it was given again, else None.

    Raises:
        SpaceError: A constraint was given and the space had none that is a function.
    """
    match data.get("constraint"):
        case {"callable": str(name)} if constraint is None:
            constraint = ConstraintNotGiven(name)
    return Space.from_json(data, constraint=constraint)


def check_space(space: object) -> Space:
    """Give a space back if it is one.

    Raises:
        StudyError: It is not.
    """
    if not isinstance(space, Space):
        raise StudyError(f"`space` must be a Space; got {space!r}. Write st.Space(learning_rate=...).")
    return space


def check_whole_space(space: Space) -> Space:
    """Give the space back if configurations of it can be judged.

    Raises:
        StudyError: It is no space.
        SpaceError: Its constraint was not given.
    """
    check_space(space)
    if isinstance(space.constraint, ConstraintNotGiven):
        raise space.constraint.error()
    return space
