"""Studies to look at, a server that shows them, and a real browser."""

import os
import shutil
from contextlib import contextmanager

import httpx
import pytest

import places
from sturgeon.search import Random
from sturgeon.study import Study

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@contextmanager
def served(given, *, language=None, host="127.0.0.1"):
    """Serve studies; give a client that knows the token, and the access."""
    from sturgeon.dashboard.app import dashboard_app
    from sturgeon.dashboard.catalogue import Catalogue
    from sturgeon.server.running import listen, running

    bound, access = listen(host, 0, usual=0)
    app = dashboard_app(Catalogue(str(given)), access, language=language)
    with (
        running(app, bound),
        httpx.Client(
            base_url=f"http://127.0.0.1:{access.port}",
            trust_env=False,
            follow_redirects=True,
            timeout=300,
            headers={"Authorization": f"Bearer {access.token}"},
        ) as client,
    ):
        yield client, access


@pytest.fixture
def serve():
    return served


def fill(where, trials=12, **settings):
    """Make a study with trials in every state; the best is trial 0."""
    with Study.create(where, places.make_space(), minimize="loss", search=Random(), **settings) as study:
        study.enqueue(
            {"learning_rate": 0.01, "hidden_units": 64, "optimizer": "momentum", "momentum": 0.95},
            tags=["first"],
        )
        for trial in study.ask(trials):
            places.finish(study, trial, 0.5 + trial.number)
        stopped, failed, paused = study.ask(3)
        study.report(stopped, step=1, loss=9.0)
        study.stop(stopped, "Median rule: enough")
        study.fail(failed, ValueError("no memory"))
        study.pause(paused)
        study.enqueue({"learning_rate": 0.5, "hidden_units": 50, "optimizer": "adam"})
    return where


@pytest.fixture
def study_file(tmp_path):
    """A study of twelve complete trials, and one that was stopped, failed, is paused, and waits."""
    return fill(tmp_path / "a.study")


@pytest.fixture(scope="session")
def driver():
    """Chromium without a window; on CI it must be there."""
    if BROWSER is None or DRIVER is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("CI must have Chromium and its driver (Debian: chromium, chromium-driver)")
        pytest.skip("Chromium and its driver are not installed")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    browser.set_script_timeout(300)
    yield browser
    browser.quit()
