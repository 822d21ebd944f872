"""Run exported networks as someone would who has no Sturgeon: raw columns in, predictions out.

Usage: run_exports.py FOLDER FORMAT ... The folder has ``rows.json`` (columns of raw cells, None where
missing) and exports ``classes.*`` and ``number.*``; predictions go beside each, as ``.npy``.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np

folder, forms = Path(sys.argv[1]), sys.argv[2:]
rows = json.loads((folder / "rows.json").read_text())
NUMBERS = {"fixed length": "fixed_length", "age": "age", "where": "where_column", "caught": "caught"}
TEXTS = {"river": "river", "2 class?": "column_2_class", "zone": "zone", "tag": "tag"}
numbers = {name: np.array(rows[c], np.float64)[:, None] for c, name in NUMBERS.items()}
texts = {
    name: np.array(["" if cell is None else cell for cell in rows[c]], object)[:, None]
    for c, name in TEXTS.items()
}


def run_keras(path):
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras
    import tensorflow as tf

    columns = {name: tf.constant(column.tolist()) for name, column in texts.items()}
    columns |= {name: tf.constant(column) for name, column in numbers.items()}
    return keras.saving.load_model(path)(columns)


def run_savedmodel(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    columns = {name: tf.constant(column.tolist()) for name, column in texts.items()}
    columns |= {name: tf.constant(column) for name, column in numbers.items()}
    return loaded.signatures["serving_default"](**columns)["prediction"]


def run_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return session.run(["prediction"], {**numbers, **texts})[0]


def run_torch(path):
    sys.path.insert(0, str(path))
    import torch

    from network import load

    network = load(path)
    with torch.no_grad():
        return network(*network.read(rows)).numpy()


RUN = {"keras": run_keras, "savedmodel": run_savedmodel, "onnx": run_onnx, "torch": run_torch}
for form in forms:
    for study in ("classes", "number"):
        np.save(folder / f"{study}.{form}.npy", np.asarray(RUN[form](folder / f"{study}.{form}")))
assert "sturgeon" not in sys.modules
