"""Settings of PyTorch's optimisers by the names that hyperparameters have, changed while a training runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch

from sturgeon.errors import InputError

_OWN_NAMES = {"learning_rate": "lr"}


class OptimizerSettings:
    """What a report of PyTorch has beside: settings of its running optimisers, read and changed."""

    @property
    def _optimizers(self) -> list[torch.optim.Optimizer]:
        """The running optimisers."""
        raise NotImplementedError  # each report says which

    @property
    def settings(self) -> dict[str, float]:
        """The learning rate and, where it has one, the momentum of the first optimiser."""
        return self.read(("learning_rate", "momentum"))

    def read(self, names: Iterable[str]) -> dict[str, float]:
        """Read settings of the first optimiser, as far as it has them."""
        groups = self._groups[:1]
        return {name: float(_read(group, name)) for group in groups for name in names if _has(group, name)}

    def set(self, **settings: float) -> None:
        """Change settings of the running optimisers, from the next step on; checkpoints keep them.

        A schedule that multiplies the current rate (``StepLR``, ``ExponentialLR``, ``CosineAnnealingLR``)
        goes on from what is set; one that computes it anew (``LambdaLR``, ``OneCycleLR``) overrides it.

        Args:
            settings: ``learning_rate``, ``momentum`` (of Adam and its kin the first beta), or another number
                that the optimiser has by that name, such as ``weight_decay``.

        Raises:
            InputError: No optimiser has such a setting, or the value is out of its range; nothing is changed.

        Example:
            >>> from sturgeon.caviar.workers.live_trial import LiveTrial
            >>> from sturgeon.caviar.workers.messages import Start
            >>> from sturgeon.frameworks.torch import Report
            >>> model = torch.nn.Linear(2, 1)
            >>> trial = LiveTrial(Start(0, {}, seed=1), channel=None)
            >>> report = Report(trial, checkpoints=False, optimizer=torch.optim.Adam(model.parameters(), 0.1))
            >>> report.set(learning_rate=0.05, momentum=0.8)
            >>> report.settings
            {'learning_rate': 0.05, 'momentum': 0.8}
        """
        groups = self._groups
        for name, value in settings.items():
            _check_value(name, value)
            if not any(_has(group, name) for group in groups):
                known = sorted({known for group in groups for known in _names(group)})
                raise InputError(
                    f"A setting must be one of the optimiser's; got {name!r}, it has {known}. "
                    "Give the optimiser to the report if it is not among its parts."
                )
        for name, value in settings.items():
            for group in groups:
                if _has(group, name):
                    _write(group, name, float(value))

    @property
    def _groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self._optimizers for group in optimizer.param_groups]


Built = dict[str, list[dict[str, float]]]
"""The settings with which optimisers were built: by the optimiser, for each group, by the setting's name."""


def built_settings(parts: dict[str, Any]) -> Built:
    """Read the settings of the optimisers among the parts of a report."""
    return {
        name: [
            {one: float(_read(group, one)) for one in sorted(_names(group) - {"initial_lr"})}
            for group in part.param_groups
        ]
        for name, part in parts.items()
        if isinstance(part, torch.optim.Optimizer)
    }


def changed_settings(before: Built, now: Built) -> dict[str, tuple[float, float]]:
    """Tell which settings optimisers are built with otherwise than before: an old and a new value of each."""
    changed: dict[str, tuple[float, float]] = {}
    for name, groups in now.items():
        for old, new in zip(before.get(name, []), groups, strict=False):
            for setting in old.keys() & new.keys():
                if old[setting] != new[setting]:
                    changed.setdefault(setting, (old[setting], new[setting]))
    return dict(sorted(changed.items()))


def take_new_settings(parts: dict[str, Any], before: Built, now: Built) -> None:
    """Have restored optimisers go on with the settings that they were built with now.

    A learning rate that a schedule has changed meanwhile is changed in proportion, and so is what the
    schedules among the parts begin from.
    """
    for name, groups in now.items():
        for group, old, new in zip(parts[name].param_groups, before.get(name, []), groups, strict=False):
            for setting in old.keys() & new.keys():
                if old[setting] == new[setting]:
                    continue
                if setting == "learning_rate" and old[setting] > 0:
                    ratio = new[setting] / old[setting]
                    _write(group, setting, float(_read(group, setting)) * ratio)
                    if "initial_lr" in group:
                        group["initial_lr"] = float(group["initial_lr"]) * ratio
                else:
                    _write(group, setting, new[setting])
    for part in parts.values():
        optimizer = getattr(part, "optimizer", None)
        if hasattr(part, "base_lrs") and isinstance(optimizer, torch.optim.Optimizer):
            part.base_lrs = [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]


def _check_value(name: str, value: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < 0 or (name == "momentum" and value >= 1):
        bounds = "in [0, 1)" if name == "momentum" else "from 0"
        raise InputError(f"`{name}` must be a finite number {bounds}; got {value!r}.")


def _names(group: dict[str, Any]) -> set[str]:
    """The settings of a group that are numbers, by our names."""
    ours = {own: name for name, own in _OWN_NAMES.items()}
    numbers = {
        ours.get(key, key)
        for key, value in group.items()
        if (isinstance(value, int | float) and not isinstance(value, bool)) or isinstance(value, torch.Tensor)
    }
    return numbers | ({"momentum"} if "betas" in group else set())


def _has(group: dict[str, Any], name: str) -> bool:
    return name in _names(group)


def _read(group: dict[str, Any], name: str) -> Any:
    if name == "momentum" and "betas" in group:
        return group["betas"][0]
    return group[_OWN_NAMES.get(name, name)]


def _write(group: dict[str, Any], name: str, value: float) -> None:
    if name == "momentum" and "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
        return
    key = _OWN_NAMES.get(name, name)
    if isinstance(group[key], torch.Tensor):  # a fused or compiled optimiser reads this very tensor
        group[key].fill_(value)
    else:
        group[key] = value
