"""English text in another language, by gettext."""

from __future__ import annotations

import functools
import gettext
import io
from pathlib import Path

from sturgeon.languages.choice import check_language

_MESSAGES = Path(__file__).parent / "messages"


@functools.cache
def translator(language: str) -> gettext.NullTranslations:
    """Give what translates into a language.

    ``_ = translator(language).gettext`` is the usual way to use it; ``ngettext`` chooses by a number. Values
    go in by name, behind the translation: ``_("trial {number}").format(number=7)``. Jinja2 takes the
    whole: ``environment.install_gettext_translations(translator(language), newstyle=True)``.

    Args:
        language: One of :data:`LANGUAGES`. English is what the source says.

    Raises:
        InputError: There is no such language.

    Example:
        >>> translator("vi").gettext("stopped early"), translator("en").gettext("stopped early")
        ('dừng sớm', 'stopped early')
    """
    if check_language(language) == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    joined: gettext.NullTranslations | None = None
    for path in sorted((_MESSAGES / language).glob("*.po")):
        compiled = io.BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language))
        compiled.seek(0)
        found = gettext.GNUTranslations(compiled)
        if joined is None:
            joined = found
        else:
            joined.add_fallback(found)
    assert joined is not None, f"messages/{language} holds no catalogue"
    return joined
