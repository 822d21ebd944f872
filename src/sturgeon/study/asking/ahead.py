"""Configurations drawn ahead, for handles that ask at the same time over a network.

Which number a new trial gets is known only when it is written down, and while the way there is long, others
take numbers. A search whose draws depend on the study's seed and the trial's number alone need not be asked
again then: the handle hands in a configuration for each of the next few numbers, and the server takes the
one for the number that it gives. So each trial has the configuration that it would have had if nobody else
had asked.
"""

from __future__ import annotations

import math
import time

from sturgeon.search.base import Search
from sturgeon.space import Space
from sturgeon.study.storage.rows import dump_json

FEW, MANY = 8, 64
"""For how many numbers configurations are drawn when others were first seen to ask, and at most."""
SPARE = 5
"""For how many more numbers than were last passed over."""
FRESH = 0.25
"""How long a look at what else is to be handed out holds while others ask, too, in seconds."""


class Ahead:
    """How far ahead one handle draws, and what it has drawn.

    Args:
        seed: The study's.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._window = 0.0
        self._drawn: dict[int, str] = {}
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
        wanted, step = (passed + SPARE, 0.25) if passed else (0.0, 1.0)
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

    def draw(self, search: Search, space: Space, first: int) -> list[str]:
        """Give configurations, as JSON, for the numbers from ``first`` on."""
        if self._of is None or self._of[0] is not search or self._of[1] is not space:
            self._of, self._drawn = (search, space), {}
        wanted = range(first, first + math.ceil(self._window))
        missing = [number for number in wanted if number not in self._drawn]
        if missing:
            configs = search.draw_by_number(space, self._seed, missing)
            drawn = self._drawn | dict(zip(missing, map(dump_json, configs), strict=True))
            self._drawn = {number: drawn[number] for number in wanted}
        return [self._drawn[number] for number in wanted]
