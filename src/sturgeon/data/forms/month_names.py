"""The names of months in English, German, French, Spanish, Italian, Portuguese and Dutch."""

from __future__ import annotations

import unicodedata

_NAMES = (
    "january jan januar janner janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar fevrier fevr fev febrero febbraio fevereiro februari",
    "march mar marz mrz mars marzo marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug aout agosto ago augustus",
    "september sept sep septembre septiembre setiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dicembre dezembro",
)
_MONTHS = {name: month for month, names in enumerate(_NAMES, start=1) for name in names.split()}


def find_month(name: str) -> int | None:
    """Tell the number of a month by its name, whole or short, with or without accents.

    Example:
        >>> find_month("Feb"), find_month("März"), find_month("août"), find_month("Monday")
        (2, 3, 8, None)
    """
    plain = unicodedata.normalize("NFD", name.casefold())
    return _MONTHS.get("".join(letter for letter in plain if not unicodedata.combining(letter)))
