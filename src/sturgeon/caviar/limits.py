"""When a run ends, and what a trial may take."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from sturgeon.errors import InputError, option
from sturgeon.space.base import is_integer

DEFAULT_TRIALS = 64

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a run ends, and what a trial may take.

    Attributes:
        trials: How many trials the study is to have in the end, at least 1; None for no bound.
        budget: After how many seconds no trial is begun and the running ones are ended; None for no bound.
        timeout: How many seconds an attempt at a trial may take; None for no bound.
        until: The value at which the best trial is good enough; None for none.
        max_failures: The share of failed trials, above 0 and up to 1, above which the run is given up.

    Raises:
        InputError: A number is out of its range.
    """

    trials: int | None = DEFAULT_TRIALS
    budget: float | None = None
    timeout: float | None = None
    until: float | None = None
    max_failures: float = 0.5

    def __post_init__(self) -> None:
        if self.trials is not None and (not is_integer(self.trials) or self.trials < 1):
            raise InputError(
                f"`{option('trials')}` must be a whole number from 1; got {self.trials!r}. "
                f"Write {option('trials', DEFAULT_TRIALS)}."
            )
        if self.until is not None and not _is_finite(self.until):
            raise InputError(
                f"`until` must be a finite value; got {self.until!r}. Leave it out for no bound."
            )
        if not _is_finite(self.max_failures) or not 0 < self.max_failures <= 1:
            raise InputError(
                f"`max_failures` must be a share above 0 and up to 1; got {self.max_failures!r}. "
                "With 1 a run never stops for failures."
            )


def choose_limits(
    *,
    trials: int | None,
    budget: str | float | None,
    timeout: str | float | None = None,
    until: float | None = None,
    max_failures: float = 0.5,
) -> Limits:
    """Make limits of what a caller gave; without a number of trials and a budget, 64 trials.

    Raises:
        InputError: A number is out of its range, or a time is not one.

    Example:
        >>> choose_limits(trials=None, budget="1h30m").budget
        5400.0
    """
    if trials is None and budget is None:
        trials = DEFAULT_TRIALS
    return Limits(
        trials=trials,
        budget=to_seconds(budget, option("budget")),
        timeout=to_seconds(timeout, option("timeout")),
        until=until,
        max_failures=max_failures,
    )


def to_seconds(given: str | float | None, name: str) -> float | None:
    """Read a time: seconds, or text such as ``"90s"``, ``"10m"``, ``"1h30m"``, ``"2d"``.

    Raises:
        InputError: It is not one, or not longer than no time.

    Example:
        >>> to_seconds("10m", "budget"), to_seconds(2, "timeout"), to_seconds(None, "budget")
        (600.0, 2.0, None)
    """
    if given is None:
        return None
    if isinstance(given, str):
        seconds = _parse(given)
    else:
        seconds = float(given) if _is_finite(given) or given == math.inf else None
    if seconds is None or not seconds > 0:
        raise InputError(
            f"`{name}` must be a time longer than 0, in seconds or such as '90s', '10m' or '1h30m'; "
            f"got {given!r}. Write '10m' for ten minutes."
        )
    return seconds


def _is_finite(value: object) -> bool:
    """Tell whether something is a number that is finite; any that Python takes for one."""
    try:
        return not isinstance(value, str) and math.isfinite(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        return False


def _parse(text: str) -> float | None:
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNIT_SECONDS[unit or "s"] for number, unit in parts)
