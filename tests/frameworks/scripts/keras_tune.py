"""``keras.tune``: arguments of ``fit`` that vary, the best network that comes back, and what is refused."""

import os

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

import sturgeon as st
from sturgeon.errors import InputError, StudyFailed
from sturgeon.frameworks.keras import from_keras_tuner, tune

rng = np.random.default_rng(0)
X = rng.normal(size=(96, 4)).astype(np.float32)
y = (X[:, 0] + X[:, 1] > 0).astype(np.int32)
TRAIN, VALIDATION = (X[:64], y[:64]), (X[64:], y[64:])
SPACE = st.Space(
    learning_rate=st.Real(1e-3, 1e-1, scale="log"),
    batch_size=st.Choice((16, 32)),
    epochs=st.Integer(1, 3),
    weight=st.Real(1, 2),
)
RATE = st.Space(learning_rate=st.Real(1e-3, 1e-1, scale="log"))
EAGER = False


def build(config):
    model = keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization()])
    model.add(keras.layers.Dense(2))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(config["learning_rate"])
    model.compile(optimizer, loss, metrics=["accuracy"], run_eagerly=EAGER)
    return model


def more(config):
    """Arguments of fit that are no numbers; the epoch's batches are counted by a callback."""

    class CountBatches(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.batches = 0

        def on_train_batch_end(self, batch, logs=None):
            self.batches += 1

        def on_epoch_end(self, epoch, logs=None):
            logs["batches"] = self.batches

    return {"class_weight": {0: 1.0, 1: config["weight"]}, "callbacks": [CountBatches()]}


# In a worker process; the best network is what the study says.
result = tune(
    build, SPACE, TRAIN, VALIDATION, fit=more, maximize="val_accuracy", trials=2, workers=1, progress=False
)
for trial in result.study.trials:
    assert trial.last_step == trial.config["epochs"], trial
    assert trial.metrics["batches"] == 64 / trial.config["batch_size"], trial
best = result.best
assert best.config == result.study.best.config
right = float((best.predict(X[64:]).argmax(axis=1) == y[64:]).mean())
assert abs(right - result.study.best.value) < 1e-6, (right, result.study.best.value)
best.save("best.keras")
loaded = keras.models.load_model("best.keras")
assert np.abs(loaded.predict(X, verbose=0) - best.predict(X)).max() < 1e-6

EAGER = True  # from here on: to trace a function takes longer than to train so little without


# Data that is made for each trial: batches of tf.data, of the trial's size, and a generator.
def dataset(config):
    return tf.data.Dataset.from_tensor_slices(TRAIN).batch(config["batch_size"])


def batches():
    while True:
        yield TRAIN


HERE = {"trials": 2, "workers": 0, "progress": False}
ONE = HERE | {"trials": 1}
made = tune(build, SPACE, dataset, lambda: VALIDATION, fit=more, **HERE)
assert all(trial.metrics["batches"] == 64 / trial.config["batch_size"] for trial in made.study.trials)
assert made.best.predict(X).shape == (96, 2)


# Data frames, of columns of several types too, with a Sequential that has no Input.
frame = pd.DataFrame(X, columns=list("abcd")).assign(d=(X[:, 3] > 0).astype(int))
labels = pd.Series(y)
of_frames = tune(build, RATE, (frame[:64], labels[:64]), (frame[64:], labels[64:]), epochs=1, **ONE)
right = float((of_frames.best.predict(frame[64:].astype(np.float32)).argmax(axis=1) == y[64:]).mean())
losses = of_frames.best.model.evaluate(frame[64:].astype(np.float32), labels[64:], verbose=0)
assert abs(losses[0] - of_frames.study.best.value) < 1e-5, (losses, of_frames.study.best.value)
assert abs(losses[1] - right) < 1e-6
endless = tune(build, RATE, batches, VALIDATION, epochs=1, fit={"steps_per_epoch": 3}, **ONE)
assert endless.study.counts()["complete"] == 1
assert endless.best.predict(X).shape == (96, 2)


# The weights of the best epoch, by Keras's own callback, and a value that is that epoch's too.
class BestSoFar(keras.callbacks.Callback):
    """Reports the least loss so far."""

    def on_epoch_end(self, epoch, logs=None):
        self.least = min(logs["val_loss"], getattr(self, "least", np.inf))
        logs["best_val_loss"] = self.least


kept = keras.callbacks.EarlyStopping("val_loss", patience=20, restore_best_weights=True)
callbacks = [kept, BestSoFar()]
turned = X[64:], 1 - y[64:]  # what is learned makes it worse
more_of = {"fit": {"callbacks": callbacks}, "minimize": "best_val_loss"}
of_best = tune(build, RATE, TRAIN, turned, epochs=5, **more_of, **ONE)
curve = dict(of_best.study.best.curves["val_loss"])
assert of_best.study.best.value == min(curve.values()) < curve[5], curve
measured = of_best.best.model.evaluate(*turned, verbose=0)[0]
assert abs(measured - of_best.study.best.value) < 1e-5, (measured, curve)


# Each configuration several times: the value is their mean, the model the first one's.
several = tune(build, RATE, TRAIN, VALIDATION, epochs=2, repeats=3, **ONE)
(trial,) = several.study.trials
first = dict(trial.curves["val_loss"])[2]
assert trial.metrics["val_loss_std"] > 0
assert trial.value != first
measured = several.best.model.evaluate(*VALIDATION, verbose=0)[0]
assert abs(measured - first) < 1e-5, (measured, first)


# -- what is refused, in one line --------------------------------------------------------------------


def for_keras_tuner(hp):
    """Written for KerasTuner, taken as it is."""
    model = keras.Sequential()
    for i in range(hp.Int("layers", 1, 2)):
        model.add(keras.layers.Dense(hp.Int(f"units_{i}", 4, 8, step=4), hp.Choice("activation", ["relu"])))
    model.add(keras.layers.Dense(2))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(hp.Float("lr", 1e-3, 1e-1, sampling="log")), loss, run_eagerly=EAGER)
    return model


