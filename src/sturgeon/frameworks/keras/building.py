"""Make a Keras model at random by a trial's seed, and tell whether lanes can train it.

Keras draws initial weights and seeds from Python's and NumPy's global generators; they are given back as
they were.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sturgeon.caviar.models.model import CannotFuse
from sturgeon.errors import InputError
from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.common.fraction import is_fraction
from sturgeon.space import Config

keras: Any = import_extra("keras", "keras")

Build = Callable[[Config], Any]

# Methods that a class of the user's own may have instead of Keras's; then its training is not the usual one.
_OWN_TRAINING = (
    "train_step",
    "test_step",
    "compute_loss",
    "fit",
    "make_train_function",
    "call_train_function",
)


def build_model(build: Build, config: Config, seed: int, inputs: Any) -> Any:
    """Build a configuration's model, compiled and with all its variables.

    Args:
        build: The user's builder.
        config: The configuration.
        seed: What its randomness derives from.
        inputs: Rows of the kind it is to learn from: an array, or a tree of arrays.

    Raises:
        InputError: The builder hands back no compiled model.
    """
    with _seeded(seed):
        model = build(dict(config))
        check_compiled(model)
        if not model.built:
            _call_once(model, inputs)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
    return model


def _call_once(model: Any, inputs: Any) -> None:
    """Call a model, so that it makes its variables; a Sequential by shapes alone, as `fit` does."""
    one = keras.tree.map_structure(lambda leaf: leaf[:1], inputs)
    if type(model) is keras.Sequential:
        one = keras.tree.map_structure(_symbol, one)
    model(one)


def _symbol(leaf: Any) -> Any:
    return keras.KerasTensor(tuple(leaf.shape), keras.backend.standardize_dtype(leaf.dtype))


def check_compiled(model: Any) -> None:
    """Check what a builder handed back.

    Raises:
        InputError: It is no Keras model, or not compiled.
    """
    if not isinstance(model, keras.Model):
        raise InputError(
            f"`build` must hand back a Keras model; got a {type(model).__name__}. Return a keras.Model."
        )
    if not model.compiled:
        raise InputError(
            "A Keras model must be compiled, so that its loss and optimiser are known; this one is not. "
            "Call model.compile(optimizer=..., loss=...) in `build`."
        )


def check_devices(model: Any) -> None:
    """Check that TensorFlow can train a model on this machine: it trains some layers on a GPU only.

    Raises:
        InputError: A layer needs a GPU, and there is none.
    """
    if keras.backend.backend() != "tensorflow":
        return
    for layer in all_layers(model):
        why = _needs_gpu(layer)
        if why is not None and not importlib.import_module("tensorflow").config.list_physical_devices("GPU"):
            raise InputError(
                f"A model must suit this machine; {type(layer).__name__} {layer.name!r} has {why[0]}, "
                f"which TensorFlow trains on a GPU only, and there is none. Use {why[1]}."
            )


def _needs_gpu(layer: Any) -> tuple[str, str] | None:
    """What of a layer needs a GPU, and what does not."""
    if getattr(layer, "data_format", None) == "channels_first" and "Conv" in type(layer).__name__:
        return "data_format='channels_first'", "'channels_last'"
    if getattr(layer, "use_cudnn", None) is True:
        return "use_cudnn=True", "'auto'"
    return None


def needs_targets(model: Any) -> bool:
    """Whether a model's training is the usual one, with a loss that compares its outputs with targets."""
    return model.loss is not None and not _own_training(model)


def _own_training(model: Any) -> list[str]:
    """The methods of Keras's training that a model's class has of its own."""
    kind = type(model)
    return [name for name in _OWN_TRAINING if getattr(kind, name, None) is not _usual(kind, name)]


