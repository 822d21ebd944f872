"""An ordinary ``fit`` under a trial: what is reported, and that a trial goes on exactly where it was."""

import os
import signal
from pathlib import Path

import keras
import numpy as np

import sturgeon as st
from sturgeon.frameworks.common import checkpoint_schedule
from sturgeon.frameworks.keras import Report, load_weights

SPACE = st.Space(learning_rate=st.Real(1e-3, 1e-1, scale="log"))
EPOCHS = 4


def build(config, eager=True):
    """Dropout has a random state, Adam has momenta, and the input's shape is not known before ``fit``.

    To trace a function takes longer than to train so little without.
    """
    model = keras.Sequential(
        [keras.layers.Dense(6, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(1)]
    )
    optimizer = keras.optimizers.Adam(config["learning_rate"])
    model.compile(optimizer, loss="mse", metrics=["mae"], run_eagerly=eager)
    return model


def fit(trial, *before, eager=True, **options):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    y = X[:, 0] + X[:, 1] ** 2
    keras.utils.set_random_seed(trial.seed % 2**32)
    killer = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: die_once(trial, epoch))
    return build(trial.config, eager).fit(
        X,
        y,
        validation_data=(X, y),
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[killer, *before, Report(trial, **options)],
    )


def die_once(trial, epoch):
    """In its first attempt, trial 1 of the study that is to be killed ends its own process in epoch 3."""
    if Path("kill").exists() and trial.number == 1 and trial.attempt == 1 and epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)


def train(trial):
    fit(trial)


def train_and_save(trial):
    history = fit(trial, save_every=1, eager=False)
    if trial.attempt == 2:
        assert history.epoch == [2, 3], history.epoch


def curves(study):
    return [trial.curves for trial in study.trials]


def tune(function, trials=3, **options):
    return st.tune(
        function, SPACE, minimize="val_loss", trials=trials, seed=3, search=st.Random(), progress=False,
        **options,
    )  # fmt: skip


whole = tune(train, workers=0)
assert whole.counts()["complete"] == 3
assert set(whole.best.curves) == {"loss", "mae", "val_loss", "val_mae"}
assert [step for step, _ in whole.best.curves["val_loss"]] == [1, 2, 3, 4]

# Trials that a rule puts aside and takes up again come to what they would have come to.
halved = tune(train, workers=0, stopping=st.SuccessiveHalving(reduction=2, first=1), study="halved.study")
assert any(trial.attempts > 1 for trial in halved.trials), halved.trials
assert any(trial.last_step < EPOCHS for trial in halved.trials), halved.trials
for one, other in zip(curves(whole), curves(halved), strict=True):
    for name, curve in other.items():
        assert np.allclose([v for _, v in curve], [v for _, v in one[name]][: len(curve)], rtol=1e-6), name
assert [path.name for path in Path("halved.study.checkpoints").iterdir()] in (
    [],
    [f"trial-{halved.best.number}"],
)

# So does one whose process was killed, and whose functions were traced.
Path("kill").touch()
killed = tune(train_and_save, trials=2, workers=1, study="killed.study")
Path("kill").unlink()
assert [trial.attempts for trial in killed.trials] == [1, 2]
for one, other in zip(curves(whole)[:2], curves(killed), strict=True):
    for name, curve in one.items():
        assert np.allclose([v for _, v in other[name]], [v for _, v in curve], rtol=1e-4), name
best = killed.best
assert [path.name for path in Path("killed.study.checkpoints").iterdir()] == [f"trial-{best.number}"]

# The best trial keeps what was trained last, though the clock asks for a checkpoint of the first epoch only.
checkpoint_schedule.SAVE_SECONDS = 1e6  # however slow the machine is
written, trained = [], {}
save_state = Report._write
Report._write = lambda report, path: (written.append(report.trial.number), save_state(report, path))


def train_and_remember(trial, *before):
    trained[trial.number] = fit(trial, *before).model.get_weights()


def same_weights(best):
    model = build(best.config)
    loaded = load_weights(best.checkpoint, keras.Sequential(model.layers))  # it need not be compiled
    return all(map(np.array_equal, loaded.get_weights(), trained[best.number]))


kept = tune(train_and_remember, trials=2, workers=0)
assert written == [0, 0, 1, 1], written
assert kept.best.checkpoint_step == EPOCHS, kept.best
assert same_weights(kept.best)
curve = [value for _, value in kept.best.curves["val_loss"]]
model = load_weights(kept.best.checkpoint, build(kept.best.config))
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
loss = float(np.mean((model.predict(X, verbose=0)[:, 0] - X[:, 0] - X[:, 1] ** 2) ** 2))
assert abs(loss - curve[-1]) < 1e-4, (loss, curve)


# A callback that ends the training early and restores weights has its way with what is kept.
def train_with_early_stopping(trial):
    falls = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(falling=-epoch))
    stop = keras.callbacks.EarlyStopping("falling", mode="max", patience=1, restore_best_weights=True)
    train_and_remember(trial, falls, stop)


early = tune(train_with_early_stopping, trials=1, workers=0)
assert early.best.last_step == early.best.checkpoint_step == 2, early.best
assert same_weights(early.best)
