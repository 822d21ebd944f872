"""Random search: every configuration drawn afresh (N3 of the notes)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from sturgeon.search.base import Search, words_of
from sturgeon.search.record import Record
from sturgeon.search.unseen import Unseen, fill
from sturgeon.space import Config, Real, Space

_Words: TypeAlias = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Random(Search):
    """Draw at random, each hyperparameter on its own scale.

    25 trials try 25 values of the learning rate where a 5 × 5 grid tries 5: where one hyperparameter
    matters and another does not, a grid spends most of its trials on the one that does not.

    Source: Bergstra and Bengio, Random search for hyper-parameter optimization, JMLR 13 (2012).

    Example:
        >>> from sturgeon.space import Integer
        >>> space = Space(layers=Integer(2, 4))
        >>> configs = Random().suggest(space, Record(), 5, np.random.default_rng(0))
        >>> sorted(config["layers"] for config in configs)
        [2, 3, 4]
    """

    name: ClassVar[str] = "random"
    learns: ClassVar[bool] = False
    blind: ClassVar[bool] = True

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Draw up to ``count`` new configurations; see ``Search.suggest``."""
        batch = Unseen(record, count)
        fill(batch, space, lambda size: space.sample(size, rng), rng)
        return batch.configs()

    def draws_by_number(self, space: Space) -> bool:
        """Tell whether no draw repeats another: some number that is always there has no end of values."""
        return space.constraint is None and any(
            isinstance(one, Real) and not one.when for one in map(space.__getitem__, space)
        )

    def draw_by_number(self, space: Space, seed: int, numbers: Sequence[int]) -> list[Config]:
        """Draw for all of them at once; see ``Search.draw_by_number``."""
        np.random.bit_generator.ISeedSequence.register(_Seed)  # not at first, as it loads all of numpy.random
        points = np.empty((len(numbers), len(space.coordinates)))
        for point, words in zip(points, _seeds(seed, numbers), strict=True):
            bits = np.random.PCG64(_Seed(words))  # type: ignore[arg-type]
            np.random.Generator(bits).random(out=point)
        return list(space.from_unit(points))


class _Seed:
    """What a generator begins with, worked out already: an ``ISeedSequence`` of NumPy."""

    def __init__(self, words: npt.NDArray[np.uint64]) -> None:
        self._words = words

    def generate_state(self, n_words: int, dtype: npt.DTypeLike = np.uint32) -> npt.NDArray[np.uint64]:
        """Give it; four words of 64 bits are what PCG64 asks for."""
        return self._words


def _seeds(seed: int, numbers: Sequence[int]) -> npt.NDArray[np.uint64]:
    """Give what ``number_rng`` begins with for each number, a row each: for many at once a third of the time.

    Source: ``numpy.random.SeedSequence((seed, number)).generate_state(4, numpy.uint64)``, which NumPy keeps
    as it is from version to version; after O'Neill, Developing a seed_seq alternative (2015).
    """
    last = np.asarray(numbers, dtype=np.uint32)  # a number has one word: a study has fewer than 2**32 trials
    given = [np.full_like(last, word) for word in words_of(seed)] + [last]
    given += [np.zeros_like(last)] * (4 - len(given))
    hashed = _hash(0x43B0D7E5, 0x931E8875)
    pool = [hashed(words) for words in given[:4]]
    for source, into in itertools.permutations(range(4), 2):
        pool[into] = _mix(pool[into], hashed(pool[source]))
    for words in given[4:]:
        pool = [_mix(each, hashed(words)) for each in pool]
    hashed = _hash(0x8B51F9DD, 0x58F38DED)
    halves = [hashed(pool[place % 4]).astype(np.uint64) for place in range(8)]
    return np.stack(
        [low | high << np.uint64(32) for low, high in zip(halves[::2], halves[1::2], strict=True)], axis=1
    )


def _hash(const: int, factor: int) -> Callable[[_Words], _Words]:
    """Make a hash of words of 32 bits that is another one each time."""

    def hashed(words: _Words) -> _Words:
        nonlocal const
        words = words ^ np.uint32(const)
        const = const * factor & 0xFFFFFFFF
        words = words * np.uint32(const)
        return words ^ (words >> np.uint32(16))

    return hashed


def _mix(one: _Words, other: _Words) -> _Words:
    mixed = one * np.uint32(0xCA01F9DD) - other * np.uint32(0x4973F715)
    return mixed ^ (mixed >> np.uint32(16))
