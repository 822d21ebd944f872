"""The notes, measured: claim by claim, kept and written as a page."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from sturgeon.caviar.lanes.devices import available_cores
from sturgeon.errors import InputError, option
from sturgeon.languages.choice import check_language
from sturgeon.notes.claims.registry import CLAIMS, choose_claims
from sturgeon.notes.finding import Finding
from sturgeon.notes.kept import Kept
from sturgeon.notes.lab import Lab
from sturgeon.notes.one_claim import measure_claim
from sturgeon.notes.page import is_page, write_page
from sturgeon.notes.side_by_side import measure_side_by_side
from sturgeon.notes.tables import own_table, shipped_tables

Tell = Callable[[str, Finding, int, int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it.

    Attributes:
        path: The page.
        findings: By the claim's number, those that are on it.
        seconds: How long it took.
        interrupted: Whether it was ended before all claims were measured.
    """

    path: Path
    findings: dict[str, Finding]
    seconds: float
    interrupted: bool


def measure_notes(
    path: str | Path = "notes.html",
    *,
    claim: str | None = None,
    quick: bool = False,
    language: str = "en",
    data: str | Path | None = None,
    target: str | None = None,
    seed: int = 0,
    resume: bool = False,
    on_finding: Tell | None = None,
) -> Measured:
    """Measure the claims of the notes, and write one page that opens without a network.

    Each claim is kept in a JSON file beside the page as soon as it is measured. Ctrl-C ends it, and the
    page is written with what there is.

    Args:
        path: The page.
        claim: ``"N4"`` for one; None for all.
        quick: Fewer repeats.
        language: ``"en"``, ``"vi"`` or ``"zh"``.
        data: A table of one's own, in place of scikit-learn's.
        target: Its column to predict.
        seed: Where everything random comes from, at least 0.
        resume: Go on with a page that there is; what was measured is not measured again.
        on_finding: Called after each claim, with its number, what was found, how many are done and how many
            there are.

    Raises:
        InputError: An unknown claim or language, a table that cannot be read, or a page that exists.
    """
    began, path = time.monotonic(), Path(path)
    check_language(language)
    claims = choose_claims(claim)
    if seed < 0:
        raise InputError(f"`{option('seed')}` must be at least 0; got {seed}. Leave it out for 0.")
    if (data is None) != (target is None):
        given = "data" if target is None else "target"
        raise InputError(
            f"`{option('data')}` and `{option('target')}` belong together; got `{option(given)}` alone. "
            "Name both, or neither."
        )
    kept_in = path.with_name(f"{path.stem}.json")
    if path.exists() and not (path.is_file() and is_page(path)):
        raise InputError(
            f"Only a page of the notes is written again; {str(path)!r} is something else. "
            f"Name another with `{option('output')}`."
        )
    if not resume and (path.exists() or kept_in.exists()):
        there = path if path.exists() else kept_in
        raise InputError(
            f"A page of the notes is not replaced; {str(there)!r} exists. Go on with it by "
            f"`{option('resume', True)}`, or name another with `{option('output')}`."
        )
    if not path.resolve().parent.is_dir():
        raise InputError(
            f"The page goes into a folder that exists; got {str(path)!r}. "
            f"Name another with `{option('output')}`."
        )
    tables = shipped_tables() if data is None else (own_table(Path(data), str(target)),)
    lab = Lab(tables, seed, quick)
    kept = Kept.open(kept_in, lab)
    interrupted = False
    try:
        for done, number in enumerate(_measured([one.number for one in claims], kept, lab), 1):
            if on_finding is not None:
                on_finding(number, kept.findings[number], done, len(claims))
    except KeyboardInterrupt:
        interrupted = True
    write_page(path, kept.findings, lab, language)
    return Measured(path, kept.findings, round(time.monotonic() - began, 2), interrupted)


def _measured(numbers: list[str], kept: Kept, lab: Lab) -> Iterator[str]:
    """Measure and keep what is not kept yet; give the number of each claim that is."""
    missing = [number for number in numbers if number not in kept.findings]
    yield from (number for number in numbers if number not in missing)
    if len(missing) == 1 or available_cores() == 1:
        found = _one_by_one(missing, lab)
    else:
        found = measure_side_by_side(missing, lab)
    with contextlib.closing(found):
        for number, finding in found:
            kept.keep(number, finding)
            yield number


def _one_by_one(numbers: list[str], lab: Lab) -> Generator[tuple[str, Finding], None, None]:
    for number in numbers:
        yield number, measure_claim(CLAIMS[number], lab)
