"""``sturgeon report``: what a study found, as one HTML file, or one of its pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sturgeon.cli.common.paths import PATH, expand_home, refuse_input
from sturgeon.errors import InputError

if TYPE_CHECKING:
    from sturgeon.study import Study


@click.command(no_args_is_help=True, short_help="Write a report of a study, or a picture.")
@click.argument("study", metavar="STUDY")
@click.option(
    "-o",
    "--output",
    type=PATH,
    help="The file to write.  [default: report.html in a directory, else NAME.html; of one picture "
    "picture.png or picture.svg in a directory, else NAME.png or NAME.svg]",
)
@click.option("--language", metavar="en|vi|zh", help="The language.  [default: as LANG says, else English]")
@click.option(
    "--format", "form", metavar="html|png|svg", help="What to write.  [default: as -o ends, else html]"
)
@click.option(
    "--figure",
    metavar="NAME",
    help="With png or svg: which picture; `list` names all, and says why one does not fit.  "
    "[default: overview]",
)
@click.option("--force", is_flag=True, help="Replace a file that is not a report.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def report(
    study: str,
    output: Path | None,
    language: str | None,
    form: str | None,
    figure: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Write a report of a study: the answer, pictures, a table, and how to repeat it.

    STUDY is a file, a URL, or a directory that `sturgeon tune` wrote. The report is one HTML file that opens
    without a network. With --format png or svg, one picture is written instead.
    """
    from sturgeon.languages import language_of_environment
    from sturgeon.languages.choice import check_language
    from sturgeon.study import Study
    from sturgeon.study.storage.result_folder import study_of

    language = check_language(language_of_environment() if language is None else language)
    study = expand_home(study)
    place = Path(study)
    folder = place if place.is_dir() else None
    form = _form(form, output, figure)
    with Study.open(study_of(study)) as opened:
        if figure == "list":
            return _list(opened, folder, language, as_json)
        output = output or _default_output(place, opened.place, form)
        refuse_input(output, [Path(opened.place)])
        if form == "html":
            from sturgeon.report import write_report

            written = write_report(opened, output, folder=folder, language=language, force=force)
        else:
            from sturgeon.report.picture import write_picture

            written = write_picture(
                opened, output, figure or "overview", form, folder=folder, language=language, force=force
            )
    if as_json:
        made = {"report": str(written.path), "format": form, "language": language, "bytes": written.size}
        print(json.dumps({**made, "figures": list(written.figures), "seconds": written.seconds}))
    else:
        print(f"{written.path}: {written.size / 1e6:.1f} MB, {', '.join(written.figures) or 'no picture'}")
    return 0


def _form(form: str | None, output: Path | None, figure: str | None) -> str:
    """What to write: what was asked for, or what the output's name ends in."""
    from sturgeon.figures.static import FORMATS

    known = ("html", *FORMATS)
    ending = "" if output is None else output.suffix.lower().removeprefix(".")
    if form is None:
        form = ending if ending in FORMATS else "html"
    if form not in known:
        raise InputError(f"`--format` must be one of {', '.join(known)}; got {form!r}.")
    if figure not in (None, "list") and form == "html":
        raise InputError(
            f"`--figure` is for one picture; got `--figure {figure}` for a report of all. "
            "Add `--format png` or `--format svg`, or leave it out."
        )
    return form


def _default_output(place: Path, study: str, form: str) -> Path:
    name = "report" if form == "html" else "picture"
    if place.is_dir():
        return place / f"{name}.{form}"
    stem = Path(study).stem if "://" not in study else name
    return Path(f"{stem or name}.{form}")


def _list(study: Study, folder: Path | None, language: str, as_json: bool) -> int:
    """Print the pictures by name, and why some do not fit."""
    from sturgeon.figures import FIGURES, take_snapshot

    seen = take_snapshot(study, folder)
    found = [
        {
            "figure": one.name,
            "title": one.title_in(language),
            "missing": one.missing_in(seen, language) or None,
        }
        for one in FIGURES.values()
    ]
    if as_json:
        print(json.dumps({"figures": found}))
        return 0
    for one in found:
        lacks = f"  ({one['missing']})" if one["missing"] else ""
        print(f"{one['figure']:<22}{one['title']}{lacks}")
    return 0
