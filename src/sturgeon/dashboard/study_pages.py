"""The list of studies, and a study: its table, its pictures, what is told while it runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sturgeon.dashboard.board import LANGUAGE_COOKIE, Board, NotHere
from sturgeon.dashboard.live_study import LiveStudy, Unavailable
from sturgeon.dashboard.pictures import OPTIONS
from sturgeon.dashboard.selection import Selection, pages
from sturgeon.dashboard.watching import News
from sturgeon.dashboard.wording import SYMBOLS, row_texts, state_words, status_word, summary_texts
from sturgeon.figures import FIGURES
from sturgeon.figures.common.thinning import even_choice
from sturgeon.languages import LANGUAGES, translator
from sturgeon.server.events import Event, EventStream
from sturgeon.space import Choice, Constant, Space
from sturgeon.study.follower import Changes

MOST_COLUMNS = 12
MOST_LIVE = 16
"""So many running trials are drawn live: those that were begun last."""
MOST_POINTS = 300
"""So many points of each are sent to begin with."""
MOST_ROWS_TOLD = 200


@dataclass(frozen=True, slots=True)
class _Listed:
    key: str
    name: str
    status: str
    texts: dict[str, str]
    goal: str
    lost: str


def list_studies(board: Board, request: Request) -> Response:
    """List the studies; one that was asked for by name is shown at once."""
    _ = board.words_of(request).gettext
    studies = board.catalogue.studies()
    if board.catalogue.single and studies:
        return RedirectResponse(f"/study/{next(iter(studies))}", 303)
    listed = [_list_one(board, request, key, live) for key, live in studies.items()]
    return board.page("studies.html", request, {"studies": listed, "place": board.catalogue.place})


def _list_one(board: Board, request: Request, key: str, live: LiveStudy) -> _Listed:
    words = board.words_of(request)
    ends = {"minimize": words.gettext("lowest"), "maximize": words.gettext("highest")}
    try:
        live.look()
        summary = live.summary()
        goals = ", ".join(f"{ends[one.direction]} {one.metric}" for one in live.study.objectives)
    except Unavailable as error:
        return _Listed(key, live.name, words.gettext("cannot be read"), {}, "", error.told_in(words))
    return _Listed(key, live.name, status_word(summary, words), summary_texts(summary, words), goals, "")


def show_study(board: Board, request: Request) -> Response:
    """Show one study."""
    live = board.study(request)
    words = board.words_of(request)
    summary = live.summary()
    language = board.language_of(request)
    space = live.study.space
    context = {
        "live": live,
        "summary": summary,
        "texts": summary_texts(summary, words),
        "objectives": live.study.objectives,
        "shown_first": _first_pictures(live),
        "figures": [(name, one.title_in(language)) for name, one in FIGURES.items()],
        "figure_options": OPTIONS,
        "varied": list(space.coordinates),
        "requests": _requests_of(live, board, request),
        "tended": live.study.about.get("job") == "panda",
        **_table_context(live, board, request),
    }
    return board.page("study.html", request, context)


def _first_pictures(live: LiveStudy) -> tuple[str, str, str]:
    """The three pictures that a page begins with: the last is as wide as the page."""
    return ("pareto_front" if len(live.study.objectives) > 1 else "best_so_far", "learning_curves", "slice")


def show_table(board: Board, request: Request) -> Response:
    """Give the table alone, for a page that is open."""
    live = board.study(request)
    return board.page("table.html", request, _table_context(live, board, request))


def _table_context(live: LiveStudy, board: Board, request: Request) -> dict[str, Any]:
    words = board.words_of(request)
    space, trials = live.study.space, live.trials
    objectives = live.study.objectives
    maximizes = live.study.direction == "maximize"
    selection = Selection.read(
        dict(request.query_params), space, maximizes=maximizes, metrics=[one.metric for one in objectives[1:]]
    )
    chosen = selection.choose(trials, space)
    columns = list(space.coordinates)[:MOST_COLUMNS]
    rows = [(one, row_texts(one, words, objectives)) for one in selection.page_of(chosen)]
    best = live.summary().best
    return {
        "key": request.path_params["key"],
        "metric": live.study.metric,
        "other_metrics": [one.metric for one in objectives[1:]],
        "selection": selection,
        "rows": rows,
        "chosen": len(chosen),
        "trials": len(trials),
        "pages": pages(len(chosen)),
        "columns": columns,
        "hidden_columns": len(space.coordinates) - len(columns),
        "choices": _choices(space),
        "filterable": [name for name in space.coordinates if not isinstance(space[name], Constant)],
        "space": space,
        "states": state_words(words),
        "symbols": SYMBOLS,
        "best_number": -1 if best is None else best.number,
    }


def _choices(space: Space) -> dict[str, Any]:
    """Give the options of each `Choice`."""
    return {name: item.options for name in space.coordinates if isinstance(item := space[name], Choice)}


def _requests_of(live: LiveStudy, board: Board, request: Request) -> list[dict[str, Any]]:
    """Give the newest requests with what came of them, the newest first."""
    _ = board.words_of(request).gettext
    actions = {"pause": _("pause"), "resume": _("resume"), "stop": _("stop")}
    outcomes = {
        "paused": _("paused"),
        "resumed": _("resumed"),
        "stopped": _("stopped"),
        "refused": _("refused"),
        "complete": _("had ended"),
        "failed": _("had failed"),
    }
    answers = {one.body.get("request"): one for one in live.entries if one.kind == "answer"}
    found = []
    for entry in reversed([one for one in live.entries if one.kind == "request"]):
        answer = answers.get(entry.id)
        outcome = "" if answer is None else outcomes.get(str(answer.body.get("outcome")), "")
        found.append(
            {
                "time": entry.time,
                "action": actions.get(str(entry.body.get("action")), "?"),
                "trial": entry.trial,
                "author": entry.author,
                "why": entry.body.get("why") or (answer.body.get("why", "") if answer else ""),
                "outcome": outcome or _("not answered yet"),
            }
        )
    return found[:20]


# -- pictures ------------------------------------------------------------------------------------


def send_picture(board: Board, request: Request) -> Response:
    """Send a picture as Plotly's JSON."""
    live = board.study(request)
    name = request.path_params["name"]
    if name not in FIGURES:
        raise NotHere(board.words_of(request).gettext("There is no such picture."))
    text = board.pictures.draw(live, name, dict(request.query_params), board.language_of(request))
    return Response(text, media_type="application/json")


