"""A small population of a framework; prints as JSON at which rate trials and their copies were trained."""

import json

import numpy as np

import sturgeon as st

EPOCHS = 4
x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
y = x.sum(axis=1, keepdims=True)


def with_torch(trial):
    import torch

    from sturgeon.frameworks.torch import Report

    torch.manual_seed(trial.seed)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters(), trial.config["learning_rate"])
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    report = Report(trial, model=model, optimizer=optimizer, schedule=schedule)
    for _ in trial.epochs(EPOCHS):
        rate = optimizer.param_groups[0]["lr"]
        optimizer.zero_grad()
        loss = (model(torch.from_numpy(x)) - torch.from_numpy(y)).square().mean()
        loss.backward()
        optimizer.step()
        schedule.step()
        report(loss=loss, rate=rate)


def with_lightning(trial):
    import lightning
    import torch

    from sturgeon.frameworks.lightning import Report

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(3, 1)

        def training_step(self, batch, index):
            loss = (self.linear(batch[0]) - batch[1]).square().mean()
            self.log("loss", loss)
            self.log("rate", self.optimizers().param_groups[0]["lr"])
            return loss

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters(), trial.config["learning_rate"])
            return [optimizer], [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)]

    lightning.seed_everything(trial.seed % 2**32)
    rows = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    trainer = lightning.Trainer(
        max_epochs=EPOCHS,
        callbacks=[Report(trial)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        accelerator="cpu",
    )
    loader = torch.utils.data.DataLoader(rows, batch_size=16)
    trainer.fit(Module(), loader, ckpt_path=trial.resume_from)


def with_keras(trial):
    import keras as ks

    from sturgeon.frameworks import keras

    class Rate(ks.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["rate"] = float(ks.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    ks.utils.set_random_seed(trial.seed % 2**32)
    model = ks.Sequential([ks.layers.Input((3,)), ks.layers.Dense(1)])
    model.compile(ks.optimizers.Adam(trial.config["learning_rate"]), "mse")
    model.fit(x, y, epochs=EPOCHS, verbose=0, callbacks=[Rate(), keras.Report(trial)])


def with_paddle(trial):
    import paddle

    from sturgeon.frameworks.paddle import Report

    paddle.seed(trial.seed % 2**32)
    network = paddle.nn.Linear(3, 1)
    model = paddle.Model(network)
    schedule = paddle.optimizer.lr.ExponentialDecay(trial.config["learning_rate"], 0.5)
    model.prepare(paddle.optimizer.Adam(schedule, parameters=network.parameters()), paddle.nn.MSELoss())

    class Rate(paddle.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.rate = schedule.last_lr

        def on_epoch_end(self, epoch, logs=None):
            logs["rate"] = self.rate

    rows = paddle.io.TensorDataset([paddle.to_tensor(x), paddle.to_tensor(y)])
    model.fit(
        paddle.io.DataLoader(rows, batch_size=16), epochs=EPOCHS, verbose=0, callbacks=[Rate(), Report(trial)]
    )


def tune_copies(framework):
    study = st.tune(
        globals()[f"with_{framework}"],
        st.Space(learning_rate=st.Real(1e-4, 1e-1, scale="log")),
        minimize="loss",
        search=st.PopulationBasedTraining(population=3, interval=2),
        workers=0,
    )
    found = [
        {
            "config": one.config["learning_rate"],
            "step": one.about.get("copied", {}).get("step", 0),
            "rates": one.curves.get("rate", []),
            "error": None if one.error is None else one.error.message,
        }
        for one in study.trials
    ]
    print(json.dumps(found))
