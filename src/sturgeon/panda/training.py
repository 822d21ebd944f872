"""What Panda needs of a training: its hyperparameters read and changed, its state saved and loaded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.errors import InputError
from sturgeon.panda.coach.vitals import Vitals
from sturgeon.panda.kept.tree import Position


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the trainings that are tried side by side.

    Attributes:
        values: All hyperparameters of it.
        curve: The metrics of each epoch.
        path: The file that holds its state at the end.
        at: Where it stands then.
    """

    values: Mapping[str, Any]
    curve: Sequence[Mapping[str, float]]
    path: Path
    at: Position


class Training(ABC):
    """A training that is tended. Subclasses are the built-in network, and the adapters of the frameworks.

    Attributes:
        anywhere: Whether it can be saved and loaded in the middle of an epoch, not only between two.
        tries: Whether several values can be tried at once.
        fixed: Hyperparameters that only a branch can change.
        ending: How its checkpoint files end.
    """

    anywhere: bool = False
    tries: bool = False
    fixed: frozenset[str] = frozenset()
    ending: str = ".npz"

    @property
    @abstractmethod
    def values(self) -> dict[str, Any]:
        """The hyperparameters that are in force, read back from where they work."""

    @abstractmethod
    def apply(self, values: Mapping[str, Any]) -> None:
        """Give hyperparameters new values, from the next step on.

        Raises:
            InputError: It cannot take one; none is changed then.
        """

    @property
    @abstractmethod
    def can_save(self) -> bool:
        """Whether its state can be saved and loaded."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write all that the training goes on from."""

    @abstractmethod
    def load(self, path: Path, values: Mapping[str, Any]) -> str:
        """Go on from what was saved, with these hyperparameters.

        Returns:
            What a person should know of it, such as which weights were not taken over; mostly nothing.

        Raises:
            InputError: The file is of another model; nothing is changed then.
        """

    @property
    def between_epochs(self) -> bool:
        """Whether no epoch is under way, after a load."""
        return True

    def vitals(self) -> Vitals | None:
        """What the coach looks at beside the curves, where it is known."""
        return None

    def try_values(
        self,
        path: Path,
        candidates: Sequence[Mapping[str, Any]],
        *,
        epochs: int,
        folder: Path,
        on_epoch: Callable[[int, int, Mapping[str, float]], None],
    ) -> list[Lane]:
        """Train from a saved state with several hyperparameters at once.

        Args:
            path: The state.
            candidates: All hyperparameters of each.
            epochs: For how many epochs.
            folder: Takes the state of each at the end.
            on_epoch: Told which candidate has trained how many epochs in all, with what metrics.
        """
        raise NotImplementedError  # asked only where `tries` says so


class FunctionTraining(Training):
    """A training loop of one's own: its state by two functions, its hyperparameters by one, if it has them.

    Args:
        values: The hyperparameters it begins with.
        save: Writes the state into the file whose path it is given; None where it cannot be saved.
        load: Reads it back.
        apply: Gives the optimiser new values, and returns what it has then by name; None where the loop
            reads ``run.learning_rate`` itself.
    """

    ending = ".checkpoint"

    def __init__(
        self,
        values: Mapping[str, Any],
        *,
        save: Callable[[Path], object] | None = None,
        load: Callable[[Path], object] | None = None,
        apply: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        if (save is None) != (load is None):
            raise InputError("A state needs both `save` and `load`; got one of them. Give both, or neither.")
        self._values = dict(values)
        self._save, self._load, self._apply = save, load, apply

    @property
    def values(self) -> dict[str, Any]:
        """See :class:`Training`."""
        return dict(self._values)

    def apply(self, values: Mapping[str, Any]) -> None:
        """See :class:`Training`."""
        taken = values if self._apply is None else self._apply(values)
        self._values |= {name: taken.get(name, self._values.get(name)) for name in values}

    @property
    def can_save(self) -> bool:
        """See :class:`Training`."""
        return self._save is not None

    def save(self, path: Path) -> None:
        """See :class:`Training`."""
        assert self._save is not None
        self._save(path)

    def load(self, path: Path, values: Mapping[str, Any]) -> str:
        """See :class:`Training`."""
        assert self._load is not None
        self._load(path)
        self._values = dict(values)
        self.apply(values)
        return ""
