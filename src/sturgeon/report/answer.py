"""The answer, in three sentences: the best, how sure that is, what mattered."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import NullTranslations
from typing import Any

from sturgeon.caviar.progress import format_metric
from sturgeon.figures.common.labels import format_value
from sturgeon.figures.common.snapshot import Snapshot
from sturgeon.figures.repeats import error_of, repeats_of
from sturgeon.plain_text import plain, printable
from sturgeon.study.edges import edges_of
from sturgeon.study.importance.measure import HELD

NAMED = 4
"""How many hyperparameters of the best configuration the first sentence names."""


def answer(seen: Snapshot, result: Mapping[str, Any], words: NullTranslations) -> list[str]:
    """Give the sentences.

    Args:
        seen: The study.
        result: What ``sturgeon tune`` wrote down at its end; empty for another study.
        words: The language.
    """
    if not seen.valued:
        return [_nothing(seen, words)]
    if len(seen.objectives) > 1:
        return [_front(seen, words), _mattered(seen, words)]
    return [_best(seen, result, words), _sure(seen, result, words), _mattered(seen, words)]


def at_the_edge(seen: Snapshot, words: NullTranslations) -> list[str]:
    """Say of which hyperparameters the best value lies at an end of the range."""
    if seen.best is None or len(seen.objectives) > 1:
        return []
    _ = words.gettext
    lower = _("{name} = {value} is at the lower end of its range: better values may lie beyond.")
    upper = _("{name} = {value} is at the upper end of its range: better values may lie beyond.")
    return [
        (lower if edge.end == "lower" else upper).format(name=shown(edge.name), value=f"{edge.value:.4g}")
        for edge in edges_of(seen.space, seen.best.config, seen.importance.shares)
    ]


def shown(text: object) -> str:
    """Text of a study as a report shows it; HTML is escaped by the template."""
    return printable(plain(str(text), 200))


def config_text(config: Mapping[str, Any], names: list[str]) -> str:
    """Some values of a configuration in a line."""
    known = [name for name in names if name in config]
    return ", ".join(f"{shown(name)} = {shown(format_value(config[name]))}" for name in known)


def _nothing(seen: Snapshot, words: NullTranslations) -> str:
    count = len(seen.trials)
    if not count:
        return words.gettext("The study has no trials yet.")
    return words.ngettext(
        "The study has {count} trial, and none has a value yet.",
        "The study has {count} trials, and none has a value yet.",
        count,
    ).format(count=count)


def _best(seen: Snapshot, result: Mapping[str, Any], words: NullTranslations) -> str:
    _ = words.gettext
    best = seen.best
    assert best is not None
    ended = [one for one in seen.trials if one.state in ("complete", "stopped", "failed")]
    config = config_text(best.config, list(seen.by_importance[:NAMED]))
    form = _("The best of {count} trials is trial {number}: {metric} = {value} at {config}")
    if not config:
        form = _("The best of {count} trials is trial {number}: {metric} = {value}")
    text = form.format(
        config=config,
        count=f"{len(ended):,}",
        number=best.number,
        metric=shown(seen.metric),
        value=format_metric(best.value),
    )
    if result.get("ensemble") and len(result["ensemble"]) > 1:
        text = _("{text}; the network that is kept is an ensemble of {count} trials").format(
            text=text, count=len(result["ensemble"])
        )
    return _("{text}.").format(text=text)


def _front(seen: Snapshot, words: NullTranslations) -> str:
    names = " · ".join(shown(goal.metric) for goal in seen.objectives)
    numbers = ", ".join(str(one.number) for one in seen.front[:12]) + (", …" if len(seen.front) > 12 else "")
    return words.gettext(
        "Of {count} trials with a value, no other beats these in all of {objectives}: {numbers}."
    ).format(count=f"{len(seen.valued):,}", objectives=names, numbers=numbers)


def _sure(seen: Snapshot, result: Mapping[str, Any], words: NullTranslations) -> str:
    _ = words.gettext
    parts = [part for part in (_luck(seen, words), _tested(result, words)) if part]
    return _("{text}.").format(text="; ".join(parts))


def _luck(seen: Snapshot, words: NullTranslations) -> str:
    """How far the best value may be luck."""
    _ = words.gettext
    best = seen.best
    assert best is not None
    assert best.value is not None
    again = repeats_of(best, seen)
    if again:
        mean = sum(again) / len(again)
        return words.ngettext(
            "Trained {count} time more with another seed, it came to {mean}",
            "Trained {count} times more with other seeds, it came to {mean} on average",
            len(again),
        ).format(count=len(again), mean=format_metric(mean))
    error = error_of(best, seen)
    if error is not None:
        near = sum(abs((one.value or 0.0) - best.value) <= error for one in seen.ranked[1:])
        if not near:
            return _(
                "Its standard error over the folds is {error}, and no other trial lies within it"
            ).format(error=f"{error:.2g}")
        return words.ngettext(
            "Its standard error over the folds is {error}, and {count} other trial lies within it",
            "Its standard error over the folds is {error}, and {count} other trials lie within it",
            near,
        ).format(error=f"{error:.2g}", count=near)
    if len(seen.ranked) > 1:
        return _(
            "The next best, trial {number}, came to {value}; the best was trained once, so part of its lead "
            "may be luck"
        ).format(number=seen.ranked[1].number, value=format_metric(seen.ranked[1].value))
    return _("It is the only trial with a value, so nothing says how sure that is")


def _tested(result: Mapping[str, Any], words: NullTranslations) -> str:
    """What the test rows said."""
    _ = words.gettext
    test, rows = result.get("test"), result.get("rows")
    if not isinstance(test, Mapping) or not isinstance(rows, Mapping):
        return ""
    metric = str(result.get("metric", "")).removeprefix("val_")
    if not isinstance(test.get(metric), int | float):
        return ""
    text = _("on the {count} test rows, which decided nothing, {metric} is {value}").format(
        count=rows.get("test"), metric=shown(metric), value=format_metric(test[metric])
    )
    default, naive = result.get("default_test") or {}, result.get("naive_test") or {}
    others = []
    if isinstance(default.get(metric), int | float):
        others.append(_("default hyperparameters: {value}").format(value=format_metric(default[metric])))
    if isinstance(naive.get(metric), int | float):
        others.append(_("a guess without inputs: {value}").format(value=format_metric(naive[metric])))
    return f"{text} ({'; '.join(others)})" if others else text


def _mattered(seen: Snapshot, words: NullTranslations) -> str:
    _ = words.gettext
    found = seen.importance
    if not found.shares:
        return _("What mattered cannot be told yet: it takes 16 trials with a value.")
    first = found.shares[0]
    if not first.share:
        return _("Nothing that varied mattered measurably.")
    text = _("{name} mattered most: {share} of what decided (90 % interval {low} to {high})").format(
        name=shown(first.name), share=f"{first.share:.0%}", low=f"{first.low:.0%}", high=f"{first.high:.0%}"
    )
    if found.correlation is None:
        return _("{text}.").format(text=text)
    if found.correlation >= HELD:
        held = _("the notes' order of priorities held here")
    elif found.correlation > 0:
        held = _("the notes' order of priorities held here in part")
    else:
        held = _("the notes' order of priorities did not hold here")
    return _("{text}; {held} (rank correlation {value}).").format(
        text=text, held=held, value=f"{found.correlation:.2f}"
    )
