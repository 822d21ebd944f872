"""The live page on a study of 10,000 trials of 50 steps, beside optuna-dashboard on an equal one.

Prints, for each of the two: seconds until the first page is whole, with the server just started, and in a
browser until its table and its first picture are there, beside a page of one line; the processor time of one
update while a trial reports; its largest memory; and how much longer a training in another process takes with
three pages open, and how much more processor time it needs, in rounds that alternate with rounds without any.
Where optuna-dashboard does not answer in time, it gets half as many trials, until it does. Needs the extra
``dashboard``, httpx, psutil, optuna-dashboard, and Chromium with its driver for the browser's times.

    python benchmarks/dashboard.py            # a few minutes
    python benchmarks/dashboard.py --trials 500 --rounds 2
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

import sturgeon as st
from sturgeon.study.known_trials import KnownTrial, add_trials

SPACE = st.Space(
    learning_rate=st.Real(1e-4, 1.0, scale="log", priority=1),
    batch_size=st.Integer(16, 512, scale="power_of_two"),
    hidden_units=st.Integer(50, 100),
    optimizer=st.Choice(("adam", "momentum")),
    layers=st.Integer(2, 4, priority=3),
)
PAGES = 3
PATIENCE = 600
"""Seconds that a server and a browser are waited for."""
TRAINING = """
import sys, time
import sturgeon as st
with st.Study.open(sys.argv[1]) as study:
    (trial,) = study.ask()
    for line in sys.stdin:  # a round: so many steps of about a millisecond
        began, spent, x = time.perf_counter(), time.process_time(), 0.0
        for step in range(int(line)):
            until = time.process_time() + 0.001
            while time.process_time() < until:
                x += 1.0
            study.report(trial, step=step, val_loss=x)
        print(time.perf_counter() - began, time.process_time() - spent, flush=True)
"""


def curves_of(trials: int, steps: int) -> Iterator[tuple[dict, list[tuple[int, float]]]]:
    """Configurations and their curves, the same for both."""
    draw = random.Random(0)
    for config in SPACE.sample(trials, 0):
        floor = draw.random()
        yield config, [(step, floor + 1 / step) for step in range(1, steps + 1)]


def make_ours(path: Path, trials: int, steps: int) -> None:
    with st.Study.create(path, SPACE, minimize="val_loss", search=st.Random()) as study:
        known = [
            KnownTrial(config, {"val_loss": curve[-1][1]}, "complete", {"val_loss": curve})
            for config, curve in curves_of(trials, steps)
        ]
        for first in range(0, trials, 1000):
            add_trials(study._store, SPACE, study.objectives, known[first : first + 1000])


def make_optuna(path: Path, trials: int, steps: int) -> str:
    """Fill Optuna's tables directly: by its own methods it would take many minutes."""
    import optuna
    from sqlalchemy import create_engine, text

    url = f"sqlite:///{path}"
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=url, study_name="bench", direction="minimize")
    distributions = {
        "learning_rate": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
        "batch_size": optuna.distributions.IntDistribution(16, 512),
        "hidden_units": optuna.distributions.IntDistribution(50, 100),
        "optimizer": optuna.distributions.CategoricalDistribution(["adam", "momentum"]),
        "layers": optuna.distributions.IntDistribution(2, 4),
    }
    written = {name: optuna.distributions.distribution_to_json(one) for name, one in distributions.items()}
    rows = [(n, config, curve) for n, (config, curve) in enumerate(curves_of(trials, steps), start=1)]
    with create_engine(url).begin() as connection:
        connection.execute(
            text("INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) "
                 "VALUES (:n, :n - 1, 1, 'COMPLETE', '2026-01-01 00:00:00', '2026-01-01 00:01:00')"),
            [{"n": n} for n, _, _ in rows],
        )  # fmt: skip
        connection.execute(
            text("INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) "
                 "VALUES (:n, :name, :value, :distribution)"),
            [{"n": n, "name": name, "value": distributions[name].to_internal_repr(value),
              "distribution": written[name]} for n, config, _ in rows for name, value in config.items()],
        )  # fmt: skip
        connection.execute(
            text("INSERT INTO trial_values (trial_id, objective, value, value_type) "
                 "VALUES (:n, 0, :value, 'FINITE')"),
            [{"n": n, "value": curve[-1][1]} for n, _, curve in rows],
        )  # fmt: skip
        connection.execute(
            text("INSERT INTO trial_intermediate_values "
                 "(trial_id, step, intermediate_value, intermediate_value_type) "
                 "VALUES (:n, :step, :value, 'FINITE')"),
            [{"n": n, "step": step, "value": value} for n, _, curve in rows for step, value in curve],
        )  # fmt: skip
    del study
    return url


