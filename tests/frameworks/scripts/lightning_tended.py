import warnings

import torch
from tended import Commander, summary

warnings.filterwarnings("ignore")
import lightning.pytorch as pl  # noqa: E402

from sturgeon.frameworks.lightning import Panda  # noqa: E402

torch.manual_seed(0)
x = torch.randn(96, 4)
y = (x[:, 0] > 0).long()
commander = Commander()


class Module(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.2), torch.nn.Linear(8, 2))

    def training_step(self, batch, number):
        if number == 0:
            commander.look(panda.run)
        loss = torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        self.log("val_loss", loss, on_epoch=True, on_step=False)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1, momentum=0.9)


panda = Panda("lightning.study")
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16, shuffle=True)
trainer = pl.Trainer(
    max_epochs=6, callbacks=[panda], logger=False, enable_checkpointing=False, enable_progress_bar=False,
    enable_model_summary=False, accelerator="cpu",
)  # fmt: skip
module = Module()
trainer.fit(module, loader)
print(summary("lightning.study", commander.run), trainer.optimizers[0].param_groups[0]["lr"])
