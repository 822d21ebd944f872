"""What stands before every page: the checks of a request, and the headers of an answer.

* The Host header must be a name of this server: a stranger's page cannot reach it by DNS rebinding.
* A server that other machines can reach, or that was asked to, wants the token: in a cookie, an
  ``Authorization: Bearer`` header or, to begin with, in the address, from where it goes into the cookie.
* A request that changes something must come from a page of this server (``Origin``), and carry the token: as
  the form field or the header that `Pages` puts on every page, which no other site can read. So a request
  that some other site has a browser send (CSRF) is refused twice. Where a page needs no token, another
  account of this machine can read it there, and change what the page can.
* A Content-Security-Policy allows only scripts that lie in Sturgeon: whatever text a study holds, and however
  it got onto a page, it is not run.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sturgeon.server.access import Access

TOKEN_FIELD = "token"
"""The name of the token in a form and in an address."""
TOKEN_HEADER = "x-sturgeon-token"
"""The name of the token as a header that a script sends."""
LARGEST_BODY = 1_000_000
"""How many bytes a request may bring."""
MOST_FIELDS = 10_000
"""How many fields a form may have."""

_SAFE_METHODS = frozenset({"GET", "HEAD"})

_HEADERS = {
    # Styles may stand in an element, since Plotly sets them there; they cannot load anything from elsewhere.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Protection:
    """An ASGI middleware; `make_app` puts it around everything."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Take what it protects, and who may come in."""
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no page of ours uses WebSockets
            await Response(status_code=403)(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        request = Request(scope, receive)
        answer = self._refuse(request) or self._let_in(request)
        if answer is None and request.method not in _SAFE_METHODS:
            body = await _read_body(request)
            answer = self._refuse_change(request, body)
            receive = _replay(body, receive)
        await (answer or self._app)(scope, receive, send_protected)

    def _refuse(self, request: HTTPConnection) -> Response | None:
        """Refuse a request that calls the server by a name that is not its own."""
        host = request.headers.get("host", "")
        if self._access.answers_to(host):
            return None
        return _refused(
            421,
            f"this server answers to its own name only; the request came for {host!r}. "
            f"Use the address that was printed.",
        )

    def _let_in(self, request: Request) -> Response | None:
        """Let in whoever has the token, where one is needed; take it out of the address into a cookie."""
        access = self._access
        given = request.query_params.get(TOKEN_FIELD)
        if given is not None and request.method == "GET":
            if not access.knows_token(given):
                return _refused(401, "this is not the server's token. Use the address that was printed.")
            rest = [(key, value) for key, value in parse_qsl(request.url.query) if key != TOKEN_FIELD]
            # A path that begins with two strokes would be another host's address.
            path = "/" + quote(request.scope["path"].lstrip("/\\"))
            answer = RedirectResponse(f"{path}?{urlencode(rest)}" if rest else path, 303)
            answer.set_cookie(access.cookie, access.token, httponly=True, samesite="lax")
            return answer
        if not access.needs_token or self._has_token(request):
            return None
        return _refused(
            401, "a token is needed. Use the address that was printed where the server was started."
        )

    def _has_token(self, request: HTTPConnection) -> bool:
        return self._access.knows_token(request.cookies.get(self._access.cookie)) or _is_bearer(
            self._access, request
        )

    def _refuse_change(self, request: Request, body: bytes | None) -> Response | None:
        """Refuse a request to change something that may come from another site."""
        if body is None:
            return _refused(413, f"a request may bring up to {LARGEST_BODY:,} bytes; this one is larger.")
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        if origin is not None and not _is_of(origin, host):
            return _refused(
                403, f"a change must be asked for on this server's own page; it came from {origin!r}."
            )
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _refused(
                403, "a change must be asked for on this server's own page; it came from another."
            )
        given = request.headers.get(TOKEN_HEADER)
        if given is None and _is_form(request):
            try:
                given = form_of(body).get(TOKEN_FIELD)
            except HTTPException as error:
                return _refused(error.status_code, f"{error.detail}.")
        if self._access.knows_token(given) or _is_bearer(self._access, request):
            return None
        return _refused(403, "a change needs the server's token; the page may be an old one: load it again.")


def form_of(body: bytes) -> dict[str, str]:
    """Read a form; of a field that is there twice, the last.

    Example:
        >>> form_of(b"action=pause&why=a+b")
        {'action': 'pause', 'why': 'a b'}

    Raises:
        HTTPException: It has too many fields.
    """
    if body.count(b"&") >= MOST_FIELDS:
        raise HTTPException(413, f"a form may have up to {MOST_FIELDS:,} fields; this one has more")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _is_of(origin: str, host: str) -> bool:
    """Tell whether an Origin header is of the host that a request calls."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:  # it is no address
        return False


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _is_bearer(access: Access, request: HTTPConnection) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and access.knows_token(given.strip())


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(f"Refused: {why}\n", status)


async def _read_body(request: Request) -> bytes | None:
    """Read a body; None where it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _replay(body: bytes | None, later: Receive) -> Receive:
    """Give the body once more, then what comes after it."""
    given: list[Message] = [{"type": "http.request", "body": body or b"", "more_body": False}]

    async def receive() -> Message:
        return given.pop() if given else await later()

    return receive
