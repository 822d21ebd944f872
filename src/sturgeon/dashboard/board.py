"""What every handler needs: the studies, the pictures, the language, and a way to make a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sturgeon.dashboard.catalogue import Catalogue
from sturgeon.dashboard.live_study import LiveStudy
from sturgeon.dashboard.pictures import Pictures
from sturgeon.dashboard.watching import Watches
from sturgeon.languages import LANGUAGES, choose_language, translator
from sturgeon.server.pages import Pages
from sturgeon.study import TrialRecord

LANGUAGE_COOKIE = "sturgeon-language"


class NotHere(Exception):
    """There is no such page; the message, in the reader's language, says what there is."""


@dataclass(frozen=True)
class Board:
    """What the handlers share.

    Attributes:
        catalogue: The studies.
        pages: The templates.
        pictures: The pictures that were drawn.
        watches: Who is told of changes.
        language: The language of every page; None to go by the reader.
    """

    catalogue: Catalogue
    pages: Pages
    pictures: Pictures
    watches: Watches
    language: str | None

    def language_of(self, request: Request) -> str:
        """Choose the language: the one that was asked for, else the reader's choice or preference."""
        if self.language is not None:
            return self.language
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        return chosen if chosen in LANGUAGES else choose_language(request.headers.get("accept-language"))

    def words_of(self, request: Request) -> NullTranslations:
        """Give what translates for the reader."""
        return translator(self.language_of(request))

    def page(
        self, name: str, request: Request, context: Mapping[str, Any] | None = None, *, status: int = 200
    ) -> Response:
        """Make a page in the reader's language."""
        language = self.language_of(request)
        said = SAID.get(request.query_params.get("said", ""), "")
        words = translator(language)
        filled = {
            "said": words.gettext(said) if said else "",
            "languages": LANGUAGES,
            "language_fixed": self.language is not None,
            "single": self.catalogue.single,
            **(context or {}),
        }
        return self.pages.render(
            name, request, status=status, language=language, translations=words, context=filled
        )

    def message(self, request: Request, title: str, text: str, status: int) -> Response:
        """Make a page that says one thing."""
        return self.page("message.html", request, {"title": title, "text": text}, status=status)

    def study(self, request: Request) -> LiveStudy:
        """Give the study that an address names, up to date.

        Raises:
            NotHere: There is none.
            Unavailable: It cannot be read.
        """
        live = self.catalogue.study(request.path_params["key"])
        if live is None:
            raise NotHere(self.words_of(request).gettext("There is no such study here."))
        live.look()
        return live

    def trial(self, request: Request, live: LiveStudy) -> TrialRecord:
        """Give the trial that an address names, as it was at the last look.

        Raises:
            NotHere: The study has no such trial.
        """
        text = request.path_params["number"]
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        found = live.known(number)
        if found is not None:
            return found
        _ = self.words_of(request).gettext
        last = max((one.number for one in live.trials), default=-1)
        if 0 <= number < last:
            raise NotHere(_("Trial {number} was deleted.").format(number=number))
        if last < 0:
            raise NotHere(_("This study has no trials yet; got {number}.").format(number=text[:40]))
        raise NotHere(
            _("A trial's number must be from 0 to {last}; got {number}.").format(last=last, number=text[:40])
        )


def N_(text: str) -> str:
    """Mark text to be translated when it is shown."""
    return text


SAID: dict[str, str] = {
    "pause": N_("The run was asked to pause: it begins no new trial, and those that run go on."),
    "resume": N_("The run was asked to go on."),
    "stop": N_("The trial is to be stopped; the run obeys within about a second."),
    "later": N_("Nobody runs this study now; the trial is stopped when a run begins."),
    "idle": N_("Nobody runs this study now, so there is nothing to pause or to resume."),
    "note": N_("The note was added."),
    "tag": N_("The tags were added."),
    "queue": N_("The configuration is in the queue: it is tried next."),
}
"""What a page says after a change, by the word in its address."""


def go_to(path: str, **query: str) -> RedirectResponse:
    """Send a browser to another page after a change, so that loading it again changes nothing twice."""
    return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, 303)
