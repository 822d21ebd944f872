"""The network of problem.npz, in this folder, in Flax NNX. Writes flax.npz."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

jax.config.update("jax_enable_x64", True)
problem = np.load("problem.npz")
rho, epsilon = float(problem["norm_momentum"]), float(problem["norm_epsilon"])
kernels = [problem["first"], *problem["hidden"]]


class Network(nnx.Module):
    def __init__(self):
        wide, rngs = {"dtype": jnp.float64, "param_dtype": jnp.float64}, nnx.Rngs(0)
        self.dense = nnx.List([nnx.Linear(*k.shape, use_bias=False, **wide, rngs=rngs) for k in kernels])
        self.norms = nnx.List(
            [
                # momentum is ρ itself; the variance is (1/m)Σ(z - μ)², not the faster Σz²/m - μ².
                nnx.BatchNorm(
                    k.shape[1], momentum=rho, epsilon=epsilon, use_fast_variance=False, **wide, rngs=rngs
                )
                for k in kernels
            ]
        )
        self.last = nnx.Linear(*problem["last"].shape, **wide, rngs=rngs)

    def __call__(self, x):
        for layer, norm in zip(self.dense, self.norms, strict=True):
            x = nnx.relu(norm(layer(x)))
        return self.last(x)


model = Network()
for layer, kernel in zip(model.dense, kernels, strict=True):
    layer.kernel[...] = jnp.asarray(kernel)
for norm, gamma, beta in zip(model.norms, problem["gamma"], problem["beta"], strict=True):
    norm.scale[...], norm.bias[...] = jnp.asarray(gamma), jnp.asarray(beta)
model.last.kernel[...], model.last.bias[...] = jnp.asarray(problem["last"]), jnp.asarray(problem["bias"])
adam = optax.adam(
    float(problem["learning_rate"]),
    float(problem["beta1"]),
    float(problem["beta2"]),
    eps=float(problem["adam_epsilon"]),  # outside the root, after the bias correction
    eps_root=0.0,  # what would be added inside it
)
optimizer = nnx.Optimizer(model, adam, wrt=nnx.Param)


def arrays(of):
    """``of`` is the model, or its gradient, which has the model's structure."""
    count = range(len(kernels))
    return {
        "first": of["dense"][0]["kernel"],
        "hidden": np.stack([of["dense"][i]["kernel"] for i in count[1:]]),
        "gamma": np.stack([of["norms"][i]["scale"] for i in count]),
        "beta": np.stack([of["norms"][i]["bias"] for i in count]),
        "last": of["last"]["kernel"],
        "bias": of["last"]["bias"],
    }


def loss(network, x, y):
    outputs = network(x)
    return optax.softmax_cross_entropy_with_integer_labels(outputs, y).mean(), outputs


step_once = nnx.jit(nnx.value_and_grad(loss, has_aux=True))
answer = {}
model.train()
for step in range(int(problem["steps"])):
    (value, outputs), slopes = step_once(model, problem[f"x{step}"], problem[f"y{step}"])
    answer |= {f"outputs{step}": outputs, f"loss{step}": value}
    answer |= {f"d_{k}{step}": v for k, v in arrays(nnx.to_pure_dict(slopes)).items()}
    answer[f"mean{step}"] = np.stack([norm.mean[...] for norm in model.norms])
    answer[f"variance{step}"] = np.stack([norm.var[...] for norm in model.norms])
    optimizer.update(model, slopes)
    answer |= {f"{k}{step}": v for k, v in arrays(nnx.to_pure_dict(nnx.state(model, nnx.Param))).items()}
model.eval()
answer["test"] = model(problem["x_test"])
np.savez("flax.npz", **{name: np.asarray(value) for name, value in answer.items()})
