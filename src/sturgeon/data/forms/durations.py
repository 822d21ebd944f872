"""Durations, as people write them: 36:30, 2 days 06:00:00, 1h 30min, 3 weeks, PT1H30M."""

from __future__ import annotations

import re

_CLOCKED = re.compile(
    r"(?:(?P<days>-?\d+)\s?(?:days?|d),?\s*)?(?P<sign>[+-])?(?P<hours>\d+)[:hH](?P<minutes>\d{2})"
    r"(?::(?P<seconds>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
)
_COUNT = r"\d+(?:\.\d+)?"
_SPELLED = re.compile(
    rf"(?:(?P<years>{_COUNT})\s?y(?:(?:ea)?rs?)?)?,?\s?(?:(?P<months>{_COUNT})\s?mo(?:nth|n)?s?)?,?\s?"
    rf"(?:(?P<weeks>{_COUNT})\s?w(?:(?:ee)?ks?)?)?,?\s?(?:(?P<days>{_COUNT})\s?d(?:ays?)?)?,?\s?"
    rf"(?:(?P<hours>{_COUNT})\s?h(?:(?:ou)?rs?)?)?,?\s?(?:(?P<minutes>{_COUNT})\s?m(?:in(?:ute)?s?)?)?,?\s?"
    rf"(?:(?P<seconds>{_COUNT})\s?s(?:ec(?:ond)?s?)?)?"
)
_ISO_DURATION = re.compile(
    rf"P(?:(?P<years>{_COUNT})Y)?(?:(?P<months>{_COUNT})M)?(?:(?P<weeks>{_COUNT})W)?(?:(?P<days>{_COUNT})D)?"
    rf"(?:T(?=.)(?:(?P<hours>{_COUNT})H)?(?:(?P<minutes>{_COUNT})M)?(?:(?P<seconds>{_COUNT})S)?)?"
)
_MICRO, _DAY = 1_000_000, 86_400_000_000
_YEAR = 365.2425 * 86_400  # on average, as a month is a twelfth of it
_UNITS = {
    **{"years": _YEAR, "months": _YEAR / 12, "weeks": 7 * 86_400},
    **{"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1},
}


def read_duration(text: str) -> int | None:
    """Read a duration, as clocks, words or ISO 8601 have it; a year counts 365.2425 days, a month a twelfth.

    Args:
        text: One cell.

    Returns:
        Microseconds; None where the text is no duration.

    Example:
        >>> read_duration("36:00"), read_duration("1h 30min"), read_duration("P1W"), read_duration("soon")
        (129600000000, 5400000000, 604800000000, None)
    """
    text = text.strip()
    if (found := _CLOCKED.fullmatch(text)) is not None:
        minutes, seconds = int(found["minutes"]), int(found["seconds"] or 0)
        if minutes > 59 or seconds > 59:
            return None
        clock = (int(found["hours"]) * 3600 + minutes * 60 + seconds) * _MICRO + int(
            (found["fraction"] or "0")[:6].ljust(6, "0")
        )
        return int(found["days"] or 0) * _DAY + (-clock if found["sign"] == "-" else clock)
    for pattern in (_ISO_DURATION, _SPELLED):
        if text and (found := pattern.fullmatch(text)) is not None and any(found.groups()):
            return round(sum(float(found[unit] or 0) * size for unit, size in _UNITS.items()) * _MICRO)
    return None
