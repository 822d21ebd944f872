"""The text of each room, collected from its source, and the catalogues that translate it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sturgeon.languages.choice import LANGUAGES

if TYPE_CHECKING:
    from babel.messages import Catalog

ROOMS = ("figures", "report", "dashboard", "panda", "notes")
"""The rooms that show text in several languages; a new one is a new name here."""

_SOURCE = Path(__file__).parent.parent
_HEADER = "# Sturgeon's text in another language. Copyright the Sturgeon authors, Apache-2.0."
_AUTHORS = "The Sturgeon authors"
_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""In every header: what changed when is known to the repository, and a date would differ at each merge."""
_METHODS = [
    ("**.py", "python"),
    ("**.html", "jinja2.ext:babel_extract"),
    ("**.jinja", "jinja2.ext:babel_extract"),
    ("**.js", "javascript"),
]
_OPTIONS = {"**.html": {"newstyle_gettext": "true"}, "**.jinja": {"newstyle_gettext": "true"}}


def collect_messages(room: str) -> Catalog:
    """Collect what a room hands to ``_``, ``gettext``, ``ngettext`` or Jinja's ``trans``.

    Args:
        room: One of :data:`ROOMS`; one that is not there holds none.
    """
    from babel.messages import Catalog
    from babel.messages.extract import extract_from_dir

    found = Catalog(project="sturgeon", header_comment=_HEADER, creation_date=_DATE, fuzzy=False)
    folder = _SOURCE / room
    if folder.is_dir():
        for file, _, text, comments, context in extract_from_dir(folder, _METHODS, _OPTIONS):
            found.add(text, locations=[(f"{room}/{file}", 0)], auto_comments=comments, context=context)
    return found


def catalogue_path(language: str, room: str) -> Path:
    """Where a room's catalogue lies."""
    return Path(__file__).parent / "messages" / language / f"{room}.po"


def read_catalogue(language: str, room: str) -> Catalog:
    """Read a room's catalogue; an empty one where there is none yet."""
    from babel.messages import Catalog
    from babel.messages.pofile import read_po

    path = catalogue_path(language, room)
    if not path.exists():
        return Catalog(locale=language, project="sturgeon", header_comment=_HEADER)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update_catalogue(room: str) -> dict[str, int]:
    """Write each language's catalogue of a room anew, with the translations that there are.

    Returns:
        By language, how many texts are still to be translated.
    """
    from babel.messages.pofile import write_po

    texts = collect_messages(room)
    missing: dict[str, int] = {}
    for language in LANGUAGES:
        if language == "en" or not len(texts):
            continue
        known = read_catalogue(language, room)
        known.update(texts, no_fuzzy_matching=True)
        known.fuzzy, known.header_comment, known.version = False, _HEADER, ""
        known.last_translator, known.language_team = _AUTHORS, _AUTHORS
        known.msgid_bugs_address, known.revision_date = "", _DATE
        path = catalogue_path(language, room)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(
                file, known, omit_header=False, ignore_obsolete=True, sort_output=True, include_lineno=False
            )
        missing[language] = sum(not _filled(one.string) for one in known if one.id)
    return missing


def _filled(translation: object) -> bool:
    return all(translation) if isinstance(translation, tuple | list) else bool(translation)
