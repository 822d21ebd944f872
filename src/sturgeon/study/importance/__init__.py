"""How much each hyperparameter mattered in a study."""

from __future__ import annotations

from sturgeon.study.importance.measure import (
    Importance,
    Method,
    Share,
    measure_importance,
    rank_correlation,
)

__all__ = ["Importance", "Method", "Share", "measure_importance", "rank_correlation"]