taken = tune(
    *from_keras_tuner(for_keras_tuner), TRAIN, VALIDATION, epochs=1, seed=1, **(HERE | {"trials": 3})
)
assert [len(one.config) for one in taken.study.trials] == [
    4 + (one.config["layers"] == 2) for one in taken.study.trials
]
assert len(taken.best.model.layers) == 1 + taken.study.best.config["layers"]


def refusal(*arguments, **options):
    said = "it was not refused"
    try:
        tune(*arguments, **{"epochs": 1, **HERE, **options})
    except (InputError, StudyFailed) as error:
        said = str(error)
    assert "\n" not in said
    return said


def not_compiled(config):
    return keras.Sequential([keras.layers.Dense(2)])


ONLY = build({"learning_rate": 0.01})


def on_gpu(config):
    model = keras.Sequential([keras.layers.Conv2D(2, 3, data_format="channels_first"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


assert "must be compiled" in refusal(not_compiled, RATE, TRAIN, VALIDATION, study="none.study")
assert not os.path.exists("none.study")  # noqa: PTH110
assert "got a int" in refusal(lambda config: 3, RATE, TRAIN, VALIDATION)
assert "the same Sequential twice" in refusal(lambda config: ONLY, RATE, TRAIN, VALIDATION)
assert "data_format='channels_first'" in refusal(on_gpu, RATE, TRAIN, VALIDATION)
said = refusal(build, RATE, TRAIN, VALIDATION, maximize="val_f1")
assert "reports, accuracy, loss, val_accuracy, val_loss; got 'val_f1'" in said, said
assert "fit={'steps_per_epoch': 100}" in refusal(build, RATE, batches(), VALIDATION)
assert "generator of unknown length" in refusal(build, RATE, batches, VALIDATION)
repeated = tf.data.Dataset.from_tensor_slices(TRAIN).batch(16).repeat()
assert "fit={'validation_steps': 100}" in refusal(build, RATE, TRAIN, repeated)
BATCHES = st.Space(learning_rate=st.Constant(0.1), batch_size=st.Choice((16, 32)))
assert "it makes batches of its own" in refusal(build, BATCHES, repeated.take(4), VALIDATION)
assert "a function that makes it" in refusal(build, RATE, repeated.take(4), VALIDATION, workers=1)
assert "tuple of 4" in refusal(build, RATE, (*TRAIN, *VALIDATION), VALIDATION)
assert "'epochs' is given twice" in refusal(build, SPACE, TRAIN, VALIDATION)
assert "no `epochs`" in refusal(build, RATE, TRAIN, VALIDATION, epochs=None)
assert "`epochs` must be a whole number" in refusal(build, RATE, TRAIN, VALIDATION, epochs=0)
assert "got 'x'. Leave it out: data" in refusal(build, RATE, TRAIN, VALIDATION, fit={"x": 1})
said = refusal(build, RATE, TRAIN, VALIDATION, fit={"class_wieght": {}})
assert "Did you mean 'class_weight'?" in said, said
assert "a Sequential itself" in refusal(ONLY, RATE, TRAIN, VALIDATION)
said = refusal(build, RATE, X, y)
assert "`train_data` must be (x, y), as the model's loss compares with y" in said, said
assert "`validation_data` must be (x, y)" in refusal(build, RATE, TRAIN, X[64:])
said = refusal(build, RATE, TRAIN)
assert "Give validation_data or fit={'validation_split': 0.2}. Correct `build`, the data or the" in said, said
assert "`repeats` must be a whole number" in refusal(build, RATE, TRAIN, VALIDATION, repeats=0)
assert "no option 'trails'" in refusal(build, RATE, TRAIN, VALIDATION, trails=3)
assert "got workers=0" in refusal(build, RATE, TRAIN, VALIDATION, fused=True)
del HERE["workers"]
assert "got repeats=2" in refusal(build, RATE, TRAIN, VALIDATION, fused=True, repeats=2)
assert "there is no `fit`" in refusal(build, RATE, TRAIN, VALIDATION, fused=True, fit={"verbose": 1})
SHUFFLES = st.Space(learning_rate=st.Constant(0.1), shuffle=st.Choice((False, True)))
assert "the space has 'shuffle'" in refusal(build, SHUFFLES, TRAIN, VALIDATION, fused=True)
os.environ["KERAS_BACKEND"] = "jax"
assert "it is 'tensorflow' here" in refusal(build, RATE, TRAIN, VALIDATION)
