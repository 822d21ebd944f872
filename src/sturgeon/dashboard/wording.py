"""How pages write what a study holds: numbers, texts of strangers, states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from gettext import NullTranslations
from typing import Any

from sturgeon.caviar.progress import format_seconds
from sturgeon.dashboard.live_study import Summary
from sturgeon.figures.common.labels import format_value
from sturgeon.plain_text import LONGEST_LINE, plain, printable
from sturgeon.study import STATES, Objective, TrialRecord

SYMBOLS = {
    "waiting": "…",
    "running": "▶",
    "paused": "‖",
    "complete": "✓",
    "stopped": "■",
    "failed": "✕",
}
"""A sign for each state, so that none is told by its colour alone."""


def show(value: object, limit: int = LONGEST_LINE) -> str:
    r"""Write a value or a text as a page may show it; the template escapes it.

    Example:
        >>> show(0.123456), show(None), show(chr(27) + "[31m")
        ('0.1235', '–', '\\x1b[31m')
    """
    return printable(plain(format_value(value), limit))


def show_lines(text: str, limit: int = 20_000) -> str:
    """Write a text of several lines, such as a traceback."""
    return "\n".join(printable(line) for line in plain(text, limit).splitlines())


def show_whole(value: object) -> str:
    """Write a value with all its digits, as a form takes it back."""
    return printable(repr(value) if isinstance(value, float) else str(value))


def show_seconds(seconds: float | None) -> str:
    """Write a time."""
    if seconds is None:
        return "–"
    return f"{seconds:.1f} s" if seconds < 10 else format_seconds(seconds)


def show_time(time: datetime | None) -> str:
    """Write a moment, in the time of the machine that serves the page."""
    return "–" if time is None else time.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def state_words(words: NullTranslations) -> dict[str, str]:
    """Give what each state is called."""
    _ = words.gettext
    return {
        "waiting": _("waiting"),
        "running": _("running"),
        "paused": _("paused"),
        "complete": _("complete"),
        "stopped": _("stopped early"),
        "failed": _("failed"),
    }


def summary_texts(summary: Summary, words: NullTranslations) -> dict[str, str]:
    """Give what the top of a study's page says, by the place where it stands."""
    _ = words.gettext
    states = state_words(words)
    counts = [f"{count:,} {states[state]}" for state, count in summary.counts.items() if count]
    total = sum(summary.counts.values())
    best, number = "–", ""
    if summary.best is not None:
        best, number = show(summary.best.value), str(summary.best.number)
    told = _("trial {number}").format(number=number) if number else ""
    if summary.front is not None:
        front = words.ngettext("{count} trial", "{count} trials", summary.front)
        best, told = front.format(count=f"{summary.front:,}"), _("that no other beats in all goals")
    return {
        "status": status_word(summary, words),
        "counts": " · ".join(counts) or _("no trials yet"),
        "total": f"{total:,}",
        "best": best,
        "best-number": told,
        "ended": f"{sum(summary.counts[state] for state in STATES[3:]):,}",
    }


def status_word(summary: Summary, words: NullTranslations) -> str:
    """Say what a study is doing."""
    _ = words.gettext
    if summary.pause == "paused":
        return _("paused by hand")
    if summary.pause == "asked" and summary.busy:
        return _("is about to pause")
    return _("running") if summary.busy else _("not running")


def row_texts(trial: TrialRecord, words: NullTranslations, objectives: Sequence[Objective]) -> dict[str, str]:
    """Give the cells of a trial's row that change while it runs.

    Args:
        trial: The trial.
        words: The language.
        objectives: Those of the study; those after the first have cells ``goal1``, ``goal2`` and so on.
    """
    goals = {f"goal{place}": show(trial.metrics.get(one.metric)) for place, one in enumerate(objectives)}
    goals.pop("goal0")
    return {
        "state": f"{SYMBOLS[trial.state]} {state_words(words)[trial.state]}",
        "value": show(trial.value),
        **goals,
        "epochs": str(trial.last_step or "–"),
        "seconds": show_seconds(trial.seconds),
    }


def describe_rest(config: dict[str, Any], names: list[str]) -> dict[str, str]:
    """Give the cells of a configuration; a dash where a hyperparameter is not active."""
    return {name: show(config[name], 40) if name in config else "–" for name in names}
