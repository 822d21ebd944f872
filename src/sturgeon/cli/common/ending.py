"""What `sturgeon tune` leaves behind beside the network: its report."""

from __future__ import annotations

from pathlib import Path

from sturgeon.caviar.progress import say
from sturgeon.cli.common.printable import printable

REPORT_FILE = "report.html"


def write_report_of(study: str | Path, folder: Path) -> Path | None:
    """Write the report of a run into its folder; what goes wrong with it is said and does no harm.

    Args:
        study: The study's file or URL.
        folder: Where the run left what it found.

    Returns:
        The report, or None where it could not be written.
    """
    path = folder / REPORT_FILE
    try:
        from sturgeon.languages import language_of_environment
        from sturgeon.report import write_report
        from sturgeon.study import Study

        with Study.open(study) as opened:
            write_report(opened, path, folder=folder, language=language_of_environment())
    except Exception as error:  # the tuning is done and kept: no error of its report may hide that
        say(f"the report was not written: {printable(error)}; `sturgeon report {folder}` tries again")
        return None
    return path
