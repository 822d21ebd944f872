"""Tune a training function of your own, two trials at a time, each in a worker process.

Run it with ``python examples/tune_a_function.py``; it takes a few seconds. The best of 16 trials gets
0.954 of the validation digits right. The environment variable TRIALS sets another number of trials.
"""

import os

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import sturgeon as st

space = st.Space(
    learning_rate=st.Real(1e-4, 1.0, scale="log", priority=1),
    alpha=st.Real(1e-6, 1e-1, scale="log"),
    loss=st.Choice(("hinge", "log_loss", "modified_huber")),
)


def train(trial):
    """Train a linear classifier of handwritten digits, and report how it does after each epoch."""
    X, y = load_digits(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    scaler = StandardScaler().fit(X_train)
    model = SGDClassifier(
        loss=trial.config["loss"],
        alpha=trial.config["alpha"],
        learning_rate="constant",
        eta0=trial.config["learning_rate"],
        random_state=trial.seed % 2**32,
    )
    for _ in trial.epochs(10):
        model.partial_fit(scaler.transform(X_train), y_train, classes=range(10))
        trial.report(val_accuracy=model.score(scaler.transform(X_val), y_val))


trials = int(os.environ.get("TRIALS", "16"))
study = st.tune(train, space, maximize="val_accuracy", trials=trials, workers=2, seed=0)
print(f"best of {trials} trials: {study.best.value:.3f} with {study.best.config}")
