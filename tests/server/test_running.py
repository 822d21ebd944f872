"""Ports, events, and the end of a server."""

import re
import socket
import subprocess
import sys

import httpx
import pytest
from starlette.routing import Route

from sturgeon.errors import InputError, options_as_flags
from sturgeon.server.app import make_app
from sturgeon.server.events import Event, EventStream
from sturgeon.server.running import listen, running


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_named_with_the_next_that_is_free(taken):
    with options_as_flags(), pytest.raises(InputError, match=rf"{taken} is in use .*--port (\d+)") as found:
        listen("127.0.0.1", taken, usual=1)
    offered = int(re.search(r"--port (\d+)", str(found.value))[1])
    bound, access = listen("127.0.0.1", offered, usual=1)
    bound.close()
    assert access.port == offered


def test_where_no_port_is_asked_for_the_next_free_one_is_taken(taken):
    bound, access = listen("127.0.0.1", None, usual=taken)
    bound.close()
    assert taken < access.port < taken + 20


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("127.0.0.1", 65536, "from 0 to 65535"),
        ("127.0.0.1", -1, "from 0 to 65535"),
        ("no-such-host.invalid", 0, "not known"),
        ("192.0.2.1", 0, "an address of this machine"),
    ],
)
def test_a_place_where_nobody_can_listen_is_explained(host, port, why):
    with pytest.raises(InputError, match=why):
        listen(host, port, usual=1)


def test_events_come_as_they_are_sent_and_their_source_is_closed_when_the_page_goes():
    closed = []

    async def count():
        try:
            for number in range(1000):
                yield Event("count", {"number": number}, id=number)
        finally:
            closed.append(True)

    async def answer(request):
        return EventStream(count())

    bound, access = listen("127.0.0.1", 0, usual=0)
    with running(make_app([Route("/events", answer)], access), bound):
        url = f"http://127.0.0.1:{access.port}/events"
        with httpx.stream("GET", url, trust_env=False) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            found = [next(lines) for _ in range(6)]
        assert found[:2] == ["retry: 2000", ""]
        assert found[2:5] == ["id: 0", "event: count", 'data: {"number":0}']
    assert closed == [True]


def test_a_server_ends_while_pages_listen():
    async def never():
        import anyio

        yield Event("hello", {})
        await anyio.sleep_forever()

    async def answer(request):
        return EventStream(never())

    bound, access = listen("127.0.0.1", 0, usual=0)
    with httpx.Client(trust_env=False) as client:
        with running(make_app([Route("/events", answer)], access), bound):
            stream = client.send(
                client.build_request("GET", f"http://127.0.0.1:{access.port}/events"), stream=True
            )
        assert stream.status_code == 200
        stream.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", access.port), timeout=1)


READS_NO_MORE = """
import gc, socket
from starlette.responses import Response
from starlette.routing import Route
from sturgeon.server.app import make_app
from sturgeon.server.running import listen, running

bound, access = listen("127.0.0.1", 0, usual=0)
whole = Response(b"x" * 30_000_000)  # more than the system keeps for a reader
with running(make_app([Route("/", lambda request: whole)], access), bound):
    page = socket.create_connection(("127.0.0.1", access.port))
    head = f"Host: 127.0.0.1:{access.port}\\r\\nAuthorization: Bearer {access.token}\\r\\n"
    page.sendall(f"GET / HTTP/1.1\\r\\n{head}\\r\\n".encode())
    print(page.recv(15).decode())
with page:
    gc.collect()  # what was left open is told of on stderr
"""


def test_a_page_that_reads_no_more_holds_nothing_open_at_the_end():
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", READS_NO_MORE]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (ended.stdout, ended.stderr) == ("HTTP/1.1 200 OK\n", "")
