"""Claims measured side by side, each process one after the other: this file is what such a process runs.

It reads lines from standard input, first the table, the seed and the scale, then claims; and writes a line
for each finding. Both are JSON. It ends with its input, so it does not outlive who started it by more than a
claim.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Collection, Generator
from pathlib import Path
from typing import Any

from sturgeon.errors import RunError, option
from sturgeon.notes.claims.registry import CLAIMS
from sturgeon.notes.finding import Finding
from sturgeon.notes.lab import Lab
from sturgeon.notes.one_claim import measure_claim
from sturgeon.notes.tables import own_table, shipped_tables

PROCESSES = 2
"""How many at once. Each trains in as many lanes as there are cores, and does the rest on one."""

SECONDS = {
    "N4": 20, "N13": 20, "N3": 11, "N2": 11, "N6": 11, "N7": 10, "N8": 0.1, "N10": 10, "N12": 9,
    "N5": 8, "N1": 7, "N11": 3, "N9": 0.1,
}  # fmt: skip
"""Of one core for each claim in the quick form, about: the order, and what the estimate goes by."""
TOGETHER = {"N8": "N7"}
"""What reads what another trained, so that one process has both."""


def measure_side_by_side(numbers: Collection[str], lab: Lab) -> Generator[tuple[str, Finding], None, None]:
    """Measure claims in a few processes; give each as soon as it is known.

    Args:
        numbers: Such as ``"N4"``, at least one.
        lab: What with.

    Raises:
        RunError: A process ended before its claim was measured.
    """
    groups: dict[str, list[str]] = {}
    for number in sorted(numbers, key=lambda number: -SECONDS[number]):
        groups.setdefault(TOGETHER.get(number, number), []).append(number)
    waiting = deque(groups.values())
    answers: queue.SimpleQueue[tuple[str, Finding] | RunError] = queue.SimpleQueue()
    processes = [_start() for _ in range(min(PROCESSES, len(waiting)))]
    try:
        for process in processes:
            asking = (process, _described(lab), waiting, answers)
            threading.Thread(target=_keep_busy, args=asking, daemon=True).start()
        for _number in numbers:
            answer = answers.get()
            if isinstance(answer, RunError):
                raise answer
            yield answer
    finally:
        for process in processes:
            _end(process)


def serve() -> None:
    """Measure what standard input asks for; its first line says with what."""
    how = json.loads(sys.stdin.readline())
    tables = shipped_tables() if how["data"] is None else (own_table(Path(how["data"]), how["target"]),)
    lab = Lab(tables, how["seed"], how["quick"])
    for line in sys.stdin:
        finding = measure_claim(CLAIMS[line.strip()], lab)
        print(json.dumps(finding.to_json()), flush=True)


def _described(lab: Lab) -> dict[str, Any]:
    table = lab.tables[0]
    return {
        "data": str(table.source.absolute()) if isinstance(table.source, Path) else None,
        "target": table.target,
        "seed": lab.seed,
        "quick": lab.quick,
    }


def _start() -> subprocess.Popen[str]:
    """Start a process; in a session of its own, so that Ctrl-C is ours to act on."""
    command = [sys.executable, "-P", "-c", "from sturgeon.notes.side_by_side import serve; serve()"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8", start_new_session=True
    )


def _keep_busy(
    process: subprocess.Popen[str],
    how: dict[str, Any],
    waiting: deque[list[str]],
    answers: queue.SimpleQueue[tuple[str, Finding] | RunError],
) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    number = ""
    try:
        print(json.dumps(how), file=process.stdin, flush=True)
        while True:
            for number in waiting.popleft():
                print(number, file=process.stdin, flush=True)
                answers.put((number, Finding.of_json(json.loads(process.stdout.readline()))))
    except IndexError:  # nothing is left
        process.stdin.close()
    except (OSError, ValueError):  # of a pipe that is closed, or a line that is none
        answers.put(
            RunError(
                f"Each claim is measured in a process that must live until then; that of {number} ended "
                f"with {process.wait()}. What was measured is kept: go on with `{option('resume', True)}`."
            )
        )


def _end(process: subprocess.Popen[str]) -> None:
    """End a process, and the frameworks that it started."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with contextlib.suppress(OSError):
            pipe.close()
