"""The pages in a real browser: live, hostile studies, by keyboard, on a phone, for everybody."""

import subprocess
import sys
import textwrap

import pytest

from sturgeon.search import Random
from sturgeon.space import Choice, Real, Space
from sturgeon.study import Study

pytest.importorskip("selenium")
axe_core = pytest.importorskip("axe_core_python")
from pathlib import Path  # noqa: E402

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

AXE = next(Path(axe_core.__file__).parent.rglob("axe*.js"))
PATIENCE = 300

EVIL = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror='window.hacked=1'>",
    "<svg onload='window.hacked=1'>",
    "javascript:window.hacked=1",
    '"><a href="javascript:window.hacked=1">x</a>',
    "{{ 7*7 }} ${7*7} %{x}",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe",
)


def until(driver, condition):
    return WebDriverWait(driver, PATIENCE, poll_frequency=0.1).until(condition)


def open_page(driver, access, path="/", width=1280, scheme="light"):
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    driver.get(f"http://127.0.0.1:{access.port}{path}")


def text_of(driver, selector):
    """What an element says now; tables are put anew while one looks."""
    return driver.execute_script("return document.querySelector(arguments[0])?.textContent", selector)


def captions(driver):
    """The captions of the pictures, once all that can be seen are drawn."""

    def drawn(driver):
        found = [one.text for one in driver.find_elements(By.CSS_SELECTOR, "[data-caption]")]
        return "drawing …" not in found and found

    return until(driver, drawn)


def complaints(driver):
    """What the browser complains of, such as a script that the policy forbids; not that a stream ended."""
    usual = ("favicon", "ERR_INCOMPLETE_CHUNKED_ENCODING")
    told = [entry["message"] for entry in driver.get_log("browser")]
    return [message for message in told if not any(word in message for word in usual)]


WALK_DOWN = """
    const [step, done] = arguments;
    const walk = () => {
      const before = scrollY;
      scrollBy({top: step, behavior: "instant"});
      requestAnimationFrame(() => requestAnimationFrame(scrollY > before ? walk : done));
    };
    walk();
"""

RUN = """
    import sys
    import sturgeon as st

    def train(trial):
        for epoch in trial.epochs(10**9):
            trial.report(loss=trial.config["x"] + 1 / epoch)
            if epoch == 1:
                print("begun", trial.number, flush=True)
            threading.Event().wait(0.02)

    import threading
    space = st.Space(x=st.Real(0.0, 1.0))
    st.tune(train, space, minimize="loss", trials=2, study=sys.argv[1], workers=0)
"""


