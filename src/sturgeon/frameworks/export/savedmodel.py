"""A network as TensorFlow's SavedModel: a folder with one signature that takes a table's raw columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import numpy as np

from sturgeon.data.features.scale import FARTHEST
from sturgeon.frameworks.export.description import DESCRIPTION_FILE, Description
from sturgeon.frameworks.export.form import Form, Run
from sturgeon.frameworks.export.keras import column_tensor, import_tensorflow
from sturgeon.frameworks.export.parts import LEAST, NetworkParts

SIGNATURE = "serving_default"
OUTPUT = "prediction"


@final
class SavedModelForm(Form):
    """A SavedModel folder; the description is in ``assets.extra``, TensorFlow's place for the user's own."""

    name = "savedmodel"
    title = "TensorFlow's SavedModel"
    extra = "keras"
    modules = ("tensorflow",)
    marker = "saved_model.pb"
    description = f"assets.extra/{DESCRIPTION_FILE}"

    def write(self, parts: NetworkParts, description: Description, path: Path) -> None:
        """Trace the network once and save it."""
        tensorflow = import_tensorflow()
        module = _module(tensorflow, parts, description)
        signature = module.predict.get_concrete_function()
        try:
            tensorflow.saved_model.save(module, str(path), signatures={SIGNATURE: signature})
        except tensorflow.errors.OpError as error:  # a full disk, say
            raise OSError(error.message) from error
        file = path / self.description
        file.parent.mkdir()
        file.write_text(description.to_json(), encoding="utf-8")

    def open(self, path: Path, description: Description) -> Run:
        """Load the folder, and call its signature."""
        loaded = import_tensorflow().saved_model.load(str(path))
        signature = loaded.signatures[SIGNATURE]

        def run(columns: Mapping[str, np.ndarray]) -> np.ndarray:
            inputs = {description.inputs[name]: column_tensor(column) for name, column in columns.items()}
            assert loaded is not None  # a signature lives no longer than what it was loaded with
            return signature(**inputs)[OUTPUT].numpy()

        return run


def _module(tf: Any, parts: NetworkParts, description: Description) -> Any:
    """The network as a ``tf.Module`` whose ``predict`` takes raw columns ``[n, 1]`` by name."""
    module = tf.Module(name="sturgeon")
    module.variables_by_layer = [
        [
            {name: tf.Variable(getattr(layer, name), name=name) for name in layer.__slots__}
            for layer in of.hidden
        ]
        for of in parts.members
    ]
    module.last = [
        (tf.Variable(of.last, name="last"), tf.Variable(of.bias, name="bias")) for of in parts.members
    ]
    module.places = [_places(tf, category.texts) for category in parts.categories]
    module.rows = [tf.Variable(category.rows, trainable=False) for category in parts.categories]
    names = description.inputs
    specs = {n: tf.TensorSpec([None, 1], tf.float64, name=names[n]) for n in parts.numbers.columns}
    specs |= {c.column: tf.TensorSpec([None, 1], tf.string, name=names[c.column]) for c in parts.categories}
    activations = {"relu": tf.nn.relu, "tanh": tf.nn.tanh}

    def raw_outputs(flow: Any, number: int) -> Any:
        member, (kernel, bias) = parts.members[number], module.last[number]
        for layer in module.variables_by_layer[number]:
            z = tf.matmul(flow, layer["kernel"])
            averages = layer["mean"], layer["variance"]
            shifted = tf.nn.batch_normalization(
                z, *averages, layer["beta"], layer["gamma"], member.norm_epsilon
            )
            flow = activations[member.activation](shifted)
        return tf.matmul(flow, kernel) + bias

    @tf.function(input_signature=[specs])
    def predict(columns: dict[str, Any]) -> dict[str, Any]:
        features = [_number_features(tf, parts, columns)] if parts.numbers.columns else []
        for category, places, rows in zip(parts.categories, module.places, module.rows, strict=True):
            features.append(tf.gather(rows, places.lookup(columns[category.column][:, 0])))
        flow = tf.concat(features, axis=1)
        if (pieces := parts.pieces) is not None:
            share = tf.gather(flow, pieces.feature, axis=1) * pieces.slope + pieces.offset
            share = tf.clip_by_value(share, 0.0, 1.0)
            flow = tf.concat([flow, share * pieces.scale + pieces.shift], axis=1)
        raw = [raw_outputs(flow, number) for number in range(len(parts.members))]
        answers = [tf.nn.softmax(each) for each in raw] if parts.scale is None else raw
        outputs = answers[0]
        if len(answers) > 1:
            outputs = tf.add_n([each * of.weight for each, of in zip(answers, parts.members, strict=True)])
        if parts.temperature != 1:
            outputs = tf.nn.softmax(tf.math.log(tf.maximum(outputs, LEAST)) / parts.temperature)
        if parts.scale is None:
            return {OUTPUT: outputs}
        predicted = tf.cast(outputs, tf.float64) * parts.scale.std + parts.scale.mean
        if parts.bounds is not None:
            predicted = tf.clip_by_value(predicted, parts.bounds.low, parts.bounds.high)
        return {OUTPUT: predicted}

    module.predict = predict
    return module


def _places(tf: Any, texts: tuple[str, ...]) -> Any:
    """Text to its place from 1; any other text to 0."""
    places = tf.lookup.KeyValueTensorInitializer(texts, range(1, len(texts) + 1), tf.string, tf.int64)
    return tf.lookup.StaticHashTable(places, default_value=0)


def _number_features(tf: Any, parts: NetworkParts, columns: dict[str, Any]) -> Any:
    numbers = parts.numbers
    raw = tf.concat([columns[name] for name in numbers.columns], axis=1)
    missing = tf.math.is_nan(raw)
    filled = tf.where(missing, numbers.fill, raw)
    known = [filled, tf.cast(missing, tf.float64)]
    if numbers.cycles:
        each = [filled[:, place : place + 1] for place in numbers.places]
        angles = numbers.find_angles(each, tf.floor)
        known += [*map(tf.sin, angles), *map(tf.cos, angles)]
    chosen = tf.gather(tf.concat(known, axis=1), numbers.chosen, axis=1)
    if not numbers.bounded:
        return tf.cast((chosen - numbers.mean) / numbers.std, tf.float32)
    inside = tf.clip_by_value(chosen, numbers.low, numbers.high)
    excess = tf.clip_by_value((chosen - inside) / numbers.std, -FARTHEST, FARTHEST)
    normal = (inside - numbers.mean) / numbers.std + excess / tf.sqrt(1 + excess**2)
    return tf.cast(normal, tf.float32)
