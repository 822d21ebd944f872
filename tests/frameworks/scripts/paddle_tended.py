import numpy as np
import paddle
from tended import Commander, summary

from sturgeon.frameworks.paddle import Panda

paddle.seed(0)
rng = np.random.default_rng(0)
x = rng.normal(size=(96, 4)).astype("float32")
y = (x[:, 0] > 0).astype("int64")[:, None]
data = paddle.io.DataLoader(
    paddle.io.TensorDataset([paddle.to_tensor(x), paddle.to_tensor(y)]), batch_size=16
)
net = paddle.nn.Sequential(
    paddle.nn.Linear(4, 8), paddle.nn.ReLU(), paddle.nn.Dropout(0.2), paddle.nn.Linear(8, 2)
)
model = paddle.Model(net)
optimizer = paddle.optimizer.Momentum(0.1, parameters=net.parameters())
model.prepare(optimizer, paddle.nn.CrossEntropyLoss())
commander = Commander()
panda = Panda("paddle.study", epochs=6)


class Listen(paddle.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if panda.run is not None:
            commander.look(panda.run)


model.fit(data, data, epochs=100, verbose=0, callbacks=[panda, Listen()])
print(summary("paddle.study", commander.run), optimizer.get_lr())
