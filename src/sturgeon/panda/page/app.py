"""The application: one page, and JSON for it and for programs.

========================  =================================================================
``GET /``                 the page; ``?language=vi``, or what the browser prefers
``GET /api/state``        how the run stands
``GET /api/tree``         branches with their curves, checkpoints, changes, notes
``GET /api/journal``      the journal; ``?after=ID`` for what is new
``GET /api/events``       server-sent events: ``changed`` whenever there is something new
``POST /api/command``     a command: ``{"action": "set", "values": {"learning_rate": 0.01}}``
========================  =================================================================

Looking needs no token on this machine, unless it was asked for; a command needs it always:
``Authorization: Bearer TOKEN``. The page holds it, for whoever may look. The answer to
a command is ``{"done": true, "message": "…", …}``, or status 409 with ``{"done": false, "message": why}``.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sturgeon.errors import InputError, SturgeonError
from sturgeon.languages import LANGUAGES, choose_language, translator
from sturgeon.panda.attach import Panda
from sturgeon.panda.kept.reading import entry_to_json, state_to_json, tree_to_json
from sturgeon.panda.opening import STUDY_FILE
from sturgeon.panda.page.wording import script_texts
from sturgeon.server.access import Access
from sturgeon.server.app import make_app
from sturgeon.server.events import Event, EventStream
from sturgeon.server.pages import Pages
from sturgeon.study.follower import Follower

USUAL_PORT = 8341
LOOK_SECONDS = 0.4
COMMAND_SECONDS = 20.0
_STATIC = Path(__file__).parent / "static"


def panda_app(tended: Panda, access: Access) -> ASGIApp:
    """Make the application.

    Args:
        tended: The run; the application closes it at its end.
        access: Who may come in.
    """
    pages = Pages("sturgeon.panda.page", access)

    async def page(request: Request) -> Response:
        asked = request.query_params.get("language")
        language = asked if asked in LANGUAGES else choose_language(request.headers.get("accept-language"))
        context = {
            "name": _name(Path(tended.study.place)),
            "metric": tended.study.metric,
            "languages": LANGUAGES,
            "texts": script_texts(language),
        }
        words = translator(language)
        return pages.render("panda.html", request, language=language, translations=words, context=context)

    def look(read: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return JSONResponse(await run_in_threadpool(read, request))

        return answer

    def journal(request: Request) -> Any:
        after = request.query_params.get("after", "-1")
        number = (
            int(after)
            if after.lstrip("-").isascii() and after.lstrip("-").isdigit() and len(after) < 16
            else -1
        )
        return [entry_to_json(entry) for entry in tended.study.journal.read(after=number)]

    async def command(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
            if not isinstance(body, dict):
                raise ValueError
        except ValueError:
            return JSONResponse({"done": False, "message": "A command must be a JSON object."}, 400)
        return await run_in_threadpool(_obey, tended, body)

    async def events(request: Request) -> Response:
        return EventStream(_news(tended))

    async def not_done(request: Request, error: Exception) -> Response:
        return JSONResponse({"done": False, "message": str(error)}, 503)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        tended.close()

    routes = [
        Route("/", page),
        Route("/api/state", look(lambda request: state_to_json(tended.state()))),
        Route("/api/tree", look(lambda request: tree_to_json(tended.tree()))),
        Route("/api/journal", look(journal)),
        Route("/api/events", events),
        Route("/api/command", command, methods=["POST"]),
    ]
    return make_app(
        routes,
        access,
        static=_STATIC,
        files={"plotly.min.js": _plotly()},
        on_error={SturgeonError: not_done},
        lifespan=lifespan,
    )


def _obey(tended: Panda, body: dict[str, Any]) -> Response:
    action = body.pop("action", None)
    # Trying several values takes as long as the training does: its outcome is an entry of the journal.
    wait = 24 * 3600.0 if action == "try" else COMMAND_SECONDS
    known = {name: body.get(name) for name in _FIELDS}
    try:
        outcome = tended.ask(action, wait=wait, **known)
    except InputError as error:
        return JSONResponse({"done": False, "message": str(error)}, 409)
    return JSONResponse({**outcome.body, "done": True, "message": outcome.message})


_FIELDS = ("values", "seen", "why", "checkpoint", "trial", "vary", "epochs", "note")


async def _news(tended: Panda) -> AsyncGenerator[Event]:
    """Say that something is new, within half a second."""
    follower, seen, before, number = Follower(tended.study), -1, None, 0

    def look() -> tuple[bool, int, str]:
        changes, entries = bool(follower.look()), tended.study.journal.read(after=seen)
        last = entries[-1].id if entries else seen
        return changes, last, tended.state().state if entries or before is None else before

    while True:
        changed, last, state = await run_in_threadpool(look)
        if changed or last != seen or state != before:
            number += 1
            yield Event("changed", {"number": number, "entry": last, "state": state})
        seen, before = last, state
        await anyio.sleep(LOOK_SECONDS)


def _name(place: Path) -> str:
    """What a run is called: its folder, where its study is named as every table's is."""
    return place.parent.name or place.name if place.name == STUDY_FILE else place.name


def _plotly() -> Path:
    """The script that draws pictures lies in the Plotly package, with its licence."""
    import plotly

    return Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
