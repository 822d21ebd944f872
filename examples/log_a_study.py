"""Look at a study in TensorBoard and in MLflow: one line each.

Run it with ``python examples/log_a_study.py``; then ``tensorboard --logdir runs``, where HPARAMS compares
the 16 trials, the best of which gets 0.954 of the validation digits right. The environment variable TRIALS
sets another number of trials.
"""

import os

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

import sturgeon as st
from sturgeon.frameworks import mlflow, tensorboard

space = st.Space(
    learning_rate=st.Real(1e-4, 1.0, scale="log", priority=1),
    alpha=st.Real(1e-6, 1e-1, scale="log"),
)


def train(trial):
    X, y = load_digits(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X / 16, y, test_size=0.3, random_state=0)
    model = SGDClassifier(
        loss="log_loss", alpha=trial.config["alpha"], learning_rate="constant",
        eta0=trial.config["learning_rate"], random_state=trial.seed % 2**32,
    )  # fmt: skip
    for _ in trial.epochs(10):
        model.partial_fit(X_train, y_train, classes=range(10))
        trial.report(val_accuracy=model.score(X_val, y_val))


trials = int(os.environ.get("TRIALS", "16"))
study = st.tune(train, space, maximize="val_accuracy", trials=trials, seed=0)
tensorboard.log(study, "runs")
mlflow.log(study, "digits", uri="sqlite:///mlflow.db")
print(f"best of {trials} trials: {study.best.value:.3f}, all of them in the folder runs and in mlflow.db")
