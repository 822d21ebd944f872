"""What a Keras model has learnt, as plain arrays: in the middle of its training, in a file, or trained."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sturgeon.errors import InputError
from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.keras.building import build_model
from sturgeon.space import Config

keras: Any = import_extra("keras", "keras")

_ABOUT = "about"
_BUILT = "built"


class FitState(NamedTuple):
    """The values of a model's variables and of its optimiser's.

    Attributes:
        model: Weights, running averages and the states of random generators.
        optimizer: Its step, its learning rate, its momenta.
    """

    model: list[np.ndarray]
    optimizer: list[np.ndarray]


def read_state(model: Any) -> FitState:
    """Copy what a model is now."""
    return FitState(
        [keras.ops.convert_to_numpy(v.value).copy() for v in model.variables],
        [keras.ops.convert_to_numpy(v.value).copy() for v in model.optimizer.variables],
    )


def write_state(model: Any, state: FitState) -> None:
    """Make a model what it was."""
    _assign(model.variables, state.model)
    _assign(model.optimizer.variables, state.optimizer)


def save_state(model: Any, path: Path, about: dict[str, Any]) -> None:
    """Write what a model is into a file.

    Args:
        model: The model, compiled and built.
        path: The file.
        about: What else is to be kept, as plain JSON.
    """
    state = read_state(model)
    about = {**about, _BUILT: model.get_build_config()}
    arrays: dict[str, Any] = {_ABOUT: np.array(json.dumps(about))}
    arrays |= {f"model {i}": _plain(array) for i, array in enumerate(state.model)}
    arrays |= {f"optimizer {i}": _plain(array) for i, array in enumerate(state.optimizer)}
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_state(model: Any, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Make a model what was written into a file; nothing in it is run.

    Args:
        model: A model of the same builder and configuration, compiled.
        path: The file.

    Returns:
        What else was kept.

    Raises:
        InputError: The file is not there, is none of these, or is of another model.
    """
    about, state = _read(path)
    _build(model, about[_BUILT])
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    _check_same([*state.model, *state.optimizer], [*model.variables, *model.optimizer.variables], path)
    write_state(model, state)
    return about


def load_weights(path: str | os.PathLike[str], model: Any) -> Any:
    """Give a model the weights of a checkpoint; nothing in the file is run.

    Args:
        path: A checkpoint of a :class:`Report`, such as ``study.best.checkpoint``.
        model: A model of the same builder and configuration, compiled or not.

    Returns:
        The model.

    Raises:
        InputError: The file is not there, is no checkpoint, or is of another model.

    Example:
        The best trial's network, after a study::

            model = load_weights(study.best.checkpoint, build(study.best.config))
    """
    about, state = _read(path)
    _build(model, about[_BUILT])
    _check_same(state.model, model.variables, path)
    _assign(model.variables, state.model)
    return model


@dataclass
class KerasTrained:
    """A trained Keras model, on whichever backend Keras runs here.

    Attributes:
        config: The configuration it was trained with.
        build: The user's builder.
        weights: The values of ``model.weights``, in their order.
        inputs: Rows of the inputs it was trained on, the first of which tells a model its shape.
    """

    config: Config
    build: Any = field(repr=False)
    weights: list[np.ndarray] = field(repr=False)
    inputs: Any = field(repr=False)
    _model: Any = field(default=None, init=False, repr=False)

    @property
    def model(self) -> Any:
        """The Keras model: built anew, then given the weights."""
        if self._model is None:
            self._model = build_model(self.build, self.config, 0, self.inputs)
            self._model.set_weights(self.weights)
        return self._model

    def predict(self, x: Any) -> Any:
        """The outputs for rows, dropout off and batch norm with its running averages."""
        return self.model.predict(x, verbose=0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a ``.keras`` file, that ``keras.models.load_model`` reads on any backend."""
        self.model.save(path)


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], FitState]:
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file[_ABOUT]))
            kept = {name: file[name] for name in file.files if name != _ABOUT}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(
            f"A Keras checkpoint must be where it was saved, and whole; {os.fspath(path)!r} cannot be read "
            f"({type(error).__name__}). Put it back, or begin the study anew."
        ) from error
    parts = [
        [kept[f"{part} {i}"] for i in range(sum(name.startswith(f"{part} ") for name in kept))]
        for part in ("model", "optimizer")
    ]
    return about, FitState(*parts)


def _build(model: Any, built: Any) -> None:
    """Have a model make its variables, if it has not yet."""
    if not model.built and built:
        shapes = keras.tree.map_shape_structure(tuple, built.get("input_shape"))
        model.build_from_config({**built, "input_shape": shapes})
    if not model.variables:
        raise InputError(
            f"A model that goes on from a checkpoint must know its input's shape before fit; this "
            f"{type(model).__name__} does not. Begin it with keras.Input(shape), or call it once on a batch."
        )


def _check_same(saved: list[np.ndarray], variables: list[Any], path: str | os.PathLike[str]) -> None:
    shapes, here = [array.shape for array in saved], [tuple(v.shape) for v in variables]
    if shapes != here:
        pairs = zip(shapes, here, strict=False)
        differing = [f"an array of shape {was} for one of {wants}" for was, wants in pairs if was != wants]
        what = differing[0] if differing else f"{len(shapes)} arrays for {len(here)} variables"
        raise InputError(
            f"A checkpoint must be of the very model that it is loaded into; {os.fspath(path)!r} has {what}. "
            "Have `build` make the same model whenever it gets the same configuration."
        )


def _assign(variables: list[Any], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value.astype(keras.backend.standardize_dtype(variable.dtype)))


def _plain(array: np.ndarray) -> np.ndarray:
    """An array of a type that NumPy has itself: bfloat16 and its like are written as float32."""
    return array if array.dtype.isbuiltin == 1 else array.astype(np.float32)
