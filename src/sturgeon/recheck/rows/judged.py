"""Which rows a recheck judged by, so that a later one can tell whether it judges by the same rows again.

The history keeps digests of a part of the rows and none of their values: those whose digests are the
smallest of all. As it is chance which rows these are, two such sketches have about as large a share of their
digests in common, below the smaller one's end, as the two sets have of their rows.

Source: Broder 1997, "On the resemblance and containment of documents", section 4.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

MOST = 1024
"""So many digests are kept at most; fewer rows are all there."""
FEWEST = 20
"""With fewer digests to compare by, nobody can tell."""
_BYTES = 6
_BY_CHANCE = 2.0
_MOST_TWINS = 0.25
"""Where so many rows have an equal one beside them, rows are not known by what they hold."""


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """The rows that a recheck judged by, as far as they are to be known again.

    Attributes:
        digests: The smallest digests of its rows, each once, rising; uint64 below 2^48.
        whole: Whether these are all.
        twins: The share of rows that equal another of them.
    """

    digests: np.ndarray
    whole: bool
    twins: float

    def to_json(self) -> dict[str, Any]:
        """Write them as plain JSON."""
        raw = self.digests.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - _BYTES :]
        return {
            "digests": base64.b64encode(raw.tobytes()).decode("ascii"),
            "whole": self.whole,
            "twins": self.twins,
        }

    @classmethod
    def from_json(cls, given: object) -> JudgedRows | None:
        """Read what `to_json` wrote; None for anything else."""
        if not isinstance(given, dict):
            return None
        digests, whole, twins = (given.get(name) for name in ("digests", "whole", "twins"))
        if not (isinstance(digests, str) and isinstance(whole, bool) and isinstance(twins, int | float)):
            return None
        try:
            raw = base64.b64decode(digests, validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(raw) % _BYTES:
            return None
        return cls(_numbers(raw), whole, float(twins))


def remember_rows(rows: Iterable[bytes]) -> JudgedRows:
    """Take what is needed of some rows to know them again.

    Args:
        rows: What each holds; equal rows are equal.

    Example:
        >>> kept = remember_rows([b"a", b"b", b"a", b"c"])
        >>> len(kept.digests), kept.whole, kept.twins
        (3, True, 0.5)
    """
    found = _numbers(b"".join(blake2b(row, digest_size=_BYTES).digest() for row in rows))
    digests, times = np.unique(found, return_counts=True)
    twins = float(times[times > 1].sum()) / max(len(found), 1)
    return JudgedRows(digests[:MOST], len(digests) <= MOST, twins)


def rows_of(arrays: Sequence[np.ndarray]) -> Iterator[bytes]:
    """What each row holds, of arrays of numbers with a row each of every row; zeros have no sign."""
    flat = [np.ascontiguousarray(array.reshape(len(array), -1), dtype=np.float64) + 0.0 for array in arrays]
    for number in range(len(flat[0])):
        yield b"".join(array[number].tobytes() for array in flat)


def overlap(new: JudgedRows | None, earlier: JudgedRows | None) -> bool:
    """Whether two rechecks judge by some of the same rows; also where nobody can tell.

    Rows that have nothing to do with each other may be equal by chance. How often, those show that equal
    others of their own recheck.

    Args:
        new: Of one; None where it is not known.
        earlier: Of the other.

    Example:
        >>> one, other = (remember_rows(map(str.encode, map(str, range(end)))) for end in (30, 40))
        >>> overlap(one, other), overlap(one, remember_rows([b"apart"])), overlap(one, None)
        (True, False, True)
    """
    if new is None or earlier is None or max(new.twins, earlier.twins) > _MOST_TWINS:
        return True
    both = (new, earlier)
    if any(not len(one.digests) for one in both):
        return False
    ends = [one.digests[-1] for one in both if not one.whole]
    within = [one.digests[one.digests <= min(ends)] if ends else one.digests for one in both]
    fewer = min(map(len, within))
    if ends and fewer < FEWEST:
        return True
    common = len(np.intersect1d(*within, assume_unique=True))
    return common > _BY_CHANCE * max(new.twins, earlier.twins) * fewer


def _numbers(raw: bytes) -> np.ndarray:
    short = np.frombuffer(raw, dtype=np.uint8).reshape(-1, _BYTES)
    return (
        np.hstack([np.zeros((len(short), 8 - _BYTES), np.uint8), short]).view(">u8")[:, 0].astype(np.uint64)
    )
