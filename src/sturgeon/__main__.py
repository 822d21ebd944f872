"""``python -m sturgeon`` and the console script: until the commands are loaded, Ctrl-C leaves at once."""

from __future__ import annotations

import os
import signal
from types import FrameType


def run() -> None:
    """Load the commands, and run one."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from sturgeon.cli.main import run as run_command

    try:
        if signal.getsignal(signal.SIGINT) is _leave:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on commands handle it
        run_command()
    except KeyboardInterrupt:
        _leave()


def _leave(number: int = signal.SIGINT, frame: FrameType | None = None) -> None:
    os.write(2, b"sturgeon: interrupted.\n")
    os._exit(130)


if __name__ == "__main__":
    run()
