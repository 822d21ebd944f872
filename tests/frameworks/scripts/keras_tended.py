import keras
import numpy as np
from tended import Commander, summary

from sturgeon.frameworks.keras import Panda

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(96, 4)).astype("float32")
y = (x[:, 0] > 0).astype("int32")
model = keras.Sequential(
    [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.2), keras.layers.Dense(2)]
)
model.compile(
    keras.optimizers.SGD(0.1, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)
commander = Commander()
panda = Panda("keras.study", epochs=6)
listen = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: commander.look(panda.run))
model.fit(
    x,
    y,
    validation_data=(x, y),
    epochs=100,
    batch_size=16,
    shuffle=False,
    verbose=0,
    callbacks=[panda, listen],
)
print(summary("keras.study", commander.run), float(model.optimizer.learning_rate.numpy()))