def send_running(board: Board, request: Request) -> Response:
    """Send the curves of the trials that run now."""
    live = board.study(request)
    metric = live.study.metric
    running = [one for one in live.trials if one.state == "running"] if live.summary().busy else []
    curves = [
        {"number": one.number, "points": _thinned(one.curves.get(metric, []))} for one in running[-MOST_LIVE:]
    ]
    return JSONResponse({"metric": metric, "trials": curves})


# -- live ----------------------------------------------------------------------------------------


async def send_events(board: Board, request: Request) -> Response:
    """Tell an open page what changes."""
    live = await run_in_threadpool(board.study, request)
    number = request.query_params.get("trial", "")
    also = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else -1
    return EventStream(_events(board, live, board.language_of(request), also))


async def _events(board: Board, live: LiveStudy, language: str, also: int) -> AsyncGenerator[Event]:
    news = board.watches.news(live)
    try:
        async for one in news:
            yield Event("news", _to_json(one, live, language, also))
    finally:
        await news.aclose()


def _to_json(news: News, live: LiveStudy, language: str, also: int) -> dict[str, Any]:
    """Write news for a page's script: texts by their places, rows by number, new points of the curves.

    The row of the trial that a page is about is always among them: it may have changed while the page came.
    """
    words = translator(language)
    if news.summary is None:
        return {"lost": "" if news.lost is None else news.lost.told_in(words)}
    changed = sorted(news.changes.trials, reverse=True)[:MOST_ROWS_TOLD]
    try:
        trials, objectives = live.trials, live.study.objectives
        touched: list[int] = sorted({*changed, *news.changes.points, *([also] if also >= 0 else [])})
        rows = {number: live.known(number) for number in touched}
    except Unavailable as error:
        return {"lost": error.told_in(words)}
    return {
        "texts": summary_texts(news.summary, words),
        "pause": news.summary.pause,
        "busy": news.summary.busy,
        "change": news.summary.change,
        "rows": {
            number: {"state": words.gettext("deleted")} if one is None else row_texts(one, words, objectives)
            for number, one in rows.items()
        },
        "points": _points(news.changes, objectives[0].metric),
        "running": [one.number for one in trials if one.state == "running"][-MOST_LIVE:]
        if news.summary.busy
        else [],
    }


def _points(changes: Changes, metric: str) -> dict[int, list[Any]]:
    return {
        number: _thinned(curves[metric])
        for number, curves in list(changes.points.items())[-MOST_ROWS_TOLD:]
        if metric in curves
    }


def _thinned(curve: list[tuple[int, float]]) -> list[Any]:
    return _finite(even_choice(curve, MOST_POINTS))


def _finite(curve: list[tuple[int, float]]) -> list[Any]:
    """Write a curve as JSON, which has no NaN."""
    return [[step, value if abs(value) < float("inf") else None] for step, value in curve]


def choose_reader_language(board: Board, request: Request) -> Response:
    """Remember the language that a reader chose, and go back."""
    language = request.path_params["language"]
    back = request.query_params.get("back", "/")
    if language not in LANGUAGES:
        raise NotHere(board.words_of(request).gettext("There is no such language."))
    here = "/" + back.lstrip("/\\")
    answer = RedirectResponse(here, 303)
    answer.set_cookie(LANGUAGE_COOKIE, language, max_age=31_536_000, samesite="lax", httponly=True)
    return answer
