"""Running a server: its port, in the foreground or in a thread."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from sturgeon.errors import InputError, RunError, option
from sturgeon.server.access import Access

LOOKED_AHEAD = 20
"""How many ports after the first are tried."""
_START_SECONDS = 30.0
_END_SECONDS = 1  # how long open pages hold up the end


def listen(
    host: str, port: int | None, *, usual: int, everywhere: bool = False
) -> tuple[socket.socket, Access]:
    """Take a port.

    Args:
        host: The address to listen on.
        port: The port; 0 for any that is free, None for the usual one or, where that is in use, the next.
        usual: The usual port.
        everywhere: Whether the token is needed on this machine, too.

    Returns:
        The socket, and who may come in.

    Raises:
        InputError: The port is in use or may not be used, or there is no such address.
    """
    if port is not None and not 0 <= port <= 65535:
        raise InputError(f"{option('port')} must be a whole number from 0 to 65535; got {port}.")
    first = usual if port is None else port
    for candidate in range(first, min(first + LOOKED_AHEAD, 65536)):
        try:
            bound = _bind(host, candidate)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _explain(error, host, candidate) from None
            continue
        if port is None or candidate == port or port == 0:
            return bound, Access(host, bound.getsockname()[1], everywhere=everywhere)
        bound.close()
        raise InputError(
            f"a port must be free; {port} is in use at {host}. The next free one is {candidate}: "
            f"{option('port', candidate)}."
        )
    raise InputError(
        f"a port must be free; {first} and the {LOOKED_AHEAD - 1} after it are in use at {host}. "
        f"Let the system choose one: {option('port', 0)}."
    )


def serve(app: ASGIApp, bound: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        app: What to serve.
        bound: Where, as ``listen`` gave it; it is closed at the end.
    """
    with bound:
        _Server(_config(app)).run(sockets=[bound])


@contextmanager
def running(app: ASGIApp, bound: socket.socket) -> Iterator[None]:
    """Serve from a thread while the block runs.

    Args:
        app: What to serve.
        bound: Where, as ``listen`` gave it; it is closed at the end.

    Raises:
        RunError: The server did not start.
    """
    server = _Server(_config(app))
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]), name="sturgeon-server", daemon=True)
    with bound:
        thread.start()
        try:
            _wait_for(lambda: server.started or not thread.is_alive())
            if not server.started:
                raise RunError("the server did not start; see what it printed.")
            yield
        finally:
            server.should_exit = True
            thread.join(_START_SECONDS)


class _Server(uvicorn.Server):
    """A server that at its end closes every connection, one too whose other side reads no more."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End it: open pages have a moment, and are told nothing of it here."""
        log = logging.getLogger("uvicorn.error")
        log.disabled = True  # it takes a page that is still open for an error
        try:
            await super().shutdown(sockets)
        finally:
            log.disabled = False
        for connection in self.server_state.connections:
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()  # what waits to be sent is dropped


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody may say in a header where a request came from
        timeout_graceful_shutdown=_END_SECONDS,
    )


def _bind(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there, it would share a port that is in use
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)  # from here on nobody else gets the port
    except OSError:
        bound.close()
        raise
    return bound


def _explain(error: OSError, host: str, port: int) -> InputError:
    if isinstance(error, socket.gaierror):
        return InputError(
            f"{option('host')} must be an address or a name of this machine; {host!r} is not known "
            f"({error.strerror})."
        )
    if error.errno == errno.EACCES:
        return InputError(
            f"port {port} may not be used by this user; name one from 1024 on: {option('port')}."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return InputError(
            f"{option('host')} must be an address of this machine; {host!r} is none. For every address: "
            f"{option('host', '0.0.0.0')}."
        )
    return InputError(f"the server cannot listen at {host}, port {port}: {error.strerror}.")


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
