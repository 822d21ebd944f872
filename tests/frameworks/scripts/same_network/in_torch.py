"""The network of problem.npz, in this folder, in PyTorch. Writes torch.npz."""

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
problem = np.load("problem.npz")
rho, epsilon = float(problem["norm_momentum"]), float(problem["norm_epsilon"])
kernels = [problem["first"], *problem["hidden"]]


def parameter(array):
    return nn.Parameter(torch.from_numpy(np.ascontiguousarray(array)))


dense, norms = [], []
for kernel, gamma, beta in zip(kernels, problem["gamma"], problem["beta"], strict=True):
    dense.append(nn.Linear(*kernel.shape, bias=False))
    dense[-1].weight = parameter(kernel.T)  # a weight is [out, in] here
    norms.append(nn.BatchNorm1d(kernel.shape[1], eps=epsilon, momentum=1 - rho))  # momentum is 1 - ρ
    norms[-1].weight, norms[-1].bias = parameter(gamma), parameter(beta)
last = nn.Linear(*problem["last"].shape)
last.weight, last.bias = parameter(problem["last"].T), parameter(problem["bias"])
parts = [part for pair in zip(dense, norms, strict=True) for part in (*pair, nn.ReLU())]
model = nn.Sequential(*parts, last)
betas = (float(problem["beta1"]), float(problem["beta2"]))
adam = torch.optim.Adam(
    model.parameters(), lr=float(problem["learning_rate"]), betas=betas, eps=float(problem["adam_epsilon"])
)


def arrays(of):
    return {
        "first": of(dense[0].weight).T,
        "hidden": np.stack([of(layer.weight).T for layer in dense[1:]]),
        "gamma": np.stack([of(norm.weight) for norm in norms]),
        "beta": np.stack([of(norm.bias) for norm in norms]),
        "last": of(last.weight).T,
        "bias": of(last.bias),
    }


answer = {}
for step in range(int(problem["steps"])):
    x, y = torch.from_numpy(problem[f"x{step}"]), torch.from_numpy(problem[f"y{step}"]).long()
    before = [norm.running_var.clone() for norm in norms]
    outputs = model(x)
    value = nn.functional.cross_entropy(outputs, y)
    adam.zero_grad()
    value.backward()
    answer |= {f"outputs{step}": outputs.detach().numpy(), f"loss{step}": value.item()}
    answer |= {f"d_{k}{step}": v.copy() for k, v in arrays(lambda p: p.grad.numpy()).items()}
    answer[f"unbiased{step}"] = np.stack([norm.running_var.numpy() for norm in norms])
    # PyTorch averages the unbiased variance, Σ(z - μ)²/(m - 1); ours is (m - 1)/m of what a batch adds.
    for norm, old in zip(norms, before, strict=True):
        norm.running_var = rho * old + (norm.running_var - rho * old) * (len(x) - 1) / len(x)
    answer[f"mean{step}"] = np.stack([norm.running_mean.numpy().copy() for norm in norms])
    answer[f"variance{step}"] = np.stack([norm.running_var.numpy().copy() for norm in norms])
    adam.step()
    answer |= {f"{k}{step}": v.copy() for k, v in arrays(lambda p: p.detach().numpy()).items()}
model.eval()
answer["test"] = model(torch.from_numpy(problem["x_test"])).detach().numpy()
np.savez("torch.npz", **answer)
