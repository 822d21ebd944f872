"""The report: one HTML file that says what a study found, opens without a network and can be printed."""

from __future__ import annotations

from sturgeon.report.writing import Written, write_report

__all__ = ["Written", "write_report"]
