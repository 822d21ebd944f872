"""The claims of the notes (docs/notes.md, N1 to N13), each measured by real trainings and drawn."""

from __future__ import annotations

from sturgeon.notes.measuring import Measured, measure_notes

__all__ = ["Measured", "measure_notes"]