def test_a_running_study_is_shown_live_and_a_click_stops_a_trial(driver, serve, tmp_path):
    place = tmp_path / "live.study"
    script = tmp_path / "run.py"
    script.write_text(textwrap.dedent(RUN))
    with subprocess.Popen([sys.executable, script, place], stdout=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout.readline() == "begun 0\n"
            with serve(place) as (_, access):
                open_page(driver, access)
                assert text_of(driver, "[data-live=status]") == "running"
                steps = "tr[data-trial='0'] [data-cell=epochs]"
                seen = text_of(driver, steps)
                until(driver, lambda d: text_of(d, steps) != seen)  # new points, without loading the page
                until(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "#live .scatterlayer .trace"))
                home = driver.current_url
                driver.get(f"{home}/trial/0")
                driver.find_element(By.NAME, "why").send_keys("by a click", Keys.ENTER)
                assert run.stdout.readline() == "begun 1\n"
                until(driver, lambda d: "stopped early" in (text_of(d, "[data-row=state]") or ""))
                driver.get(home)
                until(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "tr[data-trial='1']"))
                driver.find_element(By.CSS_SELECTOR, "[data-when=going]").click()
                until(driver, lambda d: text_of(d, "[data-live=status]") == "paused by hand")
                driver.find_element(By.CSS_SELECTOR, "[data-when=paused]").click()
                until(driver, lambda d: text_of(d, "[data-live=status]") == "running")
                assert complaints(driver) == []
        finally:
            run.kill()
    with Study.open(place) as study:
        assert study.trial(0).reason == "stopped by hand: by a click (dashboard)"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A study that is hostile wherever it holds text."""
    place = tmp_path_factory.mktemp("hostile") / "<img src=x onerror=alert(1)>.study"
    # What a name may hold; a file in which others were written cannot be read at all.
    names = {text.replace("=", ""): Real(0.0, 1.0) for text in EVIL if text.isprintable()}
    names["z" * 60] = Real(0.0, 1.0)
    space = Space(**names, long=Choice(["x" * 100_000, *EVIL]))
    metric = EVIL[0]
    with Study.create(place, space, minimize=metric, search=Random(), about={"x": EVIL[0]}) as study:
        for trial in study.ask(12):
            for step in (1, 2):
                study.report(trial, step=step, **dict.fromkeys(EVIL, 0.5 / step))
            if trial.number == 1:
                study.fail(trial, ValueError("\n".join(EVIL) + "y" * 100_000))
            elif trial.number == 2:
                study.stop(trial, EVIL[0] + ": " + "".join(EVIL))
            else:
                study.tell(trial, **dict.fromkeys(EVIL, trial.number / 10))
        for text in EVIL:
            study.note(0, text)
            study.tag(0, text)
        study.journal.write("request", {"action": EVIL[0], "why": EVIL[1]}, author=EVIL[2])
    return place


@pytest.mark.parametrize(
    "path", ["", "/trial/0", "/trial/1", "/trial/2", "/compare?trial=0&trial=3", "/queue"]
)
def test_a_hostile_study_is_shown_as_text(driver, serve, hostile, path):
    driver.get("about:blank")
    complaints(driver)  # those of a page whose server has gone since
    with serve(hostile.parent) as (_, access):
        open_page(driver, access, width=390)
        assert not driver.find_elements(By.CSS_SELECTOR, "main img, main svg, main script")
        home = driver.find_element(By.CSS_SELECTOR, "tbody a").get_attribute("href")
        driver.get(home + path)
        if path != "/queue":  # which has no pictures
            captions(driver)
        driver.execute_async_script(WALK_DOWN, 450)  # so that every picture is drawn
        if path != "/queue":
            captions(driver)
        assert driver.execute_script("return window.hacked") is None
        assert not driver.find_elements(
            By.CSS_SELECTOR, "img[src=x], a[href^='javascript'], [onerror], [onload]"
        )
        assert "<script>window.hacked=1</script>" in driver.find_element(By.TAG_NAME, "main").text
        # The value that an option sends back is the name as it is; what one sees of it is not.
        shown = driver.execute_script("return document.body.innerText")
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
        assert complaints(driver) == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_pages_are_for_everybody(driver, serve, study_file, width, scheme):
    """No page breaks a rule of WCAG 2 at level A or AA that axe-core finds, or is wider than the screen."""
    with serve(study_file) as (_, access):
        open_page(driver, access, width=width, scheme=scheme)
        home = driver.current_url
        driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})  # for axe's own script
        try:
            for path in ("", "/trial/0", "/trial/13", "/compare?trial=0&trial=1", "/queue", "/trial/99"):
                driver.get(home + path)
                if path in ("", "/trial/0"):
                    captions(driver)
                driver.execute_script(AXE.read_text(encoding="utf-8"))
                found = driver.execute_async_script(
                    "const done = arguments[0];"
                    "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
                    ".then(found => done(found.violations.map(one => "
                    "[one.id, one.nodes.slice(0, 3).map(node => node.html.slice(0, 200))])));"
                )
                assert found == [], path
                assert driver.execute_script("return document.documentElement.scrollWidth") <= width, path
        finally:
            driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})


def test_pictures_keep_their_place_when_the_window_changes_its_size(driver, serve, study_file):
    page_width = "return document.documentElement.scrollWidth"
    boxes = """return [...document.querySelectorAll(".picture")].filter(one => one.clientHeight).map(one =>
        [one.clientHeight, one.querySelector(".main-svg").getBoundingClientRect().height])"""

    def settled(driver):
        return all(abs(held - drawn) < 2 for held, drawn in driver.execute_script(boxes))

    with serve(study_file) as (_, access):
        open_page(driver, access)
        captions(driver)
        for width in (900, 390):
            driver.execute_cdp_cmd(
                "Emulation.setDeviceMetricsOverride",
                {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False},
            )
            until(driver, lambda driver, width=width: driver.execute_script(page_width) <= width)
            until(driver, settled)


def test_the_keyboard_is_enough(driver, serve, study_file):
    with serve(study_file) as (_, access):
        open_page(driver, access)
        captions(driver)

        def press_tab_until(wanted):
            for _ in range(200):
                driver.switch_to.active_element.send_keys(Keys.TAB)
                if driver.execute_script(f"return document.activeElement.matches({wanted!r})"):
                    return driver.switch_to.active_element
            raise AssertionError(wanted)

        driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
        assert driver.switch_to.active_element.text == "Skip to the content"
        press_tab_until("[data-trial='1'] input").send_keys(Keys.SPACE)
        second = press_tab_until("[data-trial='2'] input")
        with Study.open(study_file) as study:  # the table changes while somebody walks through it
            study.enqueue({"learning_rate": 0.25, "hidden_units": 99, "optimizer": "adam"})
        until(driver, lambda d: d.find_elements(By.CSS_SELECTOR, "tr[data-trial='16']"))
        assert driver.switch_to.active_element == second
        second.send_keys(Keys.SPACE)
        press_tab_until("form[action$=compare] button").send_keys(Keys.ENTER)
        until(driver, lambda d: d.find_element(By.TAG_NAME, "h1").text == "Trials beside each other")
        assert [one.text for one in driver.find_elements(By.CSS_SELECTOR, "thead th a")] == ["1", "2"]


def test_pages_work_without_scripts(serve, study_file):
    with serve(study_file) as (client, _):
        page = client.get("/").text
        assert page.count("<script") == page.count("<script src=") == 2
        assert " on" not in "".join(part.split(">")[0] for part in page.split("<")[1:]).replace(" on ", "")
        assert "style=" not in page
