"""A training in a process of its own, and the screen over it until it is left."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from sturgeon.caviar.interrupt import stop_on_signal
from sturgeon.caviar.progress import say
from sturgeon.cli.common.printable import printable
from sturgeon.cli.panda.places import attached
from sturgeon.cli.panda.screen.app import RunScreen
from sturgeon.cli.panda.view import TrainingView
from sturgeon.errors import RunError, SturgeonError, options_as_flags

if TYPE_CHECKING:
    from sturgeon.panda.table.table import PandaJob, PandaResult

_KEPT_LINES = 6
_LOOK_SECONDS = 0.2


def train_on_screen(job: PandaJob) -> PandaResult:
    """Train a table, and show the screen of it meanwhile; to leave the screen ends nothing.

    Raises:
        SturgeonError: The training could not begin, or failed.
    """
    unsaid: deque[str] | None = deque(maxlen=_KEPT_LINES)

    def told(line: str) -> None:
        say(line) if unsaid is None else unsaid.append(line)

    with stop_on_signal() as stop:
        training = TrainingProcess(job, told)
        while not training.begun.wait(_LOOK_SECONDS):
            if stop.is_set():
                training.end()
        if training.trains:
            with attached(str(job.out)) as tended:
                RunScreen(tended, leave=stop).run()
            for line in unsaid:
                say(line)
            unsaid = None
            if training.trains and not stop.is_set():
                say(
                    "it trains on; Ctrl-C ends it, and the screen comes back by: "
                    f"sturgeon panda attach {printable(job.out)}"
                )
        while training.trains:
            if stop.wait(_LOOK_SECONDS):
                training.end()
                break
        return training.result()


class TrainingProcess:
    """Trains a table in a session of its own: a terminal that closes does not end it.

    Args:
        job: What to train; it is the caller's own, so it may be pickled.
        told: Called with every line that the training says, from a thread.

    Attributes:
        begun: Set once there is a run to attach to, or it ended before.
    """

    def __init__(self, job: PandaJob, told: Callable[[str], object]) -> None:
        self.begun = threading.Event()
        self._told = told
        self._result: PandaResult | SturgeonError | None = None
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_train, args=(job, theirs), name="sturgeon-panda")
        self._process.start()
        theirs.close()
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()

    @property
    def trains(self) -> bool:
        """Whether it has not ended yet."""
        return self._result is None and self._reader.is_alive()

    def end(self) -> None:
        """Have it stop at its next step and keep everything, as Ctrl-C does."""
        self._process.terminate()

    def result(self) -> PandaResult:
        """Wait for the end.

        Raises:
            SturgeonError: The training could not begin, or failed.
        """
        self._reader.join()
        self._process.join()
        if isinstance(self._result, SturgeonError):
            raise self._result
        if self._result is None:
            raise RunError(
                "a training ends by itself or by Ctrl-C; the process of this one is gone (exit code "
                f"{self._process.exitcode}). All up to its last checkpoint is kept: go on with `--resume`."
            )
        return self._result

    def _read(self, pipe: Connection) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                kind, told = pipe.recv()
                if kind == "said":
                    self._told(told)
                elif kind == "begun":
                    self.begun.set()
                else:
                    self._result = told
        self.begun.set()


def _train(job: PandaJob, pipe: Connection) -> None:
    """What the process does; it writes nothing where the screen is drawn."""
    from sturgeon.panda.table.table import tend_table

    os.setsid()
    silence = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (open as long as the process is)
    for stream in (1, 2):
        os.dup2(silence.fileno(), stream)
    sys.stdout = sys.stderr = silence

    def send(kind: str, told: object) -> None:
        with contextlib.suppress(OSError):  # whoever looked on is gone
            pipe.send((kind, told))

    epochs = job.epochs if job.replay is None else job.replay.epochs
    view = TrainingView(epochs, told=lambda line: send("said", line))

    def start(*begun: object) -> None:
        view.start(*begun)  # pyright: ignore[reportArgumentType]
        send("begun", None)

    try:
        with options_as_flags():
            send("ended", tend_table(job, on_start=start, on_epoch=view.epoch))
    except SturgeonError as error:
        send("ended", error)
    except Exception:  # any error at all is shown on the screen, and goes on its way
        send("said", traceback.format_exc())
        raise
