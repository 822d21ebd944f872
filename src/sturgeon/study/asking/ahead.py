"""Configurations drawn ahead, for handles that ask at the same time over a network.

Which number a new trial gets is known only when it is written down, and while the way there is long, others
take numbers. A search whose draws depend on the study's seed and the trial's number alone need not be asked
again then: the handle hands in a configuration for each of the next few numbers, and the server takes the
one for the number that it gives. So each trial has the configuration that it would have had if nobody else
had asked.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sturgeon.search.base import Search
from sturgeon.space import Config, Space
from sturgeon.study.storage.rows import dump_json

FEW, MANY = 16, 64
"""For how many numbers configurations are drawn when others were first seen to ask, and at most."""
CHUNK = 8
"""So many neighbouring numbers are written as JSON together."""
STOCK, SPREAD = 48, 32
"""For how many numbers a stock is drawn, as many at once take half the time; and how much larger it may be:
were it the same for all processes, all would draw at the same moment."""
SPARE = 5
"""For how many more numbers than were last passed over."""
FRESH = 3.0
"""How long a look at what else is to be handed out holds while others ask, too, in seconds."""


@dataclass(frozen=True)
class Drawn:
    """Configurations of new trials.

    Attributes:
        first: The number that the first one is for; the others are for those that follow.
        configs: The configurations.
        text: The same as a JSON list.
    """

    first: int
    configs: Sequence[Config]
    text: str

    @classmethod
    def of(cls, first: int, configs: Sequence[Config]) -> Drawn:
        """Write them as JSON."""
        return cls(first, configs, dump_json(configs))


class Ahead:
    """How far ahead one handle draws, and what it has drawn.

    Args:
        seed: The study's.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._window = 0.0
        self._stock = STOCK + os.getpid() % SPREAD
        self._drawn: dict[int, Drawn] = {}  # by the chunk
        self._of: tuple[Search, Space] | None = None
        self._looked: tuple[object, float, float] | None = None

    @property
    def alone(self) -> bool:
        """Whether nobody else was seen to ask lately."""
        return self._window <= 0

    def can_draw(self, search: Search, space: Space) -> bool:
        """Tell whether others ask, too, and the search needs nothing but a trial's number."""
        return not self.alone and search.draws_by_number(space)

    def missed(self) -> None:
        """Note that others took all the numbers that there was a configuration for."""
        self._window = min(max(2 * self._window, FEW), MANY)

    def hit(self, passed: int) -> None:
        """Note that so many numbers were passed over, which others took."""
        wanted, step = (passed + SPARE, 0.25) if passed else (0.0, max(1.0, self._window / 4))
        self._window = min(max(wanted, self._window - step), MANY)

    def looked(self, request: object, limit: float) -> None:
        """Note that there was nothing but a new trial to hand out, of a number below the limit."""
        self._looked = (request, limit, time.monotonic())

    def look_again(self) -> None:
        """Note that there may be something else to hand out by now."""
        self._looked = None

    def limit(self, request: object) -> float | None:
        """Give the limit of a look that still holds, if there was one for the same request."""
        if self.alone or self._looked is None or self._looked[0] != request:
            return None
        return self._looked[1] if time.monotonic() - self._looked[2] < FRESH else None

    def draw(self, search: Search, space: Space, first: int) -> Drawn:
        """Give configurations for the numbers from ``first``, and some before it, on."""
        if self._of is None or self._of[0] is not search or self._of[1] is not space:
            self._of, self._drawn = (search, space), {}
        chunks = self._chunks(first, math.ceil(self._window))
        self._add(search, space, [chunk for chunk in chunks if chunk not in self._drawn])
        found = [self._drawn[chunk] for chunk in chunks]
        text = ",".join([one.text[1:-1] for one in found])
        return Drawn(found[0].first, [config for one in found for config in one.configs], f"[{text}]")

    def stock_up(self, number: int, limit: float) -> None:
        """Draw for the asks to come, while this one is on its way.

        Args:
            number: The trial's, as far as is known.
            limit: Above the last number for which there may be a trial.
        """
        near = 2 * math.ceil(self._window)
        if self.alone or self._of is None or number + near >= limit:
            return
        if self._chunks(number, near).stop - 1 in self._drawn:
            return
        kept = self._chunks(number, int(min(near + self._stock, limit - number)))
        self._drawn = {chunk: drawn for chunk, drawn in self._drawn.items() if chunk in kept}
        self._add(*self._of, [chunk for chunk in kept if chunk not in self._drawn])

    def _chunks(self, first: int, count: int) -> range:
        return range(first // CHUNK, (first + count - 1) // CHUNK + 1)

    def _add(self, search: Search, space: Space, chunks: Sequence[int]) -> None:
        numbers = [chunk * CHUNK + place for chunk in chunks for place in range(CHUNK)]
        configs = search.draw_by_number(space, self._seed, numbers) if numbers else []
        for place, chunk in enumerate(chunks):
            here = configs[place * CHUNK : (place + 1) * CHUNK]
            self._drawn[chunk] = Drawn.of(chunk * CHUNK, here)
