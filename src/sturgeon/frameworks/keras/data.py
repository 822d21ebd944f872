"""What a Keras model learns from, as ``fit`` takes it: arrays, something that gives batches, or its maker."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cloudpickle
import numpy as np

from sturgeon.caviar.workers.function import pack, unpack
from sturgeon.errors import DataError, InputError
from sturgeon.frameworks.common.dressed_numbers import as_arrays, row_count
from sturgeon.space import Config


@dataclass
class Source:
    """Data as the user gave it.

    Attributes:
        name: Which data, as the user calls it.
        given: Arrays, ``(x, y)`` or ``(x, y, sample_weight)``; or what gives batches; or a function that
            makes one of these, of the configuration or of nothing; or such a function as ``pack`` wrote it.
        steps: The argument of ``fit`` that says how many batches an epoch has.
    """

    name: str
    given: Any
    steps: str

    def check(self) -> None:
        """Check what can be checked without making the data.

        Raises:
            DataError: It is a generator, which would serve one trial only, or a tuple of a wrong length.
        """
        if hasattr(self.given, "__next__"):
            raise DataError(
                f"`{self.name}` must serve every trial anew; got a {type(self.given).__name__}, which can be "
                f"read once. Give the function that makes it, and fit={{'{self.steps}': 100}}."
            )
        if self.given is not None and not callable(self.given):
            self.given = plain_data(self.given, self.name)

    def packed(self) -> Source:
        """Make it something that can be sent to a worker process.

        Raises:
            InputError: It refers to something that cannot be sent.
        """
        if callable(self.given):
            return replace(self, given=pack(self.given, name=self.name))
        if gives_batches(self.given):
            try:
                cloudpickle.dumps(self.given)
            except Exception as error:  # objects pickle themselves by code of their own
                raise InputError(
                    f"`{self.name}` must be something that can be sent to a worker process; got a "
                    f"{type(self.given).__name__}. Give a function that makes it, or use workers=0."
                ) from error
        return self

    def read(self, config: Config) -> Any:
        """Give the data for a configuration."""
        if isinstance(self.given, bytes):
            self.given = unpack(self.given)
        if not callable(self.given):
            return self.given
        if _takes_config(self.given):
            return plain_data(self.given(dict(config)), self.name)
        data = plain_data(self.given(), self.name)
        if not gives_batches(data):
            self.given = data  # arrays serve every trial of this process
        return data

    def follows(self, config: Config) -> bool:
        """Whether the data is made for each configuration."""
        self.read(config)
        return callable(self.given) and _takes_config(self.given)


def gives_batches(data: Any) -> bool:
    """Whether data comes in batches of its own, as a ``tf.data.Dataset`` or a generator does."""
    return not isinstance(data, tuple | list | dict) and not hasattr(data, "shape")


def plain_data(data: Any, name: str) -> Any:
    """Turn what a user gives into what ``fit`` takes, or say why it cannot be.

    Raises:
        DataError: It is nothing that ``fit`` takes, or its rows are not as many, or none.
    """
    if isinstance(data, str | bytes | int | float | set) or (
        isinstance(data, dict) and set(data) == {"x", "y"}
    ):
        raise DataError(
            f"`{name}` must be (x, y), or something that gives batches; got {type(data).__name__} "
            f"{str(data)[:40]!r}. Read it first, and write ({name}=(x, y))."
        )
    tensors = getattr(data, "tensors", None)
    if isinstance(tensors, tuple):  # a TensorDataset of PyTorch
        data = tensors
    if _is_torch_dataset(data):
        raise DataError(
            f"`{name}` must give batches; a {type(data).__name__} gives single rows. Wrap it: "
            "torch.utils.data.DataLoader(dataset, batch_size=32)."
        )
    spec = getattr(data, "element_spec", None)
    if isinstance(spec, tuple) and any(getattr(one, "shape", None) == () for one in spec):
        raise DataError(
            f"`{name}` must give batches; this {type(data).__name__} gives single rows. Write "
            "dataset.batch(32)."
        )
    if not isinstance(data, tuple | list):
        return data if gives_batches(data) else as_arrays(data, f"`{name}`")
    parts = arguments_of(data, name)
    words = {"x": "x", "y": "y", "sample_weight": "the weights"}
    arrays = {part: as_arrays(value, f"{words[part]} of `{name}`") for part, value in parts.items()}
    rows = row_count(arrays.get("y"))
    targets = arrays.get("y")
    if isinstance(targets, np.ndarray) and targets.dtype.kind not in "biuf":
        as_arrays(targets.astype(object), f"y of `{name}`")  # says what is no number there
    if isinstance(parts["x"], tuple | list) and rows == len(parts["x"]) != row_count(arrays["x"]):
        arrays["x"] = np.stack(arrays["x"])  # a list of rows, where a list of inputs was possible
    counts = {part: row_count(value) for part, value in arrays.items()}
    known = {part: count for part, count in counts.items() if count is not None}
    if len(set(known.values())) > 1 or 0 in known.values():
        told = ", ".join(f"{count} in {words[part]}" for part, count in known.items())
        raise DataError(f"`{name}` must have as many rows in each part, and at least one; it has {told}.")
    return tuple(arrays.values())


def _is_torch_dataset(data: Any) -> bool:
    named = {f"{one.__module__}.{one.__name__}" for one in type(data).__mro__}
    return (
        "torch.utils.data.dataset.Dataset" in named
        and "torch.utils.data.dataset.IterableDataset" not in named
    )


def arguments_of(data: Any, name: str) -> dict[str, Any]:
    """Give data as arguments of ``fit``.

    Raises:
        DataError: It is a tuple of another length than 2 or 3.

    Example:
        >>> arguments_of(([[1.0]], [1]), "train_data")
        {'x': [[1.0]], 'y': [1]}
    """
    if not isinstance(data, tuple | list):
        return {"x": data}
    if len(data) not in (2, 3):
        raise DataError(
            f"`{name}` must be (x, y) or (x, y, sample_weight); got a {type(data).__name__} of {len(data)}. "
            "Put several inputs into one tuple or dict, as the model takes them: ((x1, x2), y)."
        )
    return dict(zip(("x", "y", "sample_weight"), data, strict=False))


def check_length(data: Any, source: Source, steps: object) -> None:
    """Check that an epoch over data comes to an end.

    Args:
        data: What ``fit`` gets.
        source: Where it is from.
        steps: How many batches an epoch has, if that was said.

    Raises:
        DataError: Its length is unknown, or it has no end.
    """
    if steps is None and _is_endless(data):
        raise DataError(
            f"An epoch must have an end; `{source.name}` is a {type(data).__name__} of unknown length. "
            f"Say how many batches an epoch has: fit={{'{source.steps}': 100}}."
        )


def first_inputs(data: Any) -> Any:
    """Give inputs of the first rows, that tell a model its shape, as arrays; what gives batches loses one."""
    if isinstance(data, tuple | list):
        return _arrays(data[0])
    if not gives_batches(data):
        return _arrays(data)
    batch = data[0] if hasattr(data, "__getitem__") else next(iter(data))
    return _arrays(batch[0] if isinstance(batch, tuple | list) else batch)


def _arrays(inputs: Any) -> Any:
    """Turn pandas' frames and series among inputs into the arrays that `fit` makes of them."""
    if isinstance(inputs, dict):
        return {name: _arrays(one) for name, one in inputs.items()}
    if isinstance(inputs, tuple | list):
        return type(inputs)(_arrays(one) for one in inputs) if type(inputs) in (tuple, list) else inputs
    if not hasattr(inputs, "to_numpy"):
        return inputs
    array = inputs.to_numpy()
    return array[:, None] if array.ndim == 1 else array


def _is_endless(data: Any) -> bool:
    if hasattr(data, "__next__"):
        return True
    if hasattr(data, "cardinality"):  # of tf.data
        return int(data.cardinality()) == -1
    return getattr(data, "num_batches", 0) is None  # of a keras.utils.PyDataset


def _takes_config(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(p.default is p.empty and p.kind is not p.VAR_KEYWORD for p in parameters)
