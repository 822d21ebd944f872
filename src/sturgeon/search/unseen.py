"""No configuration twice: what every search does with the configurations it thinks of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from sturgeon.errors import InputError, SpaceExhausted
from sturgeon.search.record import Record
from sturgeon.space import Config, Space, config_key

LISTABLE = 200_000
FRUITLESS_DRAWS = 2_000

Draw = Callable[[int], Iterable[Config]]


class Unseen:
    """Gathers configurations that are neither in the record nor gathered already.

    Args:
        record: The trials so far; it is only read.
        count: How many are wanted, at least 1.

    Example:
        >>> batch = Unseen(Record(), 2)
        >>> [batch.offer({"layers": layers}) for layers in (2, 2, 3)]
        [True, False, True]
        >>> batch.missing
        0
    """

    def __init__(self, record: Record, count: int) -> None:
        if count < 1:
            raise InputError(f"`count` must be 1 or more; got {count!r}. Ask for at least one.")
        self._record = record
        self._count = count
        self._gathered: dict[str, Config] = {}

    @property
    def missing(self) -> int:
        """How many are still wanted."""
        return self._count - len(self._gathered)

    def is_new(self, config: Config) -> bool:
        """Tell whether a configuration is in neither the record nor the batch."""
        return config not in self._record and config_key(config) not in self._gathered

    def offer(self, config: Config) -> bool:
        """Take a configuration if it is new and one is still wanted; tell whether it was taken."""
        if self.missing == 0 or not self.is_new(config):
            return False
        self._gathered[config_key(config)] = config
        return True

    def offer_all(self, configs: Iterable[Config]) -> int:
        """Take what is new until enough is there; tell how many were taken."""
        taken = 0
        for config in configs:
            if self.missing == 0:
                break
            taken += self.offer(config)
        return taken

    def configs(self) -> list[Config]:
        """Give what was gathered, in order.

        Raises:
            SpaceExhausted: Nothing was.
        """
        if not self._gathered:
            raise SpaceExhausted(
                "A suggestion must be a new configuration; all that this search can reach are among the "
                f"{len(self._record)} trials. Stop here, or widen the space."
            )
        return list(self._gathered.values())


def fill(batch: Unseen, space: Space, draw: Draw, rng: np.random.Generator) -> None:
    """Fill a batch with draws, and with what a finite space has left once draws only repeat themselves.

    Args:
        batch: What is gathered so far; it is filled.
        space: What may vary.
        draw: Makes so many candidates; called again and again, it goes on.
        rng: Chooses among what is left.
    """
    fruitless = 0
    size = max(batch.missing, 1)
    while batch.missing and fruitless < FRUITLESS_DRAWS:
        fruitless = 0 if batch.offer_all(draw(size)) else fruitless + size
        size = min(2 * size, 256)
        if fruitless >= 64 and space.size <= LISTABLE:
            break
    if batch.missing and space.size <= LISTABLE:
        batch.offer_all(_some(filter(batch.is_new, space.configurations()), batch.missing, rng))


def _some(configs: Iterator[Config], count: int, rng: np.random.Generator) -> list[Config]:
    """Choose ``count`` of a stream with equal chances and in random order, or all if there are fewer."""
    left = list(configs)
    return [left[index] for index in rng.permutation(len(left))[:count]]
