"""The page and the interface for programs: looked at by anybody here, commanded only with the token."""

import html
import json
import re
import shutil
import threading
from contextlib import contextmanager, suppress

import pytest

import sturgeon as st

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

import httpx

from sturgeon.panda.coach.sentences import SENTENCES
from sturgeon.panda.page.app import panda_app
from sturgeon.server.running import listen, running


@contextmanager
def served(walk):
    """A run that trains in a thread until it is stopped, and its page; gives a client and the access."""
    begun, slow = threading.Event(), threading.Event()

    def train():
        with walk.open() as run:
            for _ in run.epochs(10**9):
                walk.weight -= run.learning_rate * 1e-3 * (walk.weight - 1)
                run.report(loss=(walk.weight - 1) ** 2)
                begun.set()
                slow.wait(0.05)  # as long as an epoch takes

    thread = threading.Thread(target=train)
    thread.start()
    assert begun.wait(300)
    bound, access = listen("127.0.0.1", 0, usual=0)
    tended = st.Panda.attach(walk.study, author="Lan")
    url = f"http://127.0.0.1:{access.port}"
    bearer = {"Authorization": f"Bearer {access.token}"}
    try:
        with (
            running(panda_app(tended, access), bound),
            httpx.Client(base_url=url, trust_env=False, timeout=300) as client,
        ):
            yield client, bearer, url
            client.post("/api/command", json={"action": "stop"}, headers=bearer)
    finally:
        with st.Panda.attach(walk.study) as again, suppress(st.InputError):  # where it has ended already
            again.stop()
        thread.join(300)


def test_programs_look_without_and_command_with_the_token(walk):
    with served(walk) as (client, bearer, _):
        state = client.get("/api/state").json()
        assert (state["state"], state["values"]) == ("training", {"learning_rate": 0.1})
        asked = {"action": "set", "values": {"learning_rate": 0.2}, "why": "slow"}
        assert client.post("/api/command", json=asked).status_code == 403
        elsewhere = {**bearer, "Origin": "http://elsewhere.example"}
        assert client.post("/api/command", json=asked, headers=elsewhere).status_code == 403
        assert (
            client.post(
                "/api/command", json=asked, headers={**bearer, "Host": "elsewhere.example"}
            ).status_code
            == 421
        )
        assert client.get("/api/tree").json()["changes"] == []
        done = client.post("/api/command", json=asked, headers=bearer)
        assert (done.status_code, done.json()["done"]) == (200, True)
        (change,) = client.get("/api/tree").json()["changes"]
        assert (change["new"], change["author"], change["why"]) == ({"learning_rate": 0.2}, "Lan", "slow")
        kinds = [entry["kind"] for entry in client.get("/api/journal").json()]
        assert {"command", "outcome", "checkpoint", "event"} <= set(kinds)
        for body, status, says in [
            ({"action": "set", "values": {"learning_rate": -1}}, 409, "must be a number in"),
            ({"action": "set", "values": 5}, 409, "values by name"),
            ({"action": "explode"}, 409, "must be one of"),
            (["set"], 400, "a JSON object"),
        ]:
            refused = client.post("/api/command", json=body, headers=bearer)
            assert refused.status_code == status
            assert says in refused.json()["message"]


def test_the_page_says_what_is_new_within_a_second(walk):
    with served(walk) as (client, _, _), client.stream("GET", "/api/events") as stream:
        events = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        first = next(events)
        assert next(events) != first


def test_the_page_speaks_the_readers_language(walk):
    with served(walk) as (client, _, _):
        for language, word in (("vi", "Tạm dừng"), ("zh", "暂停"), ("en", "Pause")):
            preferred = client.get("/", headers={"Accept-Language": f"{language};q=0.9, fr"})
            assert f'<html lang="{language}">' in preferred.text
            assert word in preferred.text
        assert "暂停" in client.get("/?language=zh").text
        given = re.search(r'data-texts="(.*?)"', client.get("/?language=zh").text)
        texts = json.loads(html.unescape(given[1]))  # what its script puts together
        assert all(texts[sentence] != sentence for sentence in SENTENCES)


@pytest.mark.skipif(shutil.which("chromedriver") is None, reason="needs Chromium and its driver")
def test_in_a_browser_the_page_commands_and_another_site_does_not(walk, tmp_path):
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1200,1500",
    ):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        with served(walk) as (client, _, url):
            browser.get(url)
            wait = WebDriverWait(browser, 300)
            wait.until(lambda found: found.find_elements(By.CSS_SELECTOR, "#curves .scatterlayer .trace"))
            rate = browser.find_element(By.CSS_SELECTOR, "input[data-name=learning_rate]")
            rate.send_keys(Keys.CONTROL + "a" + Keys.NULL + "0.3")
            browser.find_element(By.CSS_SELECTOR, "#set button").click()
            wait.until(
                lambda found: found.find_element(By.ID, "said").text.startswith("learning_rate 0.1 → 0.3")
            )
            assert client.get("/api/state").json()["values"] == {"learning_rate": 0.3}
            assert [one for one in browser.get_log("browser") if one["level"] == "SEVERE"] == []
            browser.save_screenshot(str(tmp_path / "page.png"))
            attack = tmp_path / "attack.html"
            body = "JSON.stringify({action: 'stop'})"
            how = f"{{method: 'POST', mode: 'no-cors', credentials: 'include', body: {body}}}"
            attack.write_text(
                f"<script>fetch('{url}/api/command', {how}).finally(() => document.title = 'sent')</script>"
                f'<form method="post" enctype="text/plain" action="{url}/api/command">'
                '<input name=\'{"action":"stop","x":"\' value=\'"}\'></form>'
            )
            browser.get(attack.as_uri())
            wait.until(lambda found: found.title == "sent")
            browser.execute_script("document.forms[0].submit()")
            wait.until(lambda found: "Refused" in found.page_source)
            assert client.get("/api/state").json()["state"] == "training"
    finally:
        browser.quit()
