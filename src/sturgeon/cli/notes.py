"""``sturgeon notes``: the claims of the notes, measured."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sturgeon.cli.common.paths import PATH
from sturgeon.cli.common.printable import printable

if TYPE_CHECKING:
    from sturgeon.notes.finding import Finding


@click.command(short_help="Measure the claims of the notes, N1 to N13.")
@click.option("--quick", is_flag=True, help="Fewer repeats: less than a minute.")
@click.option("--claim", metavar="N1..N13", help="One claim.  [default: all]")
@click.option("--language", metavar="en|vi|zh", help="The language.  [default: as LANG says, else English]")
@click.option("--data", type=PATH, help="A table of your own.  [default: four that scikit-learn has]")
@click.option("--target", metavar="COLUMN", help="With --data, the column to predict.")
@click.option(
    "-o", "--output", type=PATH, default=Path("notes.html"), help="The page.  [default: notes.html]"
)
@click.option("--seed", type=int, default=0, help="Of everything random.  [default: 0]")
@click.option("--resume", is_flag=True, help="Go on with a page that exists; nothing is measured twice.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def notes(
    quick: bool,
    claim: str | None,
    language: str | None,
    data: Path | None,
    target: str | None,
    output: Path,
    seed: int,
    resume: bool,
    as_json: bool,
) -> int:
    """Measure the claims of the notes, N1 to N13, by real trainings, and write a page.

    The page opens without a network and says of each claim whether it holds, with pictures, numbers and
    intervals. What was measured is kept beside it, as JSON: Ctrl-C loses nothing.
    """
    from sturgeon.languages import language_of_environment, translator
    from sturgeon.languages.choice import check_language
    from sturgeon.notes import measure_notes
    from sturgeon.notes.claims.registry import CLAIMS
    from sturgeon.notes.page import say, verdict_words
    from sturgeon.notes.side_by_side import SECONDS

    language = check_language(language_of_environment() if language is None else language)
    _ = translator(language).gettext
    began, left, now = time.monotonic(), sum(SECONDS.values()), 0.0

    def tell(number: str, found: Finding, done: int, of: int) -> None:
        nonlocal left, now
        took = time.monotonic() - began
        left -= SECONDS[number]
        now += SECONDS[number] if took > found.seconds else 0.0  # else it was kept from before
        ahead = f", about {took * left / now:.0f} s left" if now and done < of else ""
        print(f"{number} ({done}/{of}): {found.seconds:.1f} s{ahead}", file=sys.stderr, flush=True)

    how = {"claim": claim, "quick": quick, "language": language, "data": data, "target": target}
    measured = measure_notes(output, **how, seed=seed, resume=resume, on_finding=tell)
    found = {number: measured.findings[number] for number in CLAIMS if number in measured.findings}
    if as_json:
        whole = {
            "page": str(measured.path),
            "language": language,
            "seed": seed,
            "quick": quick,
            "claims": {
                number: {
                    **one.to_json(),
                    "title": CLAIMS[number].tell(_).title,
                    "said": say(CLAIMS[number], one, _),
                }
                for number, one in found.items()
            },
            "seconds": measured.seconds,
        }
        print(json.dumps(whole, allow_nan=False))
    else:
        for number, one in found.items():
            verdict, mark = verdict_words(_)[one.verdict]
            print(f"{mark} {number:<4}{CLAIMS[number].tell(_).title}: {verdict}")
            print(f"       {printable(say(CLAIMS[number], one, _))}")
        print(f"{printable(str(measured.path))}")
    return 130 if measured.interrupted else 0
