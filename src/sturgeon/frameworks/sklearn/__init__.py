"""Sturgeon for scikit-learn: a search over any estimator's parameters, and our network as estimators."""

from __future__ import annotations

from sturgeon.frameworks.sklearn.estimators import NetworkClassifier, NetworkRegressor
from sturgeon.frameworks.sklearn.search_cv import SearchCV

__all__ = ["NetworkClassifier", "NetworkRegressor", "SearchCV"]
