"""An application of routes and files, with the protection around it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from sturgeon.server.access import Access
from sturgeon.server.protection import Protection

STATIC = "/static"
_KEPT_SECONDS = 3600


class _KeptFiles(StaticFiles):
    """Files that a browser may keep for a while; it asks again whether they changed."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Any,
        status_code: int = 200,
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Cache-Control"] = f"private, max-age={_KEPT_SECONDS}"
        return answer


def make_app(
    routes: Sequence[BaseRoute],
    access: Access,
    *,
    static: Path | None = None,
    files: Mapping[str, Path] | None = None,
    on_error: Mapping[Any, Callable[[Request, Exception], Any]] | None = None,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> ASGIApp:
    """Put an application together.

    Args:
        routes: What it answers.
        access: Who may come in.
        static: A folder whose files are served at ``/static/``.
        files: Single files from elsewhere, by their names in ``/static/``.
        on_error: What answers an exception, by its class or by a status such as 404.
        lifespan: What is opened before the first request and closed after the last.
    """
    served: list[BaseRoute] = [Route(f"{STATIC}/{name}", _send(path)) for name, path in (files or {}).items()]
    if static is not None:
        served.append(Mount(STATIC, _KeptFiles(directory=static)))
    inner = Starlette(routes=[*routes, *served], exception_handlers=dict(on_error or {}), lifespan=lifespan)
    return Protection(inner, access)  # around all of it, the answers to errors too


def _send(path: Path) -> Callable[[Request], Any]:
    async def send(request: Request) -> Response:
        if not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, headers={"Cache-Control": f"private, max-age={_KEPT_SECONDS}"})

    return send
