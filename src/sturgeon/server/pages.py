"""Pages made of templates in which every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from sturgeon.server.access import Access


class Pages:
    """The templates of one room.

    Every text is escaped; a name that a template misspells is an error. ``token`` is there for its
    forms (``<input type="hidden" name="token" value="{{ token }}">``) and for its script (``<meta>``).
    """

    def __init__(self, package: str, access: Access, **known: Any) -> None:
        """Take where the templates are.

        Args:
            package: The package in whose folder ``templates`` they lie.
            access: Who may come in.
            known: What every template knows.
        """
        self._package = package
        self._known = {"token": access.token, **known}
        self._by_language: dict[str, Environment] = {}

    def render(
        self,
        name: str,
        request: Request,
        *,
        status: int = 200,
        language: str = "en",
        translations: NullTranslations | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> HTMLResponse:
        """Make a page.

        Args:
            name: The template's file.
            request: Whom it answers.
            status: The answer's status.
            language: The page's language, such as ``"vi"``.
            translations: That language's texts; none for English.
            context: What the template is filled with.
        """
        template = self._of(language, translations).get_template(name)
        filled = template.render(request=request, language=language, **(context or {}))
        return HTMLResponse(filled, status, headers={"Content-Language": language})

    def _of(self, language: str, translations: NullTranslations | None) -> Environment:
        if language not in self._by_language:
            environment = Environment(
                loader=PackageLoader(self._package),
                autoescape=True,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                extensions=["jinja2.ext.i18n"],
            )
            environment.globals |= self._known
            environment.install_gettext_translations(  # type: ignore[attr-defined]
                translations or NullTranslations(), newstyle=True
            )
            self._by_language[language] = environment
        return self._by_language[language]
