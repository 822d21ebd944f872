"""Peers of ``search_epochs.py``: Optuna with its Hyperband pruner, SMAC3 multi-fidelity.

Each takes a function that gives a configuration's value at each epoch, and returns which trials were
trained to their end, and how many epochs had been used by then. SMAC evaluates a configuration again with a
larger budget, and pays for the additional epochs only. Optuna's pruner ends trials for good.
"""

# SMAC is no dependency, not even for development.
# pyright: reportMissingImports=false

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lcbench import LAST_EPOCH, space
from search_methods import configspace_of, suggest_by_optuna

Curve = Callable[[dict[str, Any]], Sequence[float]]
Whole = list[tuple[int, float]]


def _optuna(sampler_name: str) -> Callable[[Curve, int, int, int], Whole]:
    def run(curve: Curve, seed: int, workers: int, total: int) -> Whole:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        sampler = getattr(optuna.samplers, sampler_name)(seed=seed)
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=LAST_EPOCH, reduction_factor=3)
        study = optuna.create_study(study_name=f"seed {seed}", sampler=sampler, pruner=pruner)
        live: list[list[Any]] = []
        used, whole = 0, Whole()
        while used < total:
            while len(live) < workers:
                trial = study.ask()
                live.append([trial, curve(suggest_by_optuna(trial, space())), 0])
            for one in live[: total - used]:
                trial, values, step = one
                one[2] = step = step + 1
                used += 1
                value = float(values[step - 1])
                trial.report(value, step)
                if step == LAST_EPOCH:
                    study.tell(trial, value)
                    whole.append((used, value))
                    live.remove(one)
                elif trial.should_prune():
                    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                    live.remove(one)
        return whole

    return run


def _smac(curve: Curve, seed: int, workers: int, total: int) -> Whole:
    """Run SMAC3's multi-fidelity facade (Hyperband brackets, random forest), one at a time."""
    import logging

    from smac import MultiFidelityFacade, Scenario
    from smac.runhistory import TrialValue

    if workers != 1:
        raise ValueError("SMAC is measured one at a time only")
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            configspace_of(space(), seed),
            deterministic=True,
            n_trials=100_000,
            min_budget=2,
            max_budget=LAST_EPOCH,
            seed=seed,
            output_directory=Path(folder),
        )
        intensifier = MultiFidelityFacade.get_intensifier(scenario, eta=3)
        smac = MultiFidelityFacade(scenario, _never_called, intensifier=intensifier, overwrite=True)
        return _ask_and_tell(smac, TrialValue, curve, total)


def _never_called(config: Any, seed: int, budget: float) -> float:
    """Stand where SMAC wants a function; it is asked and told instead."""
    raise NotImplementedError


def _ask_and_tell(smac: Any, value_type: Any, curve: Curve, total: int) -> Whole:
    curves: dict[Any, Sequence[float]] = {}
    trained: dict[Any, int] = {}
    used, whole = 0, Whole()
    while used < total:
        info = smac.ask()
        epochs = max(1, round(info.budget))
        if info.config not in curves:
            curves[info.config] = curve(dict(info.config))
        used += max(0, epochs - trained.get(info.config, 0))
        trained[info.config] = max(epochs, trained.get(info.config, 0))
        value = float(curves[info.config][epochs - 1])
        smac.tell(info, value_type(cost=value))
        if epochs == LAST_EPOCH and used <= total:
            whole.append((used, value))
    return whole


PEERS: dict[str, Callable[[Curve, int, int, int], Whole]] = {
    "tpe+hyperband": _optuna("TPESampler"),
    "gp+hyperband": _optuna("GPSampler"),
    "smac+hyperband": _smac,
}
