"""Tune a Keras model of handwritten digits, two trials at a time, on TensorFlow.

Run it with ``python examples/tune_a_keras_model.py``; it takes about a minute. The data come with
scikit-learn: 1,797 digits of 8 × 8 pixels. The best network gets 0.976 of the 540 validation digits
right. The environment variable TRIALS sets another number of trials than 12.
"""

import os

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import sturgeon as st
from sturgeon.frameworks.keras import tune

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16, y, test_size=0.3, random_state=0)

space = st.Space(
    learning_rate=st.Real(1e-4, 1e-1, scale="log", priority=1),
    batch_size=st.Integer(16, 128, scale="power_of_two"),  # `fit` gets it, by its name
    epochs=st.Integer(8, 16),  # so it does this one
    units=st.Integer(32, 128, scale="log"),
    dropout=st.Real(0.0, 0.5),
)


def build(config):
    """A compiled model with batch norm, new each time."""
    model = keras.Sequential(
        [
            keras.layers.Dense(config["units"], use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.Dropout(config["dropout"]),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        keras.optimizers.Adam(config["learning_rate"]),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


result = tune(
    build,
    space,
    (X_train, y_train),
    (X_val, y_val),
    maximize="val_accuracy",
    trials=int(os.environ.get("TRIALS", "12")),
    workers=2,
    seed=0,
)
result.best.save("digits.keras")
right = (result.best.predict(X_val).argmax(axis=1) == y_val).mean()
print(f"best of {len(result.study.trials)} trials: {right:.3f} right with {result.best.config}")
