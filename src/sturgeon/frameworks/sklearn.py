"""Sturgeon for scikit-learn: a search over any estimator's parameters."""

from __future__ import annotations

from sturgeon.frameworks.search_cv import SearchCV

__all__ = ["SearchCV"]
