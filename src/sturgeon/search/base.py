"""The contract of every search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from sturgeon.search.record import Record
from sturgeon.space import Config, Space


class Search(ABC):
    """Which configurations to try next.

    A search is a frozen dataclass whose fields are its settings (JSON values only), and
    ``suggest`` is a pure function of its arguments: nothing is remembered between calls but
    what the record holds.
    """

    name: ClassVar[str]
    learns: ClassVar[bool] = True
    """Whether what is suggested depends on the trials' values: then few are asked for at a time."""
    blind: ClassVar[bool] = False
    """Whether it looks at nothing of a trial but its configuration: then curves need not be read for it."""

    def check_installed(self) -> None:  # noqa: B027  most need nothing
        """Check that the packages that it needs are there.

        Raises:
            MissingExtra: One is not.
        """

    @abstractmethod
    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Propose up to ``count`` configurations that are not in the record.

        Args:
            space: What may vary.
            record: The trials so far.
            count: How many configurations are wanted, at least 1.
            rng: The only source of randomness.

        Returns:
            ``count`` configurations, all different and none of them in the record; fewer only
            where the space has no more.

        Raises:
            SpaceExhausted: The space has no configuration left that is not in the record.
        """

    def suggest_quickly(
        self, space: Space, record: Record, count: int, rng: np.random.Generator
    ) -> list[Config]:
        """Propose as ``suggest`` does, in less time where the search knows how: it may be less thorough.

        A run that is bounded by time asks for this where a training is cheaper than a suggestion. By default
        it is ``suggest``.

        Args:
            space: What may vary.
            record: The trials so far.
            count: How many configurations are wanted, at least 1.
            rng: The only source of randomness.

        Returns:
            As ``suggest`` does.

        Raises:
            SpaceExhausted: The space has no configuration left that is not in the record.
        """
        return self.suggest(space, record, count, rng)

    def draws_by_number(self, space: Space) -> bool:
        """Tell whether a suggestion depends on the study's seed and the trial's number only.

        Then many machines that ask at the same time need not wait for each other. By default it does not.
        """
        return False

    def draw_by_number(self, space: Space, seed: int, numbers: Sequence[int]) -> list[Config]:
        """Give what ``suggest`` would propose for each of these trials, asked for one by one.

        Args:
            space: What may vary.
            seed: The study's.
            numbers: The trials'.
        """
        rngs = [number_rng(seed, number) for number in numbers]
        return [config for rng in rngs for config in self.suggest(space, Record(), 1, rng)]


def number_rng(seed: int, number: int) -> np.random.Generator:
    """Give the generator of a suggestion, from the study's seed and the number of the next trial."""
    # As numpy.random.default_rng(numpy.random.SeedSequence((seed, number))) does, in two thirds of the time.
    words = np.array([*words_of(seed), *words_of(number)], dtype=np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def words_of(value: int) -> list[int]:
    """Split a whole number into words of 32 bits, the lowest first, as NumPy does."""
    words = [value & 0xFFFFFFFF]
    while value := value >> 32:
        words.append(value & 0xFFFFFFFF)
    return words
