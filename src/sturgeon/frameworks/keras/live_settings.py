"""Change the settings of an optimiser between two epochs of a ``fit``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sturgeon.errors import InputError
from sturgeon.frameworks.common.extras import import_extra

keras: Any = import_extra("keras", "keras")


def check_settings(optimizer: Any, settings: Mapping[str, float]) -> None:
    """Check that an optimiser has settings that can take these values.

    Args:
        optimizer: A Keras optimiser; None where it is not known yet, and only the ranges are checked.
        settings: Values by name.

    Raises:
        InputError: It has not, or they cannot.
    """
    for name, value in settings.items():
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if name == "learning_rate":
            if not number or value <= 0:
                raise InputError(f"A learning rate must be a number above 0; got learning_rate={value!r}.")
        elif not number or not 0 <= value < 1:
            raise InputError(f"A live setting must be a number from 0 to below 1; got {name}={value!r}.")
        if optimizer is not None:
            _check_setting(_inner(optimizer), name, value)


def read_settings(optimizer: Any) -> dict[str, float]:
    """The settings that can be changed live, as the optimiser has them: its learning rate, its momentum.

    A learning rate that a schedule gives is not among them.
    """
    optimizer = _inner(optimizer)
    found: dict[str, float] = {}
    if not isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        found["learning_rate"] = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    attribute = _attribute(optimizer, "momentum")
    now = getattr(optimizer, attribute, None)
    if _is_share(now) and (attribute != "momentum" or now):
        found["momentum"] = float(now)  # pyright: ignore[reportArgumentType]
    return found


def apply_settings(model: Any, settings: Mapping[str, float]) -> None:
    """Give a model's optimiser settings that were checked, and have ``fit`` go on with them."""
    optimizer = _inner(model.optimizer)
    for name, value in settings.items():
        if name == "learning_rate":
            optimizer.learning_rate = value
        else:
            setattr(optimizer, _attribute(optimizer, name), float(value))
    if set(settings) - {"learning_rate"}:
        # They are plain numbers, which the compiled training step knows from when it was compiled.
        model.make_train_function(force=True)


def _check_setting(optimizer: Any, name: str, value: float) -> None:
    kind = type(optimizer).__name__
    if name == "learning_rate":
        if isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
            raise InputError(
                f"A learning rate that is changed live must be a number; {kind} was given a schedule. "
                "Compile the model with a number."
            )
        return
    attribute = _attribute(optimizer, name)
    now = getattr(optimizer, attribute, None)
    if not _is_share(now):
        known = [key for key, held in optimizer.get_config().items() if _is_share(held)]
        others = [key for key in known if key not in ("learning_rate", "ema_momentum")]
        raise InputError(
            f"A live setting must be one that the optimiser has; {kind} has no {name!r}. It has "
            f"{', '.join(['learning_rate', *others])}."
        )
    if attribute == "momentum" and now == 0 and value > 0:
        raise InputError(
            f"Momentum can be changed live where there is some from the start; {kind} was made with 0 and "
            "keeps no averages. Compile it with a momentum above 0."
        )


def _attribute(optimizer: Any, name: str) -> str:
    """The optimiser's own name for a setting: the momentum of Adam and its like is their beta_1."""
    return "beta_1" if name == "momentum" and not hasattr(optimizer, "momentum") else name


def _is_share(value: object) -> bool:
    return isinstance(value, float) and 0 <= value <= 1


def _inner(optimizer: Any) -> Any:
    """The optimiser within one that scales the loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)
