"""A report written: what a study found, as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sturgeon.errors import InputError, option
from sturgeon.figures import FIGURES, Picture, Snapshot, take_snapshot
from sturgeon.figures.common.snapshot import Shown
from sturgeon.figures.common.theme import ASSETS
from sturgeon.languages import LANGUAGES, translator
from sturgeon.languages.choice import check_language
from sturgeon.report.answer import answer, at_the_edge, shown
from sturgeon.report.repeating import commands, reading
from sturgeon.report.tables import best_table, state_names, test_table, trials_table

if TYPE_CHECKING:
    from jinja2 import Environment

MARK = "<!-- a report of Sturgeon -->"
_HERE = Path(__file__).parent
_LEFT_OUT = ("overview",)
"""Pictures that show again what others of the report do."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written.

    Attributes:
        path: The file.
        size: Its size in bytes.
        figures: The names of the pictures in it.
        seconds: How long it took.
    """

    path: Path
    size: int
    figures: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture in a report.

    Attributes:
        name: Its name, which is its anchor, too.
        title: What it shows.
        caption: How to read it.
        height: In pixels.
        wide: Whether it needs more width than a phone has.
        json: The figure, as JSON that may stand inside a script element.
    """

    name: str
    title: str
    caption: str
    height: int
    wide: bool
    json: str


def write_report(
    study: Shown, path: Path, *, folder: Path | None = None, language: str = "en", force: bool = False
) -> Written:
    """Write the report of a study.

    Args:
        study: A study that is open, or a snapshot of one.
        path: The file to write; one that is there is replaced only if it is a report, too.
        folder: Where ``sturgeon tune`` left what it found; None for the study's own folder.
        language: ``"en"``, ``"vi"`` or ``"zh"``.
        force: Replace whatever is there.

    Raises:
        InputError: The file is something else, or cannot be written, or there is no such language.
    """
    began = time.monotonic()
    check_language(language)
    check_replaceable(path, MARK, force=force)
    seen = take_snapshot(study, folder)
    drawn = draw_all(seen, language)
    page = render(seen, drawn, language).encode()
    write_whole(path, page)
    names = tuple(one.name for one in drawn)
    return Written(path, len(page), names, round(time.monotonic() - began, 3))


def check_replaceable(path: Path, mark: str, *, force: bool) -> None:
    """Refuse to replace a file that Sturgeon did not write.

    Args:
        path: What is to be written.
        mark: What such a file has among its first bytes.
        force: Replace it in any case.

    Raises:
        InputError: It is something else, or a folder.
    """
    if path.is_dir():
        raise InputError(
            f"A report is a file; got the directory {str(path)!r}. "
            f"Name a file in it with `{option('output')}`."
        )
    if force or not path.exists():
        return
    try:
        with path.open("rb") as file:
            begins = file.read(2000)
    except OSError:
        begins = b""
    if mark.encode() not in begins:
        raise InputError(
            f"Only what Sturgeon wrote is replaced; {str(path)!r} is something else. "
            f"Name another file with `{option('output')}`, or add `{option('force', True)}`."
        )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, all of it or nothing.

    Raises:
        InputError: It cannot be written there.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise InputError(
            f"A report goes to a file that can be written; got {str(path)!r} ({error.strerror}). "
            f"Name another with `{option('output')}`."
        ) from error


def draw_all(seen: Snapshot, language: str) -> list[Drawn]:
    """Draw every picture that fits a study."""
    return [
        _draw(one, seen, language) for one in FIGURES.values() if one.name not in _LEFT_OUT and one.fits(seen)
    ]


def _draw(picture: Picture, seen: Snapshot, language: str) -> Drawn:
    figure = picture(seen, language=language)
    layout: Any = figure.layout
    caption, height = str(layout.meta["caption"]), int(layout.height)
    figure.update_layout(title=None, margin={"t": 36})
    text = figure.to_json()
    assert text is not None
    return Drawn(
        picture.name,
        picture.title_in(language),
        caption,
        height,
        picture.wide,
        text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
    )


def read_result(seen: Snapshot) -> dict[str, Any]:
    """What ``sturgeon tune`` wrote down at its end; empty for another study, or where it makes no sense."""
    if seen.folder is None:
        return {}
    try:
        found = json.loads((seen.folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def render(seen: Snapshot, drawn: list[Drawn], language: str) -> str:
    """Make the page."""
    from plotly.offline import get_plotlyjs

    from sturgeon import __version__

    words = translator(language)
    result = read_result(seen)
    states = state_names(words)
    counts = {state: sum(one.state == state for one in seen.trials) for state in states}
    scripts = [get_plotlyjs(), report_script()]
    return (
        report_environment(language)
        .get_template("report.html")
        .render(
            lang="zh-Hans" if language == "zh" else language,
            languages=LANGUAGES,
            mark=MARK,
            policy=report_policy(scripts),
            style=report_style(),
            scripts=scripts,
            name=shown(_name(seen)),
            place=shown(seen.place),
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            version=__version__,
            goals=[(goal.direction, shown(goal.metric)) for goal in seen.objectives],
            seed=seen.seed,
            search=shown(seen.search.name) if seen.search is not None else "",
            counts=[(states[state], f"{count:,}") for state, count in counts.items() if count],
            sentences=answer(seen, result, words),
            edges=at_the_edge(seen, words),
            drawn=drawn,
            left_out=[
                (one.title_in(language), one.missing_in(seen, language))
                for one in FIGURES.values()
                if one.name not in _LEFT_OUT and not one.fits(seen)
            ],
            best=best_table(seen, words),
            tested=test_table(result, words),
            trials=trials_table(seen, words),
            commands="\n".join(shown(command) for command in commands(seen)),
            reading=reading(seen),
        )
    )


def _name(seen: Snapshot) -> str:
    """What a report calls its study: its folder, where ``sturgeon tune`` made one, else its file or URL."""
    if "://" in seen.place:
        return seen.place
    place = Path(seen.place)
    return f"{place.parent.name}/{place.name}" if seen.folder is not None else place.name


def report_style() -> str:
    """The style of every page of this kind."""
    return (ASSETS / "figures.css").read_text("utf-8") + (_HERE / "assets" / "report.css").read_text("utf-8")


def report_script() -> str:
    """What draws the figures of a page from the JSON beside them."""
    return (ASSETS / "fit.js").read_text("utf-8") + (_HERE / "assets" / "report.js").read_text("utf-8")


def report_environment(language: str, templates: Path = _HERE / "templates") -> Environment:
    """Jinja2 in a language, for the templates of a folder."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translator(language), newstyle=True)  # pyright: ignore[reportAttributeAccessIssue]
    # For our own style and scripts and for JSON without "<", never for text of a study.
    environment.filters["ours"] = Markup
    return environment


def report_policy(scripts: list[str]) -> str:
    """A Content-Security-Policy by which nothing runs but our own scripts, and nothing is fetched."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
