"""Tune Keras 3 models, on whichever backend Keras runs; TensorFlow is its default.

``Report`` reports an ordinary ``fit`` to a trial, ``tune`` needs no training function at all, and
``population`` trains many models at once in lanes. ``from_keras_tuner`` takes a builder that was written for
KerasTuner. Keras is imported at the first use of one that needs it.
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
    from sturgeon.frameworks.keras_tuner import from_keras_tuner

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's errors, without its talk of the processor

_HOME_OF = {
    "KerasResult": "keras.tuning",
    "KerasTrained": "keras.state",
    "Panda": "keras.panda",
    "Report": "keras.report",
    "from_keras_tuner": "keras_tuner",
    "load_weights": "keras.state",
    "make_trainer": "keras.lane_trainer",
    "population": "keras.lane_tuning",
    "tune": "keras.tuning",
}
__all__ = [
    "KerasResult",
    "KerasTrained",
    "Panda",
    "Report",
    "from_keras_tuner",
    "load_weights",
    "make_trainer",
    "population",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"sturgeon.frameworks.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
