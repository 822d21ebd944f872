"""A trial, several beside each other, and the form by which one is queued."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sturgeon.dashboard.board import Board, NotHere
from sturgeon.dashboard.live_study import LiveStudy
from sturgeon.dashboard.pictures import draw_curves
from sturgeon.dashboard.wording import SYMBOLS, show, show_whole, state_words
from sturgeon.space import Choice, Constant, Space
from sturgeon.study import TrialRecord

MOST_COMPARED = 8


def show_trial(board: Board, request: Request) -> Response:
    """Show all of a trial."""
    live = board.study(request)
    known = board.trial(request, live)
    number = known.number
    trial = live.trial(number) or known
    others = [one.number for one in live.trials]
    context = {
        "key": request.path_params["key"],
        "live": live,
        "trial": trial,
        "attempts": live.attempts(number) if trial.attempts else [],
        "names": list(live.study.space),
        "metric": live.study.metric,
        "metrics": _metrics(trial, live.study.metric),
        "curves": list(trial.curves),
        "states": state_words(board.words_of(request)),
        "symbols": SYMBOLS,
        "before": max((one for one in others if one < number), default=None),
        "after": min((one for one in others if one > number), default=None),
        "open": trial.state in ("waiting", "running", "paused"),
    }
    return board.page("trial.html", request, context)


def send_curves(board: Board, request: Request) -> Response:
    """Send the learning curves of the trials that the address names."""
    live = board.study(request)
    numbers = _numbers(request, live)
    metric = request.query_params.get("metric") or None
    text = draw_curves(live, numbers, board.language_of(request), metric)
    return Response(text, media_type="application/json")


def compare_trials(board: Board, request: Request) -> Response:
    """Show trials beside each other, what differs first."""
    live = board.study(request)
    _ = board.words_of(request).gettext
    numbers = _numbers(request, live)
    if len(numbers) < 2:
        raise NotHere(_("To compare, choose two trials or more in the table."))
    trials = [found for number in numbers if (found := live.trial(number)) is not None]
    names = list(live.study.space)
    configs = [{name: show(one.config.get(name), 60) for name in names} for one in trials]
    differing = [name for name in names if len({config[name] for config in configs}) > 1]
    context = {
        "key": request.path_params["key"],
        "live": live,
        "trials": trials,
        "configs": configs,
        "differing": differing,
        "equal": [name for name in names if name not in differing],
        "metrics": list(dict.fromkeys(name for one in trials for name in _metrics(one, live.study.metric))),
        "metric": live.study.metric,
        "states": state_words(board.words_of(request)),
        "symbols": SYMBOLS,
        "numbers": numbers,
    }
    return board.page("compare.html", request, context)


def show_queue(board: Board, request: Request) -> Response:
    """Show the form for a configuration, filled in with that of a trial, else the best."""
    live = board.study(request)
    given = request.query_params.get("from", "")
    source = _source(live, given)
    space = live.study.space
    config: Mapping[str, Any] = source.config if source is not None else _default(space)
    values = {name: _field(space, name, config) for name in space}
    return queue_page(board, request, live, values, source=source)


def queue_page(
    board: Board,
    request: Request,
    live: LiveStudy,
    values: Mapping[str, str],
    *,
    source: TrialRecord | None = None,
    error: str = "",
    note: str = "",
) -> Response:
    """Make the form.

    Args:
        board: What the handlers share.
        request: Whom it answers.
        live: The study.
        values: What stands in each field.
        source: The trial that they are from.
        error: What is wrong with them.
        note: The note.
    """
    space = live.study.space
    context = {
        "key": request.path_params["key"],
        "live": live,
        "space": space,
        "fields": [(name, space[name], _kind(space, name)) for name in space],
        "values": values,
        "source": source,
        "error": error,
        "note": note,
        "best": live.summary().best,
    }
    return board.page("queue.html", request, context, status=422 if error else 200)


def _kind(space: Space, name: str) -> str:
    item = space[name]
    if isinstance(item, Constant):
        return "constant"
    return "choice" if isinstance(item, Choice) else "number"


def _field(space: Space, name: str, config: Mapping[str, Any]) -> str:
    """Give what stands in a field: a number, or the place of an option among its like."""
    if name not in config:
        return ""
    item, value = space[name], config[name]
    if not isinstance(item, Choice):
        return show_whole(value)
    same = (place for place, one in enumerate(item.options) if type(one) is type(value) and one == value)
    return str(next(same, ""))


def _source(live: LiveStudy, given: str) -> TrialRecord | None:
    named = live.known(int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else None
    return live.summary().best if named is None else named


def _default(space: Space) -> Mapping[str, Any]:
    """The space's defaults; nothing where its constraint cannot be judged here."""
    try:
        return space.default()
    except ValueError:
        return {}


def _numbers(request: Request, live: LiveStudy) -> list[int]:
    """The trials that an address names, once each and not too many."""
    given = [text for text in request.query_params.getlist("trial") if text.isascii() and text.isdigit()]
    numbers = [int(text) for text in given if len(text) < 10]
    return [one for one in dict.fromkeys(numbers) if live.known(one) is not None][:MOST_COMPARED]


def _metrics(trial: TrialRecord, metric: str) -> dict[str, float]:
    """Final values, the objective first."""
    found = dict(trial.metrics)
    if trial.value is not None:
        found = {metric: trial.value} | {name: value for name, value in found.items() if name != metric}
    return found
