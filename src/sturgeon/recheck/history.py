"""The history of rechecks, which the study's journal keeps, and the money that the gambler brings along.

Over its whole history a study whose data never changes is called stale with a probability of at most α: a
recheck begins with fresh money, which over all rechecks sums to less than 1 (the rest of α is for the
comparison with a guess), and with what is left in the first purse whose rechecks judged by none of its rows.
So evidence is added up where rows are new. A recheck that judges by rows of every purse opens one of its own.
A purse is a supermartingale by itself, however it depends on the others, and reaches 1/α with a probability
of at most α times the money that was put into it (Ville); these chances add up to at most α. After a verdict
of stale the account is closed, and a new one opened.

Source: Vovk and Wang 2021, "E-values: Calibration, combination and applications", Annals of Statistics 49(3),
section 3: e-values that may depend on each other may be averaged, and not multiplied.
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
from sturgeon.recheck.rows.judged import JudgedRows, overlap
from sturgeon.study import Study
from sturgeon.study.journal import JournalEntry

KIND = "recheck"
JUDGED = "judged"
"""Under this name a recheck's entry keeps by which rows it judged."""


@dataclass(frozen=True, slots=True)
class Account:
    """With what a recheck begins.

    Attributes:
        number: Which recheck of the account it is, from 1.
        capital: Its money.
        since: The recheck that opened its purse; its own number where it opens one.
        shares_rows: Whether it judges by rows that an earlier recheck of the account judged by, or may do so.
        again: Whether it is an earlier recheck again, of the same data and budget.
    """

    number: int
    capital: float
    since: int
    shares_rows: bool = False
    again: bool = False

    def notes(self) -> list[str]:
        """What a reader is to know of it."""
        if self.again:
            return ["an earlier recheck had the same rows: this is its result again, and no new evidence."]
        if self.shares_rows:
            return [
                "an earlier recheck may have judged by some of these rows too, so that what was found then "
                "is not added up with what is found now."
            ]
        return []


@dataclass(slots=True)
class _Purse:
    """The money of rechecks that judged by different rows, and by which."""

    money: float
    rows: list[JudgedRows | None]


def past_rechecks(study: Study) -> list[JournalEntry]:
    """Every recheck of a study, the oldest first."""
    return study.journal.read(kind=KIND)


def open_account(
    entries: Sequence[JournalEntry],
    incumbent: int,
    fingerprint: str,
    rows: JudgedRows | None = None,
    *,
    budget: int | None = None,
) -> Account:
    """The account that a recheck goes on with.

    Args:
        entries: The rechecks before.
        incumbent: The trial in use; an account is about one.
        fingerprint: Of the new data: a recheck of the same data, with the same budget, begins as it began
            before, and so ends as it ended.
        rows: What it judges by; None where that is not known, so that it counts as the same rows again.
        budget: How much it may train.

    Example:
        >>> account = open_account([], 0, "a")
        >>> account.number, round(account.capital, 3), account.since
        (1, 0.633, 1)
    """
    number, purses, before = 0, dict[int, _Purse](), None
    for entry in entries:
        body = entry.body
        evidence = body.get("evidence", {})
        if evidence.get("again"):
            continue
        same = body.get("incumbent", {}).get("trial") == incumbent
        if same and (body.get("fingerprint"), body.get("epochs", {}).get("budget")) == (fingerprint, budget):
            before = evidence
        if body.get("stale") or not same:
            number, purses = 0, {}
            continue
        number += 1
        capital = float(evidence.get("capital", stake(number)))
        purse = purses.setdefault(int(evidence.get("since", 1)), _Purse(0.0, []))
        purse.money = capital * float(evidence.get("wealth", 1.0))
        purse.rows.append(JudgedRows.from_json(body.get(JUDGED)))
    if before is not None:
        first = int(before.get("number", 1))
        return Account(
            first, float(before.get("capital", stake(first))), int(before.get("since", 1)), again=True
        )
    number += 1
    for since, purse in purses.items():
        if not any(overlap(rows, one) for one in purse.rows):
            return Account(number, purse.money + stake(number), since)
    return Account(number, stake(number), number, shares_rows=bool(purses))


def capital_of_another(entries: Sequence[JournalEntry], incumbent: int, account: Account) -> float:
    """With how much money a recheck of the same rows begins that has another budget.

    Args:
        entries: The rechecks before this one.
        incumbent: The trial in use.
        account: This one's.

    Example:
        >>> round(capital_of_another([], 0, open_account([], 0, "a")), 3)
        0.158
    """
    this = open_account(entries, incumbent, "").number
    return stake(this if account.again else this + 1)


def write_recheck(study: Study, body: dict[str, Any], rows: JudgedRows | None, *, after: int) -> None:
    """Add a recheck to the history, and by which rows it judged.

    Args:
        study: The study.
        body: What was found.
        rows: By which rows.
        after: How many rechecks there were when it began.

    Raises:
        StudyError: Another was added since, from another machine: both had the same money.
    """
    kept = body if rows is None else {**body, JUDGED: rows.to_json()}
    if study.journal.write_next(KIND, kept, after=after, author="recheck") is None:
        raise StudyError(
            f"One recheck of a study runs at a time; another machine's ended meanwhile on {study.place!r}, "
            "so this one counts for nothing. Recheck again."
        )


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
