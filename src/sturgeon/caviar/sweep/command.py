"""A command line as a training function: a program is started for each trial, and its output is read."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, ClassVar

from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.errors import RunError

ALL = "{args}"
"""What stands in a command for ``--name=value`` of every hyperparameter that is active."""

LEAVING_SECONDS = 10.0
TOLD_SECONDS = 5.0
"""How long a signal may take to reach the trial that has reached its program already."""
LAST_LINES = 5
MOST_NAMES = 20
_STEPS = ("step", "epoch")
_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)"

_ENDED_BY_SIGNAL = tuple(code for one in (signal.SIGINT, signal.SIGTERM) for code in (-one, 128 + one))
"""Exit codes of a program that a signal ended, and those that a shell makes of them."""

_NAMED = re.compile(rf"([A-Za-z_][\w.-]*)\s*[=:]\s*{_NUMBER}(?![\w.])")


@dataclass(frozen=True)
class Command:
    """Trains by a program. It is started without a shell, so a value is one argument whatever it holds.

    Attributes:
        arguments: The program and its arguments. ``{name}`` stands for a hyperparameter's value, ``{seed}``,
            ``{number}`` and ``{folder}`` for the trial's, and ``{args}`` for ``--name=value`` of each that is
            active.
        metrics: The names that are read from lines such as ``val_loss=0.31 epoch=3``. A line that is a JSON
            object may hold any. ``step`` or ``epoch`` beside them says at which step.
        objectives: Those of them that must be printed.
    """

    told_as: ClassVar[str] = "the command"

    arguments: tuple[str, ...]
    metrics: tuple[str, ...]
    objectives: tuple[str, ...] = ()

    def __call__(self, trial: LiveTrial) -> None:
        """Start the program, report what it prints, and end it when the trial is to end.

        Raises:
            RunError: It cannot be started, ends with another exit code than 0, or prints no objective.
        """
        arguments = self.filled(trial)
        environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "STURGEON_TRIAL": str(trial.number),
            "STURGEON_SEED": str(trial.seed),
        }
        last: deque[str] = deque(maxlen=LAST_LINES)
        printed: dict[str, float] = {}
        with _log_of(trial) as log:
            try:
                program = subprocess.Popen(
                    arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    env=environment,
                )
            except OSError as error:
                raise RunError(f"The command cannot be started: {error}.") from None
            try:
                self._follow(program, trial, log, last, printed)
            finally:
                _end(program)
        if not trial.cut and program.returncode != 0 and not _stopped(program, trial):
            said = " | ".join(last) or "nothing"
            raise RunError(f"The command ended with exit code {program.returncode}; it said last: {said}")
        missing = [name for name in self.objectives if name not in printed]
        if missing and not trial.cut:
            raise RunError(_not_printed(missing[0], list(printed)))

    def filled(self, trial: LiveTrial) -> list[str]:
        """The program and its arguments for one trial."""
        values = {name: text_of(value) for name, value in trial.config.items()}
        known = {
            **values,
            "seed": str(trial.seed),
            "number": str(trial.number),
            "folder": trial.folder or "",
        }
        filled: list[str] = []
        for argument in self.arguments:
            if argument == ALL:
                filled += [f"--{name}={value}" for name, value in values.items()]
            else:
                filled.append(re.sub(r"\{([^{}]+)\}", lambda found: known.get(found[1], found[0]), argument))
        return filled

    def _follow(
        self,
        program: subprocess.Popen[str],
        trial: LiveTrial,
        log: Any,
        last: deque[str],
        printed: dict[str, float],
    ) -> None:
        assert program.stdout is not None
        for line in program.stdout:
            if log is not None:
                log.write(line)
            if line.strip():
                last.append(line.strip())
            step, metrics = read_metrics(line, self.metrics)
            printed.update(metrics)
            if metrics:
                trial.report(step=step, **metrics)
            elif len(printed) < MOST_NAMES:
                printed.update(read_metrics(line, _NAMED.findall(line))[1])
            if trial.stopped:
                return


def read_metrics(line: str, names: Sequence[str]) -> tuple[int | None, dict[str, float]]:
    """Read the metrics of a line of a program's output.

    Args:
        line: The line.
        names: What to look for, where the line is no JSON object.

    Returns:
        The step, where the line says one, and the metrics; none where it says nothing.

    Example:
        >>> read_metrics("epoch 3: lr=0.1, val_loss: 2.5e-1", ["val_loss"])
        (3, {'val_loss': 0.25})
        >>> read_metrics('{"step": 2, "loss": 0.5, "note": "fine"}', ["val_loss"])
        (2, {'loss': 0.5})
    """
    found: dict[str, float] = {}
    if line.lstrip().startswith("{"):
        with contextlib.suppress(ValueError):
            read = json.loads(line)
            found = {
                name: float(value)
                for name, value in read.items()
                if isinstance(value, int | float) and not isinstance(value, bool)
            }
    else:
        for name in names:
            value = re.search(rf"(?<![\w.-]){re.escape(name)}\s*[=:]\s*({_NUMBER})(?![\w.])", line)
            if value is not None:
                found[name] = float(value[1])
        for name in _STEPS if found else ():
            value = re.search(rf"(?<![\w.-]){name}\s*[=: ]\s*(\d+)", line, re.IGNORECASE)
            if value is not None:
                found[name] = float(value[1])
    steps = [found.pop(name) for name in _STEPS if name in found]
    step = int(steps[0]) if steps and steps[0] >= 0 and steps[0] == int(steps[0]) else None
    return step, found


def _not_printed(wanted: str, printed: Sequence[str]) -> str:
    """Say that a command did not print what the sweep is about, and what it printed."""
    names = ", ".join(repr(name) for name in printed) or "no number with a name"
    close = get_close_matches(wanted, printed, n=1)
    remedy = f"Did you mean {close[0]!r}? Else have" if close else "Have"
    return f"The command must print {wanted!r}; it printed {names}. {remedy} it print {wanted}=NUMBER."


def text_of(value: object) -> str:
    """Write a hyperparameter's value as an argument: words as they are, structures as JSON.

    Example:
        >>> text_of(0.1), text_of("adam"), text_of(True), text_of((50, 50)), text_of(None)
        ('0.1', 'adam', 'true', '[50, 50]', 'null')
    """
    return value if isinstance(value, str) else json.dumps(value)


@contextlib.contextmanager
def _log_of(trial: LiveTrial) -> Any:
    """The file ``output.txt`` in the trial's folder; None where it has none."""
    if trial.folder is None:
        yield None
        return
    folder = Path(trial.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "output.txt").open("a", encoding="utf-8", errors="replace") as log:
        yield log