@contextlib.contextmanager
def server(command: list[str], port: int, page: str) -> Iterator[tuple[psutil.Process, str, float]]:
    """Start a server; give its process, its address, and the seconds until its first page was whole."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        base = f"http://127.0.0.1:{port}"
        try:
            while True:
                assert started.poll() is None, command
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.02)
            began = time.perf_counter()
            answer = httpx.get(base + page, timeout=PATIENCE, follow_redirects=True)
            answer.raise_for_status()
            yield psutil.Process(started.pid), base, time.perf_counter() - began
        finally:
            started.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def in_browser(address: str, ready: str) -> float | None:
    """Seconds from the click until what a script looks for is on the page; None without a browser.

    Raises:
        TimeoutError: It is not there in time, or the browser answers no more.
    """
    try:
        from selenium import webdriver
        from selenium.common.exceptions import TimeoutException, WebDriverException
        from selenium.webdriver.chrome.service import Service
        from selenium.webdriver.support.ui import WebDriverWait
        from urllib3.exceptions import HTTPError
    except ImportError:
        return None
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    try:
        driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    except WebDriverException as error:
        print(f"no browser: {type(error).__name__}", file=sys.stderr)
        return None
    executor: Any = driver.command_executor
    executor.client_config.timeout = PATIENCE  # an answer of a page that is busy
    with driver:
        driver.set_page_load_timeout(PATIENCE)
        driver.get("about:blank")
        browser = psutil.Process(driver.service.process.pid).children()
        began = time.perf_counter()
        try:
            driver.get(address)
            WebDriverWait(driver, PATIENCE, poll_frequency=0.02).until(
                lambda d: d.execute_script(f"return {ready}")
            )
        except (TimeoutException, HTTPError) as error:
            for one in browser:  # it would not end by itself
                one.kill()
            raise TimeoutError(address) from error
        return time.perf_counter() - began


class Listener:
    """A page that is open, as far as the server sees: it hears the news and asks for what a page asks for."""

    def __init__(self, base: str, key: str) -> None:
        self.heard = 0
        self._ended = threading.Event()
        self._base, self._key = base, key
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        table = picture = time.monotonic()
        address = f"{self._base}/study/{self._key}"
        with httpx.Client(timeout=PATIENCE) as client, client.stream("GET", f"{address}/events") as stream:
            for line in stream.iter_lines():
                if self._ended.is_set():
                    return
                if not line.startswith("data:"):
                    continue
                self.heard += 1
                if time.monotonic() - table > 5:
                    httpx.get(f"{address}/table", timeout=PATIENCE)
                    table = time.monotonic()
                if time.monotonic() - picture > 10:
                    httpx.get(f"{address}/figure/best_so_far", timeout=PATIENCE)
                    picture = time.monotonic()

    def close(self) -> None:
        """Close the page at its next news."""
        self._ended.set()


class Training:
    """A training in another process, whose rounds are timed there: the seconds, and those of processor."""

    def __init__(self, study: Path) -> None:
        command = [sys.executable, "-c", TRAINING, str(study)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def round(self, steps: int) -> tuple[float, float]:
        """Train so many steps; give the seconds that passed, and those of processor."""
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018
        print(steps, file=self._process.stdin, flush=True)
        passed, spent = self._process.stdout.readline().split()
        return float(passed), float(spent)

    def close(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


def measure_ours(path: Path, rounds: int, steps: int) -> dict[str, float | None]:
    port = free_port()
    command = [sys.executable, "-m", "sturgeon", "dashboard", str(path), "--no-browser", "--port", str(port)]
    with server(command, port, "/") as (process, base, first):
        begun = sum(process.cpu_times()[:2])
        ready = "document.querySelectorAll('tbody tr[data-trial]').length > 40"
        drawn = "document.querySelector('[data-canvas] .scatterlayer .trace') !== null"
        empty = in_browser(f"{base}/nothing", "document.querySelector('main h1') !== null")
        table, picture = in_browser(base, ready), in_browser(base, drawn)
        key = re.search(r"/study/([0-9a-f]+)", httpx.get(base, follow_redirects=True).text)
        assert key is not None
        training = Training(path)
        training.round(200)
        alone, watched, heard, spent = [], [], 0, 0.0
        for _ in range(rounds):
            alone.append(training.round(steps))
            before = sum(process.cpu_times()[:2])
            pages = [Listener(base, key[1]) for _ in range(PAGES)]
            watched.append(training.round(steps))
            heard += pages[0].heard
            spent += sum(process.cpu_times()[:2]) - before
            for one in pages:
                one.close()
        training.close()
        return {
            "first page, s": first,
            "start and first page, s of processor": begun,
            "a page of one line in the browser, s": empty,
            "table in the browser, s": table,
            "picture in the browser, s": picture,
            "an update, ms of processor": 1000 * spent / max(1, heard),
            "memory, MB": process.memory_info().rss / 1e6,
            "training with three pages, time": ratio(watched, alone, 0),
            "training with three pages, processor": ratio(watched, alone, 1),
        }


def ratio(watched: list[tuple[float, float]], alone: list[tuple[float, float]], which: int) -> float:
    """The median, over the rounds, of a round with pages beside the one before it without."""
    return statistics.median(one[which] / other[which] for one, other in zip(watched, alone, strict=True))


def measure_optuna(url: str) -> Iterator[tuple[str, float | None]]:
    """Measure optuna-dashboard; give each figure when it is known."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "optuna-dashboard"), url, "--port", str(port)]
    with server(command, port, "/dashboard/") as (process, base, _):
        began = time.perf_counter()
        httpx.get(f"{base}/api/studies/1", timeout=PATIENCE).raise_for_status()
        yield "first page, s", time.perf_counter() - began
        before = sum(process.cpu_times()[:2])
        for _ in range(3):
            httpx.get(f"{base}/api/studies/1?after=0", timeout=PATIENCE)
        yield "an update, ms of processor", 1000 * (sum(process.cpu_times()[:2]) - before) / 3
        yield "memory, MB", process.memory_info().rss / 1e6
        drawn = "document.querySelector('.js-plotly-plot .scatterlayer .trace') !== null"
        yield "picture in the browser, s", in_browser(f"{base}/dashboard/studies/1", drawn)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=50, help="of each trial")
    parser.add_argument("--rounds", type=int, default=5, help="of the training, with and without pages")
    parser.add_argument("--round-steps", type=int, default=10_000, help="of one round, a millisecond each")
    parser.add_argument("--no-peer", action="store_true", help="leave optuna-dashboard out")
    asked = parser.parse_args()
    print(f"{asked.trials:,} trials of {asked.steps} steps", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "bench.study"
        make_ours(ours, asked.trials, asked.steps)
        print_found("sturgeon", measure_ours(ours, asked.rounds, asked.round_steps).items())
        trials = asked.trials
        while not asked.no_peer and trials:
            url = make_optuna(Path(folder) / f"{trials}.db", trials, asked.steps)
            try:
                print_found(f"optuna-dashboard, {trials:,} trials", measure_optuna(url))
                break
            except (httpx.TimeoutException, TimeoutError):
                print(f"  no answer in {PATIENCE} s", flush=True)
            trials //= 2


def print_found(who: str, found: Iterable[tuple[str, float | None]]) -> None:
    """Print what was found of one of them, as soon as it is known."""
    print(who)
    for name, value in found:
        print(f"  {name:38}{'–' if value is None else f'{value:.3f}':>12}", flush=True)


if __name__ == "__main__":
    main()
