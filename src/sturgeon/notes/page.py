"""The page: every claim that was measured, as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sturgeon.languages import translator
from sturgeon.notes.claims.registry import CLAIMS
from sturgeon.notes.finding import Claim, Finding, Told, Translate
from sturgeon.notes.lab import Lab
from sturgeon.plain_text import plain, printable
from sturgeon.report.answer import shown
from sturgeon.report.writing import (
    report_environment,
    report_policy,
    report_script,
    report_style,
    write_whole,
)

NOTES_MARK = "<!-- the notes, measured by Sturgeon -->"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Section:
    """A claim on the page.

    Attributes:
        number: Such as ``"N4"``.
        told: What it says.
        verdict: In words.
        mark: A sign beside it, so that colour alone says nothing.
        said: What was found.
        tables: On which tables.
        seconds: How long it took.
        figures: Of each picture: its name, title, caption, height and JSON.
        repeat: How to repeat it.
    """

    number: str
    told: Told
    verdict: str
    mark: str
    said: str
    tables: str
    seconds: float
    figures: tuple[dict[str, Any], ...]
    repeat: str


def is_page(path: Path) -> bool:
    """Whether a file is a page that was written here."""
    try:
        with path.open("rb") as file:
            return NOTES_MARK.encode() in file.read(2000)
    except OSError:
        return False


def verdict_words(_: Translate) -> dict[str, tuple[str, str]]:
    """Each verdict in words, and its sign."""
    return {
        "holds": (_("holds"), "✓"),
        "only_under": (_("holds here only in part"), "◐"),
        "does_not_show": (_("does not show here"), "✗"),
        "not_sure": (_("not sure"), "?"),
        "not_run": (_("not measured"), "–"),
    }


def say(claim: Claim, found: Finding, _: Translate) -> str:
    """What was found, in a sentence; why nothing was, where nothing was."""
    if found.verdict == "not_run":
        fewest = found.numbers.get("fewest")
        if fewest is None:
            return printable(plain(found.reason, 300))
        return _("The claim needs {fewest} training rows; the table has not.").format(fewest=fewest)
    return claim.say(found, _)


def write_page(path: Path, findings: Mapping[str, Finding], lab: Lab, language: str) -> None:
    """Write the page of what was found.

    Raises:
        InputError: It cannot be written there.
    """
    from plotly.offline import get_plotlyjs

    from sturgeon import __version__

    words = translator(language)
    sections = [
        _section(claim, findings[number], words.gettext)
        for number, claim in CLAIMS.items()
        if number in findings
    ]
    scripts = [get_plotlyjs(), report_script()]
    counts: dict[str, int] = {}
    for section in sections:
        counts[section.verdict] = counts.get(section.verdict, 0) + 1
    page = (
        report_environment(language, _TEMPLATES)
        .get_template("notes.html")
        .render(
            lang="zh-Hans" if language == "zh" else language,
            mark=NOTES_MARK,
            policy=report_policy(scripts),
            style=report_style(),
            scripts=scripts,
            sections=sections,
            counts=counts,
            seed=lab.seed,
            quick=lab.quick,
            tables=", ".join(shown(table.name) for table in lab.tables),
            seconds=sum(section.seconds for section in sections),
            version=__version__,
        )
    )
    write_whole(path, page.encode())


def _section(claim: Claim, found: Finding, _: Translate) -> Section:
    verdict, mark = verdict_words(_)[found.verdict]
    figures = [] if found.verdict == "not_run" else claim.draw(found, _)
    drawn = tuple(_as_json(figure, f"{claim.number}-{place}") for place, figure in enumerate(figures))
    tables = ", ".join(shown(name) for name in found.tables)
    told = claim.tell(_)
    return Section(
        claim.number, told, verdict, mark, say(claim, found, _), tables, found.seconds, drawn, claim.repeat
    )


def _as_json(figure: Any, name: str) -> dict[str, Any]:
    title, caption = str(figure.layout.meta["title"]), str(figure.layout.meta["caption"])
    height = int(figure.layout.height)
    figure.update_layout(title=None, margin={"t": 36})
    text = figure.to_json().replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return {"name": name, "title": title, "caption": caption, "height": height, "json": text}
