import torch
from tended import Commander, summary

from sturgeon.frameworks.torch import Panda

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(96, 4)
y = (x[:, 0] > 0).long()
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16, shuffle=True)
model = torch.nn.Sequential(
    torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(8, 2)
)
optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
commander = Commander()
with Panda("torch.study", model=model, optimizer=optimizer) as run:
    for _ in run.epochs(6):
        commander.look(run)
        total = 0.0
        for inputs, targets in loader:
            loss = torch.nn.functional.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            run.step()
            total += loss.item()
        run.report(val_loss=total)
print(summary("torch.study", commander.run), optimizer.param_groups[0]["lr"])
