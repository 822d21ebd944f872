"""What the trials of a job came to, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sturgeon.caviar.opening import StudySettings
from sturgeon.caviar.table.candidates import Candidates
from sturgeon.caviar.table.choosing.prediction_cost import (
    NO_BUDGET,
    PredictionBudget,
    PredictionCost,
    describe_size,
    describe_time,
)
from sturgeon.caviar.table.choosing.winner import Winner
from sturgeon.caviar.table.repeats import Repeated
from sturgeon.caviar.table.saved import SavedModel
from sturgeon.data import Dataset
from sturgeon.errors import InputError, option
from sturgeon.study import Study


@dataclass(frozen=True, slots=True)
class Tried:
    """What there is to choose from.

    Attributes:
        study: The trials.
        dataset: The data.
        settings: What holds for every trial.
        exhausted: Whether the search had nothing left to suggest.
        repeated: The best trials with other seeds, the best mean first; empty without.
        candidates: What an ensemble is chosen from; None where one network is trained for the result.
        most: Of how many trials at most.
        budget: What the network that is handed over may take.
    """

    study: Study
    dataset: Dataset
    settings: StudySettings
    exhausted: bool = False
    repeated: Sequence[Repeated] = ()
    candidates: Candidates | None = None
    most: int = 1
    budget: PredictionBudget = NO_BUDGET


@dataclass(frozen=True, slots=True)
class Made:
    """What is handed over.

    Attributes:
        model: The network, or the ensemble.
        default: The default configuration's, to compare it with.
        shares: The share of each trial in an ensemble.
        no_better: Whether it is no better than the default; None where that is not known.
        winner: Who won among the trials, where it is known how far their values are luck.
        cost: What a prediction takes; None where there is no network.
    """

    model: SavedModel | None = None
    default: SavedModel | None = None
    shares: dict[int, float] = field(default_factory=dict)
    no_better: bool | None = None
    winner: Winner | None = None
    cost: PredictionCost | None = None


def over_budget(budget: PredictionBudget, costs: Sequence[PredictionCost]) -> InputError:
    """The error where not even one network may be handed over; what was trained is kept.

    Args:
        budget: What it may take.
        costs: What each network takes that was looked at, at least one.
    """
    asked, least = [], []
    if budget.size is not None:
        asked.append(f"`{option('max_size', describe_size(budget.size))}`")
        least.append(describe_size(min(cost.size for cost in costs)))
    if budget.seconds is not None:
        asked.append(f"`{option('max_predict_time', describe_time(budget.seconds))}`")
        least.append(f"{describe_time(min(cost.seconds for cost in costs))} for 1,000 rows")
    return InputError(
        f"One network at least must be within {' and '.join(asked)}; the smallest that was trained takes "
        f"{' and '.join(least)}. Allow more, and add `{option('resume', True)}`: the trials are kept."
    )
