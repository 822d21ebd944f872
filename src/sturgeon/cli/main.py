"""``sturgeon``: the commands, and how errors become one line and an exit code.

Exit codes: 0 done, 1 failed, 2 bad input, 3 stale (`recheck` only), 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from sturgeon.caviar.interrupt import no_interrupt_lost
from sturgeon.cli import STARTED
from sturgeon.cli.common.memory import describe_lack, lacks_memory
from sturgeon.cli.common.printable import printable
from sturgeon.cli.dashboard import dashboard
from sturgeon.cli.export import export
from sturgeon.cli.notes import notes
from sturgeon.cli.panda.group import panda
from sturgeon.cli.plan import plan
from sturgeon.cli.predict import predict
from sturgeon.cli.recheck import recheck
from sturgeon.cli.report import report
from sturgeon.cli.show import show
from sturgeon.cli.sweep import sweep
from sturgeon.cli.tune import tune
from sturgeon.cli.worker import worker
from sturgeon.errors import InputError, SturgeonError, options_as_flags


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sturgeon", message="%(prog)s %(version)s")
def sturgeon() -> None:
    """Tune neural networks: random first, coarse to fine, many at once."""


sturgeon.add_command(tune)
sturgeon.add_command(plan)
sturgeon.add_command(panda)
sturgeon.add_command(show)
sturgeon.add_command(report)
sturgeon.add_command(predict)
sturgeon.add_command(export)
sturgeon.add_command(sweep)
sturgeon.add_command(worker)
sturgeon.add_command(recheck)
sturgeon.add_command(dashboard)
sturgeon.add_command(notes)


def main(arguments: Sequence[str] | None = None, *, started: float | None = None) -> int:
    """Run one command.

    Args:
        arguments: What follows ``sturgeon``; None for the process's own.
        started: When the command began, by ``time.monotonic``; None for now.

    Returns:
        The exit code.
    """
    try:
        with no_interrupt_lost(), options_as_flags():
            code = sturgeon.main(arguments, prog_name="sturgeon", standalone_mode=False, obj=started)
    except click.exceptions.NoArgsIsHelpError as usage:
        print(usage.format_message())
        return 2
    except click.ClickException as error:
        return _complain(_with_remedy(error), 2)
    except InputError as error:
        return _complain(str(error), 2)
    except SturgeonError as error:
        return _complain(str(error), 1)
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted.", 130)
    except (MemoryError, ImportError, RuntimeError, SystemError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # The reader of our output, such as `head`, has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        if not lacks_memory(error):
            raise
        return _complain(describe_lack(), 1)
    return code if isinstance(code, int) else 0


def run() -> None:
    """The console script."""
    code = main(started=STARTED)
    if code == 130:  # threads that still train must not hold up who wants to leave
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _with_remedy(error: click.ClickException) -> str:
    """The message; and where it does not say what was meant, which help does."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    if context is None or "Did you mean" in message or "`" in message:
        return message
    return f"{message.rstrip('.')}. See `{context.command_path} --help`."


def _complain(message: str, code: int) -> int:
    print("sturgeon: " + printable(" ".join(message.split())), file=sys.stderr)
    return code
