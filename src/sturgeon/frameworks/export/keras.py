"""A network as a Keras model on TensorFlow: a ``.keras`` file that takes a table's raw columns.

The model is made of Keras's own layers and operations, so loading it needs no code of ours. Text is why it is
TensorFlow's: Keras looks text up on no other backend.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from sturgeon.data.features.scale import FARTHEST
from sturgeon.errors import InputError
from sturgeon.frameworks.export.description import DESCRIPTION_FILE, Description
from sturgeon.frameworks.export.form import Form, Run
from sturgeon.frameworks.export.parts import LEAST, Category, Layers, NetworkParts, Ranges


@final
class KerasForm(Form):
    """A ``.keras`` file; the description is one more file in that archive."""

    name = "keras"
    title = "Keras"
    extra = "keras"
    modules = ("keras", "tensorflow")
    ending = ".keras"

    def write(self, parts: NetworkParts, description: Description, path: Path) -> None:
        """Build the model layer by layer and save it."""
        build_model(parts, description).save(path)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(DESCRIPTION_FILE, description.to_json())

    def describe(self, path: Path) -> str | None:
        """Read the description out of the archive."""
        try:
            with zipfile.ZipFile(path) as archive:
                return archive.read(DESCRIPTION_FILE).decode()
        except (OSError, KeyError, ValueError, zipfile.BadZipFile):
            return None

    def open(self, path: Path, description: Description) -> Run:
        """Load the model as anyone would, in Keras's safe mode."""
        model = import_keras().saving.load_model(path, compile=False, safe_mode=True)

        def run(columns: Mapping[str, np.ndarray]) -> np.ndarray:
            inputs = {description.inputs[name]: column_tensor(column) for name, column in columns.items()}
            return np.asarray(model(inputs, training=False))

        return run


def import_keras() -> Any:
    """Import Keras, on TensorFlow.

    Raises:
        InputError: Keras runs on something else in this process.
    """
    import_tensorflow()
    if "keras" not in sys.modules:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError(
            "A network in the form of Keras looks text up by TensorFlow; here Keras runs on "
            f"{keras.backend.backend()!r}. Start anew with KERAS_BACKEND=tensorflow."
        )
    return keras


def import_tensorflow() -> Any:
    """Import TensorFlow, without its talk of what the processor can do."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow

    return tensorflow


def column_tensor(column: np.ndarray) -> Any:
    """A raw column as a tensor ``[n, 1]``: numbers in float64, or text."""
    tensorflow = import_tensorflow()
    cells = column.tolist() if column.dtype == object else column
    return tensorflow.constant(cells, shape=(len(column), 1))


def build_model(parts: NetworkParts, description: Description) -> Any:
    """Build the model: raw columns ``[n, 1]`` to probabilities or the target's own unit, ``[n, outputs]``.

    The names of layers hold a dot, so that no column's name can be theirs.
    """
    keras = import_keras()
    inputs, features = {}, []
    for column in parts.numbers.columns:
        name = description.inputs[column]
        inputs[name] = keras.Input((1,), dtype="float64", name=name)
    if inputs:
        features.append(_number_features(keras, parts, list(inputs.values())))
    for category in parts.categories:
        name = description.inputs[category.column]
        inputs[name] = keras.Input((1,), dtype="string", name=name)
        features.append(_category_features(keras, category, name, inputs[name]))
    flow = features[0] if len(features) == 1 else keras.layers.Concatenate(name="features.all")(features)
    if parts.pieces is not None:
        flow = _with_pieces(keras, parts.pieces, flow)
    if len(parts.members) == 1:
        flow = _raw_outputs(keras, flow, parts.members[0], "")
    else:
        flow = _weighted_mean(keras, flow, parts)
    if parts.scale is None:
        if len(parts.members) == 1:
            flow = keras.layers.Softmax(name="outputs.probabilities")(flow)
    else:
        std, mean = np.array([parts.scale.std]), np.array([parts.scale.mean])
        flow = keras.ops.add(keras.ops.multiply(keras.ops.cast(flow, "float64"), std), mean)
        if parts.bounds is not None:
            flow = _moved_into(keras.ops, flow, np.array([parts.bounds.low]), np.array([parts.bounds.high]))
    return keras.Model(inputs, flow, name="sturgeon")


def _with_pieces(keras: Any, pieces: Ranges, flow: Any) -> Any:
    ops = keras.ops
    share = ops.add(ops.multiply(ops.take(flow, pieces.feature, axis=1), pieces.slope), pieces.offset)
    share = _moved_into(ops, share, np.zeros(1, np.float32), np.ones(1, np.float32))
    inputs = ops.add(ops.multiply(share, pieces.scale), pieces.shift)
    return keras.layers.Concatenate(name="features.pieces")([flow, inputs])


def _raw_outputs(keras: Any, flow: Any, member: Layers, of: str) -> Any:
    """What one network says of the features; ``of`` begins the names of its layers."""
    for number, hidden in enumerate(member.hidden, 1):
        dense = keras.layers.Dense(hidden.kernel.shape[1], use_bias=False, name=f"{of}hidden.{number}")
        norm = keras.layers.BatchNormalization(
            momentum=member.norm_momentum, epsilon=member.norm_epsilon, name=f"{of}norm.{number}"
        )
        flow = norm(dense(flow))
        dense.set_weights([hidden.kernel])
        norm.set_weights([hidden.gamma, hidden.beta, hidden.mean, hidden.variance])
        flow = keras.layers.Activation(member.activation, name=f"{of}activation.{number}")(flow)
    last = keras.layers.Dense(member.last.shape[1], name=f"{of}outputs.raw")
    flow = last(flow)
    last.set_weights([member.last, member.bias])
    return flow


def _weighted_mean(keras: Any, flow: Any, parts: NetworkParts) -> Any:
    """The mean of the networks' probabilities, or of their numbers in standard units."""
    weighted = []
    for number, member in enumerate(parts.members, 1):
        of = f"member.{number}."
        answers = _raw_outputs(keras, flow, member, of)
        if parts.scale is None:
            answers = keras.layers.Softmax(name=f"{of}probabilities")(answers)
        weighted.append(keras.layers.Rescaling(member.weight, name=f"{of}weighted")(answers))
    mean = keras.layers.Add(name="outputs.mean")(weighted)
    if parts.temperature == 1:
        return mean
    logits = keras.ops.log(keras.ops.maximum(mean, np.array([LEAST], np.float32)))
    cooled = keras.layers.Rescaling(1 / parts.temperature, name="outputs.cooled")(logits)
    return keras.layers.Softmax(name="outputs.calibrated")(cooled)


