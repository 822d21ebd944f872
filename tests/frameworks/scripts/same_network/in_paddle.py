"""The network of problem.npz, in this folder, in PaddlePaddle. Writes paddle.npz."""

import numpy as np
import paddle
from paddle import nn

paddle.set_default_dtype("float64")
problem = np.load("problem.npz")
rho, epsilon = float(problem["norm_momentum"]), float(problem["norm_epsilon"])
kernels = [problem["first"], *problem["hidden"]]

dense = [nn.Linear(*kernel.shape, bias_attr=False) for kernel in kernels]
norms = [nn.BatchNorm1D(k.shape[1], momentum=rho, epsilon=epsilon) for k in kernels]  # momentum is ρ itself
last = nn.Linear(*problem["last"].shape)
for layer, kernel in zip(dense, kernels, strict=True):
    layer.weight.set_value(kernel)
for norm, gamma, beta in zip(norms, problem["gamma"], problem["beta"], strict=True):
    norm.weight.set_value(gamma)
    norm.bias.set_value(beta)
last.weight.set_value(problem["last"])
last.bias.set_value(problem["bias"])
parts = [part for pair in zip(dense, norms, strict=True) for part in (*pair, nn.ReLU())]
model = nn.Sequential(*parts, last)
adam = paddle.optimizer.Adam(
    learning_rate=float(problem["learning_rate"]),
    beta1=float(problem["beta1"]),
    beta2=float(problem["beta2"]),
    epsilon=float(problem["adam_epsilon"]),
    parameters=model.parameters(),
)


def arrays(of):
    return {
        "first": of(dense[0].weight),
        "hidden": np.stack([of(layer.weight) for layer in dense[1:]]),
        "gamma": np.stack([of(norm.weight) for norm in norms]),
        "beta": np.stack([of(norm.bias) for norm in norms]),
        "last": of(last.weight),
        "bias": of(last.bias),
    }


answer = {}
model.train()
for step in range(int(problem["steps"])):
    x, y = paddle.to_tensor(problem[f"x{step}"]), paddle.to_tensor(problem[f"y{step}"].astype(np.int64))
    outputs = model(x)
    value = nn.functional.cross_entropy(outputs, y)
    value.backward()
    answer |= {f"outputs{step}": outputs.numpy(), f"loss{step}": value.numpy()}
    answer |= {f"d_{k}{step}": v for k, v in arrays(lambda p: p.grad.numpy()).items()}
    answer[f"mean{step}"] = np.stack([norm._mean.numpy() for norm in norms])
    answer[f"variance{step}"] = np.stack([norm._variance.numpy() for norm in norms])
    adam.step()
    adam.clear_grad()
    answer |= {f"{k}{step}": v for k, v in arrays(lambda p: p.numpy()).items()}
model.eval()
answer["test"] = model(paddle.to_tensor(problem["x_test"])).numpy()
np.savez("paddle.npz", **answer)
