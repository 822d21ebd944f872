"""The application: which address is answered by what, and how errors are shown."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sturgeon.dashboard import actions, study_pages, trial_pages
from sturgeon.dashboard.board import Board, NotHere
from sturgeon.dashboard.catalogue import Catalogue
from sturgeon.dashboard.live_study import Unavailable
from sturgeon.dashboard.pictures import Pictures
from sturgeon.dashboard.watching import Watches
from sturgeon.dashboard.wording import show, show_lines, show_seconds, show_time, show_whole
from sturgeon.errors import SturgeonError
from sturgeon.figures.common.theme import ASSETS
from sturgeon.languages.choice import check_language
from sturgeon.server.access import Access
from sturgeon.server.app import make_app
from sturgeon.server.pages import Pages
from sturgeon.server.protection import form_of

USUAL_PORT = 8321
_STATIC = Path(__file__).parent / "static"

Handler = Callable[[Board, Request], Response]
Action = Callable[[Board, Request, Mapping[str, str]], Response]

_GET: dict[str, Handler] = {
    "/": study_pages.list_studies,
    "/language/{language}": study_pages.choose_reader_language,
    "/study/{key}": study_pages.show_study,
    "/study/{key}/table": study_pages.show_table,
    "/study/{key}/running": study_pages.send_running,
    "/study/{key}/curves": trial_pages.send_curves,
    "/study/{key}/figure/{name}": study_pages.send_picture,
    "/study/{key}/compare": trial_pages.compare_trials,
    "/study/{key}/queue": trial_pages.show_queue,
    "/study/{key}/trial/{number}": trial_pages.show_trial,
}
_POST: dict[str, Action] = {
    "/study/{key}/request": actions.request_run,
    "/study/{key}/queue": actions.queue_config,
    "/study/{key}/trial/{number}/stop": actions.stop_trial,
    "/study/{key}/trial/{number}/note": actions.add_note,
    "/study/{key}/trial/{number}/tags": actions.add_tags,
}


def dashboard_app(catalogue: Catalogue, access: Access, *, language: str | None = None) -> ASGIApp:
    """Make the application.

    Args:
        catalogue: The studies.
        access: Who may come in.
        language: The language of every page; None to go by what a browser prefers.

    Raises:
        InputError: There is no such language.
    """
    pages = Pages(
        "sturgeon.dashboard",
        access,
        show=show,
        show_lines=show_lines,
        show_seconds=show_seconds,
        show_time=show_time,
        show_whole=show_whole,
    )
    chosen = None if language is None else check_language(language)
    board = Board(catalogue, pages, Pictures(), Watches(), chosen)

    async def events(request: Request) -> Response:
        return await study_pages.send_events(board, request)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        catalogue.close()

    routes = [Route("/study/{key}/events", events)]
    routes += [Route(path, _answer(board, handler)) for path, handler in _GET.items()]
    routes += [Route(path, _change(board, action), methods=["POST"]) for path, action in _POST.items()]
    return make_app(
        routes,
        access,
        static=_STATIC,
        files={
            "plotly.min.js": _plotly(),
            "fit.js": ASSETS / "fit.js",
            "figures.css": ASSETS / "figures.css",
        },
        on_error=_errors(board),
        lifespan=lifespan,
    )


def _answer(board: Board, handler: Handler) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(handler, board, request)

    return answer


def _change(board: Board, action: Action) -> Callable[[Request], Any]:
    async def change(request: Request) -> Response:
        form = form_of(await request.body())
        return await run_in_threadpool(action, board, request, form)

    return change


def _errors(board: Board) -> dict[Any, Callable[[Request, Exception], Any]]:
    """Say in a page what went wrong; nothing of it ends the server."""

    def page(title: Callable[[Any], str], status: int) -> Callable[[Request, Exception], Any]:
        async def answer(request: Request, error: Exception) -> Response:
            words = board.words_of(request)
            text = error.told_in(words) if isinstance(error, Unavailable) else str(error)
            return await run_in_threadpool(board.message, request, title(words.gettext), text, status)

        return answer

    async def http(request: Request, error: Exception) -> Response:
        _ = board.words_of(request).gettext
        status = error.status_code if isinstance(error, HTTPException) else 500
        text = _("There is no such page.") if status == 404 else _("This cannot be done here.")
        return await run_in_threadpool(board.message, request, _("Not found"), text, status)

    async def unforeseen(request: Request, error: Exception) -> Response:
        _ = board.words_of(request).gettext
        text = _("This page cannot be shown: {error}.").format(error=f"{type(error).__name__}: {error}"[:400])
        return await run_in_threadpool(board.message, request, _("Something is wrong"), text, 500)

    return {
        NotHere: page(lambda _: _("Not found"), 404),
        Unavailable: page(lambda _: _("This study cannot be read now"), 503),
        SturgeonError: page(lambda _: _("Not done"), 409),
        HTTPException: http,
        Exception: unforeseen,
    }


def _plotly() -> Path:
    """The script that draws pictures lies in the Plotly package, with its licence."""
    import plotly

    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
