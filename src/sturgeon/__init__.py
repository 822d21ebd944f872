"""Sturgeon tunes neural networks: random first, coarse to fine, many at once.

::

    import sturgeon as st

    space = st.Space(learning_rate=st.Real(1e-4, 1.0, scale="log", priority=1))
    study = st.Study.create("wine.study", space, minimize="val_loss")

Nothing heavy is imported before it is used: each public name is loaded at its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sturgeon.views import register_view

if TYPE_CHECKING:
    from sturgeon.caviar.models.population import population
    from sturgeon.caviar.models.run import PopulationResult
    from sturgeon.caviar.opening import TuneOptions
    from sturgeon.caviar.ray.settings import Ray
    from sturgeon.caviar.table.job import TableJob, tune_table
    from sturgeon.caviar.table.outcome import TableResult
    from sturgeon.caviar.table.planning.plan import TablePlan, plan_table
    from sturgeon.caviar.table.saved import SavedModel, load
    from sturgeon.caviar.tuning import tune
    from sturgeon.caviar.workers.live_trial import LiveTrial
    from sturgeon.data import Dataset, prepare, read_table
    from sturgeon.errors import (
        DataError,
        InputError,
        LeaseLost,
        MissingExtra,
        RunError,
        SpaceError,
        SpaceExhausted,
        StoreFailed,
        StudyError,
        StudyFailed,
        SturgeonError,
    )
    from sturgeon.panda.attach import Panda
    from sturgeon.panda.beginning import panda
    from sturgeon.recheck.front import recheck
    from sturgeon.recheck.outcome import RecheckResult
    from sturgeon.search import (
        CoarseToFine,
        Grid,
        OptunaSearch,
        PopulationBasedTraining,
        Random,
        Search,
        ShrinkingBoxes,
        Sobol,
        Staged,
    )
    from sturgeon.space import Choice, Constant, Integer, Real, Space, notes_space, standard_space
    from sturgeon.stopping import (
        MedianRule,
        Never,
        Patience,
        PercentileRule,
        Stopping,
        SuccessiveHalving,
        ThresholdRule,
        WilcoxonRule,
    )
    from sturgeon.study import Leases, Study, Trial, TrialRecord

_HOMES = {
    "sturgeon.caviar.table.outcome": ["TableResult"],
    "sturgeon.caviar.table.planning.plan": ["TablePlan", "plan_table"],
    "sturgeon.caviar.ray.settings": ["Ray"],
    "sturgeon.caviar.models.run": ["PopulationResult"],
    "sturgeon.caviar.models.population": ["population"],
    "sturgeon.caviar.table.saved": ["SavedModel", "load"],
    "sturgeon.caviar.table.job": ["TableJob", "tune_table"],
    "sturgeon.caviar.opening": ["TuneOptions"],
    "sturgeon.caviar.tuning": ["tune"],
    "sturgeon.caviar.workers.live_trial": ["LiveTrial"],
    "sturgeon.data": ["Dataset", "prepare", "read_table"],
    "sturgeon.errors": [
        "DataError",
        "InputError",
        "LeaseLost",
        "MissingExtra",
        "RunError",
        "SpaceError",
        "SpaceExhausted",
        "StoreFailed",
        "StudyError",
        "StudyFailed",
        "SturgeonError",
    ],
    "sturgeon.panda.attach": ["Panda"],
    "sturgeon.panda.beginning": ["panda"],
    "sturgeon.recheck.front": ["recheck"],
    "sturgeon.recheck.outcome": ["RecheckResult"],
    "sturgeon.search": [
        "CoarseToFine",
        "Grid",
        "OptunaSearch",
        "PopulationBasedTraining",
        "Random",
        "Search",
        "ShrinkingBoxes",
        "Sobol",
        "Staged",
    ],
    "sturgeon.space": ["Choice", "Constant", "Integer", "Real", "Space", "notes_space", "standard_space"],
    "sturgeon.stopping": [
        "MedianRule",
        "Never",
        "Patience",
        "PercentileRule",
        "Stopping",
        "SuccessiveHalving",
        "ThresholdRule",
        "WilcoxonRule",
    ],
    "sturgeon.study": ["Leases", "Study", "Trial", "TrialRecord"],
}
_VIEWS = {
    "study.plot": "sturgeon.figures.plots:Plots",
    "study.html": "sturgeon.figures.notebook:study_html",
    "space.html": "sturgeon.figures.notebook:space_html",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
for _kind, _home in _VIEWS.items():
    register_view(_kind, _home)
_OLD_NAMES = {"Wishes": "TuneOptions"}

__version__ = "0.1.0"
__all__ = [
    "Choice",
    "CoarseToFine",
    "Constant",
    "DataError",
    "Dataset",
    "Grid",
    "InputError",
    "Integer",
    "LeaseLost",
    "Leases",
    "LiveTrial",
    "MedianRule",
    "MissingExtra",
    "Never",
    "OptunaSearch",
    "Panda",
    "Patience",
    "PercentileRule",
    "PopulationBasedTraining",
    "PopulationResult",
    "Random",
    "Ray",
    "Real",
    "RecheckResult",
    "RunError",
    "SavedModel",
    "Search",
    "ShrinkingBoxes",
    "Sobol",
    "Space",
    "SpaceError",
    "SpaceExhausted",
    "Staged",
    "Stopping",
    "StoreFailed",
    "Study",
    "StudyError",
    "StudyFailed",
    "SturgeonError",
    "SuccessiveHalving",
    "TableJob",
    "TablePlan",
    "TableResult",
    "ThresholdRule",
    "Trial",
    "TrialRecord",
    "TuneOptions",
    "WilcoxonRule",
    "load",
    "notes_space",
    "panda",
    "plan_table",
    "population",
    "prepare",
    "read_table",
    "recheck",
    "standard_space",
    "tune",
    "tune_table",
]


def __getattr__(name: str) -> Any:
    known = _OLD_NAMES.get(name, name)
    home = _HOME_OF.get(known)
    if home is None:
        raise AttributeError(f"module 'sturgeon' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), known)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
