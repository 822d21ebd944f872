"""Tune Keras 3 models, on whichever backend Keras runs; TensorFlow is its default.

``Report`` reports an ordinary ``fit`` to a trial, ``tune`` needs no training function at all, and
``population`` trains many models at once in lanes. Keras is imported at the first use of one that needs it.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sturgeon.frameworks.keras.lane_trainer import make_trainer
    from sturgeon.frameworks.keras.lane_tuning import population
    from sturgeon.frameworks.keras.panda import Panda
    from sturgeon.frameworks.keras.report import Report
    from sturgeon.frameworks.keras.state import KerasTrained, load_weights
    from sturgeon.frameworks.keras.tuning import KerasResult, tune

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's errors, without its talk of the processor

_HOME_OF = {
    "KerasResult": "tuning",
    "KerasTrained": "state",
    "Panda": "panda",
    "Report": "report",
    "load_weights": "state",
    "make_trainer": "lane_trainer",
    "population": "lane_tuning",
    "tune": "tuning",
}
__all__ = [
    "KerasResult",
    "KerasTrained",
    "Panda",
    "Report",
    "load_weights",
    "make_trainer",
    "population",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"sturgeon.frameworks.keras.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
