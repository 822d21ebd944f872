import json
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest

from sturgeon.space import Real, Space

PATIENCE = 300.0  # only ever waited for where something is broken


@pytest.fixture
def space():
    return Space(x=Real(0.0, 1.0))


@pytest.fixture
def fifo(tmp_path):
    """A path at which two processes meet: opening it to read waits for the one that opens it to write."""
    path = tmp_path / "meeting"
    os.mkfifo(path)
    return path


class Script:
    """A user's script in a process group of its own, as a terminal would start it."""

    def __init__(self, folder, text, *arguments):
        path = folder / "script.py"
        path.write_text(textwrap.dedent(text))
        self.process = subprocess.Popen(
            [sys.executable, str(path), *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            process_group=0,
        )

    def until(self, stream, words):
        """Read lines up to one with those words."""
        rescue = threading.Timer(PATIENCE, self.process.kill)
        rescue.start()
        try:
            for line in getattr(self.process, stream):
                if words in line:
                    return line
        finally:
            rescue.cancel()
        raise AssertionError(f"{words!r} was never printed; exit {self.end()}")

    def said(self, words):
        """Read what a line of the script says after those words, as JSON."""
        return json.loads(self.until("stdout", words).partition(words)[2])

    def signal(self, number, whole_group=False):
        (os.killpg if whole_group else os.kill)(self.process.pid, number)

    def end(self):
        """Wait for its end; give its exit code and what else it printed."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@pytest.fixture
def script(tmp_path):
    """Start scripts; whatever is left of them at the end is killed."""
    started = []

    def start(text, *arguments):
        started.append(Script(tmp_path, text, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


@pytest.fixture
def gone():
    """Check that processes end, without anybody ending them."""

    def check(*numbers):
        processes = []
        for number in numbers:
            try:
                processes.append(psutil.Process(number))
            except psutil.NoSuchProcess:
                continue
        _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
        alive = [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        for one in alive:
            one.kill()
        assert not alive

    return check


@pytest.fixture
def written():
    """Read the numbers that trainings wrote into a file, one a line."""
    return lambda path: [int(line) for line in Path(path).read_text().split()]