def check_fusable(model: Any) -> None:
    """Tell whether a model's training is the usual one, that can be done in lanes.

    Raises:
        CannotFuse: It is not; the message says why.
    """
    if keras.backend.backend() != "jax":
        raise CannotFuse(f"Keras runs on {keras.backend.backend()}, and lanes need JAX")
    own = _own_training(model)
    if own:
        raise CannotFuse(f"{type(model).__name__} has a {own[0]} of its own")
    if not isinstance(model.loss, str | keras.losses.Loss) and not callable(model.loss):
        raise CannotFuse("it has several losses or none")
    if len(getattr(model, "outputs", None) or [None]) != 1:
        raise CannotFuse("it has several outputs")
    if model.optimizer.use_ema:
        raise CannotFuse("its optimiser averages the weights (use_ema)")
    if isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
        raise CannotFuse("its optimiser scales the loss")


def dropouts(model: Any) -> list[Any]:
    """The dropout layers whose rate each lane has its own of."""
    return [layer for layer in all_layers(model) if type(layer) is keras.layers.Dropout and layer.rate > 0]


def all_layers(layer: Any) -> list[Any]:
    """All layers within a layer, each once, in a fixed order."""
    found: dict[int, Any] = {}
    waiting = [layer]
    while waiting:
        for inner in getattr(waiting.pop(0), "_layers", []):
            if id(inner) not in found:
                found[id(inner)] = inner
                waiting.append(inner)
    return list(found.values())


def optimizer_fractions(optimizer: Any) -> dict[str, float]:
    """The optimiser's settings between 0 and 1, such as a momentum; its learning rate is a variable."""
    config = optimizer.get_config()
    return {
        name: value
        for name, value in sorted(config.items())
        if name != "learning_rate" and is_fraction(value) and getattr(optimizer, name, None) == value
    }


def describe(model: Any, config: Config) -> str:
    """All of a model that is code, as text; equal for models that differ in numbers of their own only.

    The layers' names, which Keras counts up, are replaced. Models that cannot describe themselves are told
    apart by their configurations.
    """
    try:
        described = keras.saving.serialize_keras_object(model.get_config())
    except NotImplementedError:  # what Keras raises of a model without `get_config`
        return json.dumps(config, sort_keys=True)
    names = {layer.name: f"layer {index}" for index, layer in enumerate([model, *all_layers(model)])}
    text = _renamed(described, names)
    optimizer = dict(model.optimizer.get_config())
    if isinstance(optimizer["learning_rate"], float):
        del optimizer["learning_rate"]
    optimizer["name"] = type(model.optimizer).__name__
    for name in optimizer_fractions(model.optimizer):
        optimizer[name] = "a lane's own"
    loss = model.loss if isinstance(model.loss, str) else _described(model.loss)
    return json.dumps([text, type(model).__qualname__, optimizer, loss], sort_keys=True, default=repr)


def _renamed(described: Any, names: dict[str, str]) -> Any:
    """A description with other names for the layers, wherever Keras puts a layer's name."""
    if isinstance(described, dict):
        return {
            key: names.get(value, value)
            if key == "name" and isinstance(value, str)
            else _renamed(value, names)
            for key, value in described.items()
        }
    if isinstance(described, list | tuple):
        # A tensor is written as its layer's name and two numbers.
        if len(described) == 3 and isinstance(described[0], str) and isinstance(described[1], int):
            return [names.get(described[0], described[0]), *described[1:]]
        return [_renamed(one, names) for one in described]
    return described


def _described(thing: Any) -> Any:
    return [type(thing).__qualname__, thing.get_config()] if hasattr(thing, "get_config") else repr(thing)


def _usual(kind: type, name: str) -> Any:
    """A method as Keras itself has it: of the last of a class's bases that is Keras's and has it."""
    keras_own = [base for base in kind.__mro__ if base.__module__.startswith("keras.")]
    return next((getattr(base, name) for base in keras_own if hasattr(base, name)), None)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    before = random.getstate(), np.random.get_state()  # noqa: NPY002  as Keras draws from it
    keras.utils.set_random_seed(seed % 2**32)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