def _number_features(keras: Any, parts: NetworkParts, inputs: list[Any]) -> Any:
    numbers, layers, ops = parts.numbers, keras.layers, keras.ops
    raw = inputs[0] if len(inputs) == 1 else layers.Concatenate(dtype="float64", name="numbers.raw")(inputs)
    missing = ops.isnan(raw)
    filled = ops.where(missing, numbers.fill, raw)
    known = [filled, ops.cast(missing, "float64")]
    if numbers.cycles:
        moments = ops.take(filled, np.array(numbers.places), axis=1)
        each = [ops.take(moments, np.array([place]), axis=1) for place in range(len(numbers.places))]
        angles = numbers.find_angles(each, ops.floor)
        known += [ops.sin(angle) for angle in angles] + [ops.cos(angle) for angle in angles]
    both = layers.Concatenate(dtype="float64", name="numbers.filled")(known)
    chosen = ops.take(both, numbers.chosen, axis=1)
    # Not the layers Rescaling and Normalization: they round μ and σ to float32.
    if not numbers.bounded:
        return ops.cast(ops.divide(ops.subtract(chosen, numbers.mean), numbers.std), "float32")
    inside = _moved_into(ops, chosen, numbers.low, numbers.high)
    excess = ops.divide(ops.subtract(chosen, inside), numbers.std)
    excess = _moved_into(ops, excess, np.array([-FARTHEST]), np.array([FARTHEST]))
    compressed = ops.divide(excess, ops.sqrt(ops.add(ops.multiply(excess, excess), np.array([1.0]))))
    normal = ops.divide(ops.subtract(inside, numbers.mean), numbers.std)
    return ops.cast(ops.add(normal, compressed), "float32")


def _moved_into(ops: Any, values: Any, low: np.ndarray, high: np.ndarray) -> Any:
    return ops.minimum(ops.maximum(values, low), high)


def _category_features(keras: Any, category: Category, name: str, texts: Any) -> Any:
    """Text to a place, a place to its row of features; place 0 is for what training never had."""
    layers, (places, width) = keras.layers, category.rows.shape
    unheard = max(category.texts, key=len) + "?"  # what Keras calls place 0; must be no category
    lookup = layers.StringLookup(vocabulary=list(category.texts), oov_token=unheard, name=f"{name}.place")
    rows = layers.Embedding(places, width, trainable=False, name=f"{name}.rows")
    features = layers.Reshape((width,), name=f"{name}.features")(rows(lookup(texts)))
    rows.set_weights([category.rows])
    return features
