"""Tune a plain JAX training loop, two trials at a time: breast cancer by logistic regression.

Run it with ``python examples/tune_jax_loop.py``. The best of 16 trials comes to a validation loss of 0.081.
The environment variable TRIALS sets another number of trials. Where a model is to be trained in many
configurations at once, in one compiled program, see ``fuse_your_own_model.py``.
"""

import os

import jax
import jax.numpy as jnp
import numpy as np
import optax
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import sturgeon as st

space = st.Space(
    learning_rate=st.Real(1e-3, 1.0, scale="log", priority=1),
    decay=st.Real(1e-5, 1e-1, scale="log"),
)


def loss(params, x, y):
    """The mean cross-entropy of some rows."""
    return optax.sigmoid_binary_cross_entropy(x @ params["weights"] + params["bias"], y).mean()


def train(trial):
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    scaler = StandardScaler().fit(X_train)
    X_train, X_val = scaler.transform(X_train), scaler.transform(X_val)
    optimizer = optax.adamw(trial.config["learning_rate"], weight_decay=trial.config["decay"])
    params = {"weights": jnp.zeros(30), "bias": jnp.zeros(())}
    state = optimizer.init(params)

    @jax.jit
    def step(params, state, x, y):
        updates, state = optimizer.update(jax.grad(loss)(params, x, y), state, params)
        return optax.apply_updates(params, updates), state

    order = np.random.default_rng(trial.seed)
    for _ in trial.epochs(10):
        for rows in order.permutation(len(X_train))[:384].reshape(-1, 32):
            params, state = step(params, state, X_train[rows], y_train[rows])
        trial.report(val_loss=loss(params, X_val, y_val))


trials = int(os.environ.get("TRIALS", "16"))
study = st.tune(train, space, minimize="val_loss", trials=trials, workers=2, seed=0)
print(f"best of {trials} trials: loss {study.best.value:.3f} with {study.best.config}")
