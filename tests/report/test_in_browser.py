"""A report in a real browser: all pictures are drawn, and nothing that a stranger wrote is run."""

import os
import shutil

import pytest

from drawn_studies import make_hostile
from sturgeon.report import write_report


def find_browser():
    """Start Debian's chromium without a window; skip without it, unless on CI, where it must be there."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail("CI must have Debian's chromium and chromium-driver")
        pytest.skip("Debian's chromium and chromium-driver are not installed")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-sandbox"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    with make_hostile(folder / "evil.study") as study:
        written = write_report(study, folder / "report.html")
    browser = find_browser()
    try:
        from selenium.webdriver.support.ui import WebDriverWait

        browser.get(written.path.as_uri())
        drawn = "return document.documentElement.dataset.drawn === 'all'"
        WebDriverWait(browser, 300).until(lambda one: one.execute_script(drawn))
        yield browser, written
    finally:
        browser.quit()


def test_every_picture_is_drawn_and_nothing_is_complained_about(page):
    browser, written = page
    plots = browser.execute_script("return document.querySelectorAll('.plot .main-svg').length")
    assert plots >= len(written.figures)
    assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []


def test_nothing_of_a_stranger_is_an_element_or_runs(page):
    browser, written = page
    assert browser.execute_script("return typeof window.evil") == "undefined"
    count = "return document.querySelectorAll(arguments[0]).length"
    assert browser.execute_script(count, "img, iframe, object, embed, [onload], [onerror]") == 0
    assert browser.execute_script(count, "a[href], svg a") == 0
    # Plotly, the report's own script, and the JSON of each picture
    assert browser.execute_script(count, "script") == 2 + len(written.figures)
    assert "<script>window.evil=1</script>" in browser.execute_script("return document.body.innerText")


def test_it_fits_a_phone(page):
    browser, _ = page
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
