"""Settings of an optimiser changed live, and settings that it cannot take; on any backend."""

import keras
import numpy as np

import sturgeon as st
from sturgeon.errors import InputError
from sturgeon.frameworks.keras import Report

CHANGES = {2: {"learning_rate": 0.02, "momentum": 0.5}, 4: {"momentum": 0.9}}
EPOCHS = 6
weights = []


def compiled(optimizer):
    """One weight, one row, one step an epoch: the loss is (w - 5)², as in w² - 10w + 25."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer, loss="mse")
    model.set_weights([np.zeros((1, 1), np.float32)])
    return model


def train(trial):
    report = Report(trial)

    def change(epoch, logs):
        weights.append(float(model.get_weights()[0][0, 0]))
        report.set(**CHANGES.get(epoch, {}))

    model = compiled(keras.optimizers.SGD(0.1, momentum=0.8))
    changer = keras.callbacks.LambdaCallback(on_epoch_end=change)
    one, five = np.ones((1, 1), np.float32), np.full((1, 1), 5, np.float32)
    model.fit(one, five, epochs=EPOCHS, verbose=0, callbacks=[changer, report])


space = st.Space(unused=st.Real(0, 1))
study = st.tune(train, space, minimize="loss", trials=1, workers=0, progress=False)

settings = {"learning_rate": 0.1, "momentum": 0.8}
w = velocity = 0.0
for epoch in range(EPOCHS):
    settings |= CHANGES.get(epoch - 1, {})
    velocity = settings["momentum"] * velocity - settings["learning_rate"] * (2 * w - 10)
    w += velocity
    assert abs(weights[epoch] - w) < 1e-5, (epoch, weights[epoch], w)
assert study.best.curves["momentum"] == [(4, 0.5), (5, 0.5), (6, 0.9)], study.best.curves["momentum"]
assert [round(value, 6) for _, value in study.best.curves["learning_rate"]] == [0.02] * 3


def refusal(optimizer, **settings):
    """Say how a change is refused in the middle of a training."""

    def train(trial):
        report = Report(trial)
        model = compiled(optimizer)
        allocator = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: report.set(**settings))
        one = np.ones((1, 1), np.float32)
        try:
            model.fit(one, one, epochs=1, verbose=0, callbacks=[allocator, report])
        except InputError as error:
            said.append(str(error))
        return 0.0

    said = []
    st.tune(train, space, minimize="loss", trials=1, workers=0, progress=False)
    assert len(said) == 1, said
    assert "\n" not in said[0]
    return said[0]


assert "above 0; got learning_rate=0" in refusal(keras.optimizers.SGD(0.1), learning_rate=0)
assert "below 1; got momentum=1.5" in refusal(keras.optimizers.SGD(0.1, momentum=0.5), momentum=1.5)
assert "SGD was made with 0" in refusal(keras.optimizers.SGD(0.1), momentum=0.5)
assert "Adam has no 'rho'. It has learning_rate, beta_1, beta_2" in refusal(keras.optimizers.Adam(), rho=0.5)
decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
assert "was given a schedule" in refusal(keras.optimizers.SGD(decay), learning_rate=0.1)
