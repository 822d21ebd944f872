"""A TensorFlow user's script: the builder is in __main__, lanes train where Keras runs on JAX."""

import keras
import numpy as np
import tensorflow as tf

import sturgeon as st
from sturgeon.frameworks.keras import population

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4)).astype(np.float32)
y = (X[:, 0] + X[:, 1] > 0).astype(np.int32)
DATA = ((X[:60], y[:60]), (X[60:], y[60:]))
SPACE = st.Space(learning_rate=st.Real(1e-3, 1e-1, scale="log"), dropout=st.Real(0.1, 0.5))


def build(config):
    model = tf.keras.Sequential(
        [
            tf.keras.Input((4,)),
            tf.keras.layers.Dense(8, use_bias=False),
            tf.keras.layers.BatchNormalization(momentum=0.9),
            tf.keras.layers.Activation("relu"),
            tf.keras.layers.Dropout(config["dropout"]),
            tf.keras.layers.Dense(2),
        ]
    )
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf.keras.optimizers.Adam(config["learning_rate"]), loss, metrics=["accuracy"])
    return model


class OwnStep(tf.keras.Model):
    """Its train_step is its own, so that it cannot be trained in lanes."""

    def __init__(self):
        super().__init__()
        self.last = tf.keras.layers.Dense(2)

    def call(self, x):
        return self.last(x)

    def train_step(self, data):
        return super().train_step(data)


def build_own(config):
    model = OwnStep()
    model.compile(
        tf.keras.optimizers.Adam(config["learning_rate"]),
        tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


assert keras.backend.backend() == "tensorflow"
result = population(build, DATA, SPACE, epochs=2, trials=2, batch_size=16, maximize="val_accuracy", seed=1)
assert result.study.counts()["complete"] == 2, result.study.trials
result.best.save("in_lanes.keras")
loaded = keras.models.load_model("in_lanes.keras")
here = loaded.predict(X[60:], verbose=0)
accuracy = float((here.argmax(axis=1) == y[60:]).mean())
assert abs(accuracy - result.study.best.value) < 1e-6, (accuracy, result.study.best.value)

# keras_loaded.py reads these where Keras runs on JAX.
np.save("x.npy", X[60:])
np.save("predicted.npy", here)

alone = population(build_own, DATA, SPACE, epochs=1, trials=1, batch_size=16, seed=1)
assert alone.study.counts()["complete"] == 1, alone.study.trials
assert alone.best.predict(X[60:]).shape == (30, 2)
