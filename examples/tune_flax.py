"""Tune a Flax NNX model, many configurations at once in one compiled program: handwritten digits.

Run it with ``python examples/tune_flax.py``. The best of 16 trials gets 0.983 of the validation digits
right. The environment variable TRIALS sets another number of trials.
"""

import os

import jax
import optax
from flax import nnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import sturgeon as st
from sturgeon.frameworks.flax import population

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16, y, test_size=0.3, random_state=0)

space = st.Space(
    learning_rate=st.Real(1e-4, 1e-1, scale="log", priority=1),
    dropout=st.Real(0.05, 0.5),
)


class Network(nnx.Module):
    """A hidden layer with batch norm and dropout."""

    def __init__(self, dropout, rngs):
        self.hidden = nnx.Linear(64, 64, use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(64, momentum=0.9, rngs=rngs)
        self.dropout = nnx.Dropout(dropout, rngs=rngs)
        self.last = nnx.Linear(64, 10, rngs=rngs)

    def __call__(self, x):
        """The outputs for a batch."""
        return self.last(self.dropout(jax.nn.relu(self.norm(self.hidden(x)))))


def loss(outputs, y):
    """The mean cross-entropy of a batch."""
    return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean()


result = population(
    lambda config, rngs: Network(config["dropout"], rngs),
    loss,
    ((X_train, y_train), (X_val, y_val)),
    space,
    optimizer=lambda config: optax.adam(config["learning_rate"]),
    metrics={"accuracy": lambda outputs, y: (outputs.argmax(axis=1) == y).mean()},
    maximize="val_accuracy",
    epochs=15,
    trials=int(os.environ.get("TRIALS", "16")),
    seed=0,
)
right = (result.best.predict(X_val).argmax(axis=1) == y_val).mean()
print(f"best of {len(result.study.trials)} trials: {right:.3f} right with {result.best.config}")
