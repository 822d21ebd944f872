"""A model of PaddlePaddle on disk, with its optimiser, as arrays and JSON: ``paddle.save`` would pickle."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import paddle

from sturgeon.errors import InputError
from sturgeon.frameworks.common.random_states import host_random, restore_host_random

_NETWORK, _OPTIMIZER, _MASTER, _PLAIN = "network/", "optimizer/", "master/", "plain"
_BASE = "base_lr"  # from which a schedule begins; PaddlePaddle does not keep it
_SCHEDULE, _MASTERS = "LR_Scheduler", "master_weights"  # as PaddlePaddle names them


@dataclass(frozen=True)
class PaddleCheckpoint:
    """What a checkpoint holds.

    Attributes:
        network: Arrays by the names of ``network.state_dict()``.
        optimizer: Arrays by parameter and name, such as ``"3:moment1_0"``.
        master: Master weights by parameter, where training is in half precision.
        schedule: The learning-rate schedule, or None.
        random: Where the random generators stood.
    """

    network: dict[str, Any]
    optimizer: dict[str, np.ndarray]
    master: dict[str, np.ndarray]
    schedule: dict[str, Any] | None
    random: dict[str, Any]


def save_model(path: Path, model: paddle.Model) -> None:
    """Write a model, its optimiser and the states of the random generators.

    Raises:
        InputError: The schedule holds other things than plain values.
    """
    arrays = {_NETWORK + name: value.numpy() for name, value in model.network.state_dict().items()}
    state = dict(_optimizer(model).state_dict())
    schedule, masters = state.pop(_SCHEDULE, None), state.pop(_MASTERS, {})
    numbers = _numbers(model)
    arrays |= {_OPTIMIZER + _place(name, numbers): value.numpy() for name, value in state.items()}
    arrays |= {f"{_MASTER}{numbers[name]}": value.numpy() for name, value in masters.items()}
    if schedule is not None:
        schedule = {**schedule, _BASE: getattr(_optimizer(model)._learning_rate, "base_lr", None)}
    plain = {"schedule": schedule, "random": {"paddle": _generators(), **host_random()}}
    try:
        text = json.dumps(plain, default=_as_number)
    except TypeError as error:
        raise InputError(
            f"A checkpoint holds arrays and plain values only; the learning-rate schedule has {error}. "
            "Take another schedule, or Report(trial, checkpoints=False)."
        ) from error
    everything: Any = {_PLAIN: np.frombuffer(text.encode(), np.uint8), **arrays}
    with path.open("wb") as file:
        np.savez(file, **everything)


def restore_model(path: str, model: paddle.Model, *, copied: bool = False) -> None:
    """Set a model, its optimiser and the random generators to what a checkpoint holds.

    Args:
        path: The checkpoint.
        model: The model, prepared.
        copied: Whether it is the checkpoint of another trial: the learning rate is then the model's own (of a
            schedule, in proportion), and so are the random generators.

    Raises:
        InputError: The file cannot be used, or does not fit the model.
    """
    kept = load_checkpoint(Path(path))
    own = {name: tuple(value.shape) for name, value in model.network.state_dict().items()}
    theirs = {name: value.shape for name, value in kept.network.items()}
    if own != theirs:
        differing = [name for name in {**own, **theirs} if own.get(name) != theirs.get(name)]
        raise InputError(
            f"A checkpoint must fit what it is loaded into; {path!r} does not fit the network at "
            f"{differing[0]!r}. Build what the configuration built before."
        )
    model.network.set_state_dict(kept.network)
    # The names of parameters go on counting in a process, so those of an earlier attempt were others.
    names = {str(number): name for name, number in _numbers(model).items()}
    state: dict[str, Any] = {}
    for place, value in kept.optimizer.items():
        number, _, rest = place.partition(":")
        state[f"{names[number]}_{rest}"] = paddle.to_tensor(value)
    if kept.master:
        state[_MASTERS] = {names[number]: paddle.to_tensor(value) for number, value in kept.master.items()}
    if kept.schedule is not None:
        state[_SCHEDULE] = {name: value for name, value in kept.schedule.items() if name != _BASE}
    optimizer = _optimizer(model)
    optimizer.set_state_dict(state)
    if copied:
        parents = (kept.schedule or {}).get(_BASE)
        if parents:
            schedule = optimizer._learning_rate
            schedule.last_lr *= schedule.base_lr / parents
        return
    _restore_generators(kept.random["paddle"])
    restore_host_random(kept.random)


def load_checkpoint(path: Path) -> PaddleCheckpoint:
    """Read what :func:`save_model` wrote. Runs no code from the file.

    Raises:
        InputError: It is missing, damaged, or holds other things than arrays and plain values.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        plain = json.loads(arrays.pop(_PLAIN).tobytes())
        return PaddleCheckpoint(
            *(_below(arrays, start) for start in (_NETWORK, _OPTIMIZER, _MASTER)),
            schedule=plain["schedule"],
            random=plain["random"],
        )
    except FileNotFoundError:
        raise InputError(
            f"A checkpoint must be where it was saved; {os.fspath(path)!r} is gone. The best trial's "
            "stays, and with keep=3 those of the best three: put it back, or start a new study."
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, BadZipFile) as error:
        raise InputError(
            f"A checkpoint must hold arrays and plain values only; {os.fspath(path)!r} cannot be read "
            f"({' '.join(str(error).split())[:200]}). Start a new study."
        ) from error


def load_weights(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a network's weights from a checkpoint. Runs no code from the file.

    Args:
        path: A file of a :class:`Report`, such as ``study.best.checkpoint``.

    Returns:
        Arrays by name, for ``network.set_state_dict``.

    Raises:
        InputError: It is missing, damaged, or holds other things than arrays and plain values.
    """
    return load_checkpoint(Path(path)).network


def _optimizer(model: paddle.Model) -> Any:
    optimizer = model._optimizer
    if optimizer is None:
        raise InputError(
            "A model must be prepared before it is fitted; this one has no optimiser. "
            "Write model.prepare(optimizer, loss)."
        )
    return optimizer


def _numbers(model: paddle.Model) -> dict[str, int]:
    """Number the parameters, in the order in which the network has them."""
    return {parameter.name: number for number, parameter in enumerate(model.network.parameters())}


def _place(name: str, numbers: dict[str, int]) -> str:
    """Say to which parameter an array of the optimiser belongs, and what it is: ``"3:moment1_0"``."""
    owner = max((one for one in numbers if name.startswith(f"{one}_")), key=len, default=None)
    if owner is None:
        raise InputError(
            f"An optimiser must train the network's own parameters; it has {name!r} of another. "
            "Write parameters=network.parameters()."
        )
    return f"{numbers[owner]}:{name.removeprefix(f'{owner}_')}"


def _below(arrays: dict[str, np.ndarray], start: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def _as_number(value: Any) -> Any:
    if hasattr(value, "item") and getattr(value, "size", None) == 1:
        return value.item()
    raise TypeError(f"a {type(value).__name__}")


def _generators() -> list[Any]:
    """Where PaddlePaddle's generators stand, of the CPU or of each GPU: numbers and lists of numbers."""
    return [list(state.__getstate__()) for state in paddle.get_rng_state()]


def _restore_generators(kept: list[Any]) -> None:
    here = paddle.get_rng_state()
    if len(here) != len(kept):
        return  # another number of GPUs
    states = [type(state).__new__(type(state)) for state in here]
    for state, values in zip(states, kept, strict=True):
        state.__setstate__(tuple(values))
    paddle.set_rng_state(states)
