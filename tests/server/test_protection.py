"""Who may read and who may change, over real connections."""

from contextlib import contextmanager
from http.client import HTTPConnection

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sturgeon.server.access import Access
from sturgeon.server.app import make_app
from sturgeon.server.protection import LARGEST_BODY, MOST_FIELDS, form_of
from sturgeon.server.running import listen, running

SCRIPT_HEADER = "X-Sturgeon-Token"


@contextmanager
def served(host="127.0.0.1", *, everywhere=False):
    """Serve a page that can be read and changed; give a client, the access, and what was changed."""
    changes = []

    async def page(request: Request):
        if request.method == "POST":
            changes.append(form_of(await request.body()).get("action"))
        return PlainTextResponse("the page")

    async def fails(request: Request):
        raise ZeroDivisionError

    bound, access = listen(host, 0, usual=0, everywhere=everywhere)
    app = make_app([Route("/", page, methods=["GET", "POST"]), Route("/fails", fails)], access)
    with (
        running(app, bound),
        httpx.Client(base_url=f"http://127.0.0.1:{access.port}", trust_env=False) as client,
    ):
        yield client, access, changes


@pytest.fixture(scope="module")
def local():
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def public():
    with served("0.0.0.0") as found:
        yield found


def headers_of(access, **more):
    return {"Origin": f"http://127.0.0.1:{access.port}", SCRIPT_HEADER: access.token} | more


def test_this_machine_may_read_without_a_token(local):
    client, _, _ = local
    assert client.get("/").text == "the page"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example", "a b", "x@localhost"]
)
def test_a_name_that_is_not_the_servers_is_refused(local, host):
    client, _, _ = local
    assert client.get("/", headers={"Host": host}).status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "localhost:9999", "[::1]:80", "127.0.0.1:1"])
def test_every_name_of_this_machine_and_a_tunnels_port_are_answered(local, host):
    client, _, _ = local
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_a_change_with_the_token_is_made(local):
    client, access, changes = local
    assert client.post("/", data={"action": "by form", "token": access.token}).status_code == 200
    assert client.post("/", data={"action": "by header"}, headers=headers_of(access)).status_code == 200
    bearer = {"Authorization": f"Bearer {access.token}"}
    assert client.post("/", data={"action": "by bearer"}, headers=bearer).status_code == 200
    assert changes[-3:] == ["by form", "by header", "by bearer"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {SCRIPT_HEADER: "wrong"},
        {SCRIPT_HEADER: ""},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_change_that_another_site_may_have_asked_for_is_refused(local, wrong, method):
    client, access, changes = local
    before = list(changes)
    wrong = {name: value.format(port=access.port) for name, value in wrong.items()}
    answer = client.request(method, "/", data={"action": "no"}, headers=headers_of(access, **wrong))
    assert answer.status_code == 403
    assert changes == before


def test_a_change_without_any_token_is_refused(local):
    client, access, changes = local
    before = list(changes)
    assert client.post("/", data={"action": "no"}).status_code == 403
    assert client.post("/", json={"token": access.token}).status_code == 403
    assert client.post(f"/?token={access.token}", data={"action": "no"}).status_code == 403
    assert changes == before


def test_a_request_that_brings_too_much_is_refused(local):
    client, access, _ = local
    body = b"x" * (LARGEST_BODY + 1)
    assert client.post("/", content=body, headers=headers_of(access)).status_code == 413
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("token", [True, False])
def test_a_form_with_too_many_fields_is_refused(local, token):
    client, access, changes = local
    before = list(changes)
    headers = headers_of(access) | {"Content-Type": "application/x-www-form-urlencoded"}
    if not token:
        del headers[SCRIPT_HEADER]
    answer = client.post("/", content="a=1&" * MOST_FIELDS, headers=headers)
    assert answer.status_code == 413
    assert "up to 10,000 fields" in answer.text
    assert changes == before


def test_another_machine_needs_the_token_once(public):
    client, access, _ = public
    assert client.get("/").status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    assert client.get("/", headers={"Authorization": f"Bearer {access.token}"}).text == "the page"
    first = client.get(f"/?a=1&token={access.token}")
    assert (first.status_code, first.headers["location"]) == (303, "/?a=1")
    cookie = first.headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax"} <= set(cookie.split("; "))
    assert client.get("/").text == "the page"  # the client keeps the cookie


def test_where_it_was_asked_for_this_machine_needs_the_token_too():
    with served(everywhere=True) as (client, access, _):
        assert client.get("/").status_code == 401
        assert client.get(access.url, follow_redirects=True).text == "the page"
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 421


def test_the_cookie_alone_changes_nothing(public):
    client, access, changes = public
    client.get(f"/?token={access.token}")
    assert client.post("/", data={"action": "no"}).status_code == 403
    assert changes == []


def test_a_name_of_a_stranger_is_refused_from_outside_too(public):
    client, access, _ = public
    answer = client.get("/", headers={"Host": "evil.example", "Authorization": f"Bearer {access.token}"})
    assert answer.status_code == 421


@pytest.mark.parametrize("path", ["/", "/missing", "/fails"])
def test_every_answer_forbids_scripts_that_are_not_ours(local, path):
    client, _, _ = local
    rules = client.get(path).headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(rules)
    assert not any("unsafe-eval" in rule or "http" in rule for rule in rules)


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "/%5Cevil.example/"])
def test_a_redirect_stays_on_this_server(public, path):
    _, access, _ = public
    connection = HTTPConnection("127.0.0.1", access.port)
    connection.request("GET", f"{path}?token={access.token}")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["location"]) == (303, "/evil.example/")
    connection.close()


def test_the_printed_address_carries_a_token_only_where_one_is_needed():
    assert "token" not in Access("127.0.0.1", 80).url
    assert "token=" in Access("0.0.0.0", 80).url
    assert "token=" in Access("127.0.0.1", 80, everywhere=True).url
    assert Access("127.0.0.1", 80).token not in repr(Access("127.0.0.1", 80))
