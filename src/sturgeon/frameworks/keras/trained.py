"""A trained Keras model, as its weights and the builder that makes what they belong to."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sturgeon.space import Config


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
            from sturgeon.frameworks.keras.building import build_model

            self._model = build_model(self.build, self.config, 0, self.inputs)
            self._model.set_weights(self.weights)
        return self._model

    def predict(self, x: Any) -> Any:
        """The outputs for rows, dropout off and batch norm with its running averages."""
        return self.model.predict(x, verbose=0)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a ``.keras`` file, that ``keras.models.load_model`` reads on any backend."""
        self.model.save(path)
