"""Which configuration next: a pure function of the record."""

from sturgeon.search.base import Search
from sturgeon.search.coarse_to_fine import CoarseToFine
from sturgeon.search.grid import Grid
from sturgeon.search.optuna_search import OptunaSearch
from sturgeon.search.population.training import PopulationBasedTraining
from sturgeon.search.random import Random
from sturgeon.search.record import Copied, Observation, Record, State
from sturgeon.search.region import Region
from sturgeon.search.registry import (
    SEARCHES,
    check_search,
    search_by_name,
    search_from_json,
    search_to_json,
)
from sturgeon.search.shrinking_boxes import ShrinkingBoxes
from sturgeon.search.sobol import Sobol
from sturgeon.search.staged import Staged
from sturgeon.search.unseen import Unseen, fill

__all__ = [
    "SEARCHES",
    "CoarseToFine",
    "Copied",
    "Grid",
    "Observation",
    "OptunaSearch",
    "PopulationBasedTraining",
    "Random",
    "Record",
    "Region",
    "Search",
    "ShrinkingBoxes",
    "Sobol",
    "Staged",
    "State",
    "Unseen",
    "check_search",
    "fill",
    "search_by_name",
    "search_from_json",
    "search_to_json",
]
