"""Tune a model that is no network: LightGBM on the diabetes data, one report for each boosting round.

Run it with ``python examples/tune_lightgbm.py``; the best of 32 trials comes to a validation RMSE of about
56 to 58, where a guess of the mean has 78. The environment variable TRIALS sets another number of trials.
"""

import os

import lightgbm
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import sturgeon as st

space = st.Space(
    learning_rate=st.Real(1e-2, 0.5, scale="log", priority=1),
    num_leaves=st.Integer(4, 64, scale="log"),
    min_data_in_leaf=st.Integer(5, 50),
    lambda_l2=st.Real(1e-3, 10.0, scale="log", priority=3),
)


def train(trial):
    X, y = load_diabetes(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    fixed = {"objective": "regression", "metric": "rmse", "verbosity": -1, "seed": trial.seed % 2**31}
    rows = lightgbm.Dataset(X_train, y_train)
    booster = lightgbm.Booster({**fixed, **trial.config}, rows)
    booster.add_valid(lightgbm.Dataset(X_val, y_val, reference=rows), "validation")
    for _ in trial.epochs(60):  # boosting rounds; the loop ends when the trial is stopped early
        booster.update()
        trial.report(val_rmse=booster.eval_valid()[0][2])


trials = int(os.environ.get("TRIALS", "32"))
study = st.tune(train, space, minimize="val_rmse", trials=trials, workers=2, stopping=st.MedianRule(), seed=0)
counts = study.counts()
print(f"best of {trials} trials: RMSE {study.best.value:.1f} with {study.best.config}")
print(f"{counts['complete']} trained to the end, {counts['stopped']} were stopped early")
