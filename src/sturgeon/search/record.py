"""What a search is allowed to know: the trials so far, their values and their curves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sturgeon.search.old_record import OldTrial
from sturgeon.space import Config, config_key

State = Literal["waiting", "running", "paused", "complete", "stopped", "failed"]

COPIED = "copied"
"""Under this name a study keeps with a trial where it began, if that was at another one's checkpoint."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Where a trial began that did not begin anew: at the checkpoint of another.

    Attributes:
        parent: The trial that the checkpoint is of.
        generation: After which generation of population-based training, from 1.
        replaces: The trial that ended for it; None where one had failed or was ended by hand.
    """

    parent: int
    generation: int
    replaces: int | None = None

    @staticmethod
    def of(about: Mapping[str, Any]) -> Copied | None:
        """Read what a study keeps with a trial; None where it is no copy.

        Example:
            >>> Copied.of({COPIED: {"parent": 3, "generation": 2, "replaces": 7}})
            Copied(parent=3, generation=2, replaces=7)
        """
        kept = about.get(COPIED) if isinstance(about, Mapping) else None
        if not isinstance(kept, Mapping) or not isinstance(kept.get("parent"), int):
            return None
        return Copied(kept["parent"], int(kept.get("generation") or 0), kept.get("replaces"))


@dataclass(frozen=True, slots=True)
class Observation:
    """One trial as a search sees it.

    Attributes:
        number: The trial's number in its study, from 0.
        config: Its configuration; inactive hyperparameters are absent.
        state: Where it stands.
        value: The objective, always to be minimised (a study that maximises hands over
            the negative); None while there is none.
        curve: Pairs ``(step, objective)`` in order of step, also to be minimised.
        folds: Of a trial that is scored by folds and has ended, its objective on each, to be minimised; their
            mean is the value. Empty for any other.
        copied: Where it began, if it is a copy of another trial; up to there the curve is that one's.
    """

    number: int
    config: Mapping[str, object]
    state: State
    value: float | None = None
    curve: tuple[tuple[int, float], ...] = ()
    folds: tuple[float, ...] = ()
    copied: Copied | None = None


class Record:
    """The trials so far, by number. Searches read it; only a study writes it.

    Example:
        >>> record = Record([Observation(0, {"layers": 2}, "complete", 0.5)])
        >>> {"layers": 2} in record, len(record), record[0].value
        (True, 1, 0.5)
    """

    def __init__(self, observations: Iterable[Observation] = (), old: Iterable[OldTrial] = ()) -> None:
        """Take trials.

        Args:
            observations: The trials so far.
            old: Trials of an earlier study, which a search may use as evidence.
        """
        self.old = tuple(old)
        self._by_number: dict[int, Observation] = {}
        self._keys: set[str] = set()
        for observation in observations:
            self.put(observation)

    def put(self, observation: Observation) -> None:
        """Add a trial, or replace what was known of it."""
        if observation.number not in self._by_number:
            self._keys.add(config_key(observation.config))
        self._by_number[observation.number] = observation

    def remove(self, number: int) -> None:
        """Forget a trial, if it is there: its configuration may be tried again."""
        if self._by_number.pop(number, None) is not None:
            self._keys = {config_key(one.config) for one in self}

    def replaced(self, observations: Iterable[Observation]) -> Record:
        """Give a record in which some of its trials look different; this one stays as it is."""
        other = Record(old=self.old)
        other._by_number, other._keys = dict(self._by_number), set(self._keys)
        for observation in observations:
            other.put(observation)
        return other

    def unsettled(self, numbers: Iterable[int]) -> Record:
        """Give a record in which these trials, where it has them, run and have shown nothing yet.

        Example:
            >>> record = Record([Observation(0, {"layers": 2}, "complete", 0.5)])
            >>> hidden = record.unsettled([0, 1])
            >>> hidden[0].state, hidden[0].value, record[0].value
            ('running', None, 0.5)
        """
        mine = (self._by_number[number] for number in numbers if number in self._by_number)
        return self.replaced(Observation(one.number, one.config, "running") for one in mine)

    def __len__(self) -> int:
        return len(self._by_number)

    def __getitem__(self, number: int) -> Observation:
        return self._by_number[number]

    def __iter__(self) -> Iterator[Observation]:
        return iter(self._by_number.values())

    def __contains__(self, config: Config) -> bool:
        return config_key(config) in self._keys