def _end(program: subprocess.Popen[str]) -> None:
    """Have the program end if it still runs: kindly, then at once."""
    if program.poll() is None and program.stdout is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            # One that has closed its output is about to end by itself.
            program.wait(0.5)
    if program.poll() is None:
        program.terminate()
        try:
            program.wait(LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
    if program.stdout is not None:
        program.stdout.close()


def _stopped(program: subprocess.Popen[str], trial: LiveTrial) -> bool:
    """Tell whether a program has ended since the whole run is to: Ctrl-C and batch systems signal to all."""
    until = time.monotonic() + (TOLD_SECONDS if program.returncode in _ENDED_BY_SIGNAL else 0.0)
    while not trial.stopped and time.monotonic() < until:
        time.sleep(0.02)
    return trial.stopped


def check_placeholders(
    arguments: Sequence[str], names: Mapping[str, bool]
) -> tuple[list[str], list[str], list[str]]:
    """Compare a command's placeholders with the hyperparameters.

    Args:
        arguments: The program and its arguments.
        names: The hyperparameters, and whether each is always active.

    Returns:
        Placeholders that nothing is known of, hyperparameters that the command does not take, and those that
        it takes though they are not always there.
    """
    used = {found for one in arguments if one != ALL for found in re.findall(r"\{([^{}]+)\}", one)}
    unknown = sorted(used - set(names) - {"seed", "number", "folder", "args"})
    missing = [] if ALL in arguments else [name for name in names if name not in used]
    sometimes = [name for name in names if name in used and not names[name]]
    return unknown, missing, sometimes
