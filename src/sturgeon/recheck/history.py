"""The history of rechecks, which the study's journal keeps, and the money that the gambler brings along.

Over its whole history a study whose data never changes is called stale with a probability of at most α:
recheck t begins with fresh money 1/(t(t+1)), which sums to 1 over all t, and with what is left of the money
of those before. So evidence that two rechecks gather is added up, and none is forgotten. After a verdict of
stale the account is closed, and a new one opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from filelock import FileLock, Timeout

from sturgeon.errors import StudyError
from sturgeon.recheck.evidence import stake
from sturgeon.study import Study
from sturgeon.study.journal import JournalEntry

KIND = "recheck"


@dataclass(frozen=True, slots=True)
class Account:
    """With what a recheck begins.

    Attributes:
        number: Which recheck of the account it is, from 1.
        capital: Its money.
    """

    number: int
    capital: float


def past_rechecks(study: Study) -> list[JournalEntry]:
    """Every recheck of a study, the oldest first."""
    return study.journal.read(kind=KIND)


def open_account(entries: Sequence[JournalEntry], incumbent: int, fingerprint: str) -> Account:
    """The account that a recheck goes on with.

    Args:
        entries: The rechecks before.
        incumbent: The trial in use; an account is about one.
        fingerprint: Of the new data: what an earlier recheck of the same data won is not won again.

    Example:
        >>> open_account([], 0, "a")
        Account(number=1, capital=0.5)
    """
    number, capital = 1, stake(1)
    for entry in entries:
        body = entry.body
        if body.get("fingerprint") == fingerprint:
            continue
        if body.get("stale") or body.get("incumbent", {}).get("trial") != incumbent:
            number, capital = 1, stake(1)
            continue
        wealth = float(body.get("evidence", {}).get("wealth", 1.0))
        number += 1
        capital = capital * wealth + stake(number)
    return Account(number, capital)


def write_recheck(study: Study, body: dict[str, Any]) -> None:
    """Add a recheck to the history."""
    study.journal.write(KIND, body, author="recheck")


@contextmanager
def one_at_a_time(study: Study) -> Iterator[None]:
    """Hold a study, so that no second recheck of it runs on this machine at the same time.

    Raises:
        StudyError: One does.
    """
    place = study.place
    if "://" in place or place == ":memory:":
        path = Path(gettempdir()) / f"sturgeon-recheck-{sha256(place.encode()).hexdigest()[:16]}.lock"
    else:
        path = Path(place).with_name(f".{Path(place).name}.recheck.lock")
    if place == ":memory:":
        yield
        return
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StudyError(
            f"One recheck of a study runs at a time; another is at work on {place!r}. Wait for it."
        ) from None
    except OSError as error:
        raise StudyError(
            f"A recheck writes into the study; {place!r} lies where nothing can be written "
            f"({error.strerror}). Copy it elsewhere."
        ) from error
    try:
        yield
    finally:
        lock.release()
        path.unlink(missing_ok=True)
