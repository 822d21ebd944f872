"""The network of the notes a second time: NumPy, float64, gradients by hand.

Written from the notes' equations alone, to hold the JAX network against. It shares no code with it but the
container of the weights, to convert from and to.
"""

from __future__ import annotations

import numpy as np

from sturgeon.network.weights import Weights


def relu(z):
    return np.maximum(z, 0)


def forward(w, x, epsilon):
    """Forward pass of a mini-batch. ``w`` is a dict with lists W, gamma, beta and W_out, b_out."""
    layers, a = [], x
    for W, gamma, beta in zip(w["W"], w["gamma"], w["beta"], strict=True):
        z = a @ W
        mu = z.mean(axis=0)
        var = ((z - mu) ** 2).mean(axis=0)
        z_norm = (z - mu) / np.sqrt(var + epsilon)
        z_tilde = gamma * z_norm + beta
        layers.append({"a": a, "z": z, "mu": mu, "var": var, "z_norm": z_norm, "z_tilde": z_tilde})
        a = relu(z_tilde)
    return a @ w["W_out"] + w["b_out"], a, layers


def forward_test(w, running, x, epsilon):
    a = x
    for W, gamma, beta, (mu, var) in zip(w["W"], w["gamma"], w["beta"], running, strict=True):
        a = relu(gamma * (a @ W - mu) / np.sqrt(var + epsilon) + beta)
    return a @ w["W_out"] + w["b_out"]


def squared_error_gradient(w, x, y, epsilon):
    """Loss mean((o - y)²), its gradient by back-propagation through the batch statistics."""
    m = len(x)
    out, a, layers = forward(w, x, epsilon)
    d_out = 2 * (out - y[:, None]) / m
    return np.mean((out[:, 0] - y) ** 2), _backward(w, d_out, a, layers, epsilon), layers


def cross_entropy_gradient(w, x, labels, epsilon):
    m = len(x)
    out, a, layers = forward(w, x, epsilon)
    p = np.exp(out - out.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    one_hot = np.eye(out.shape[1])[labels]
    loss = -np.mean(np.log(p[np.arange(m), labels]))
    return loss, _backward(w, (p - one_hot) / m, a, layers, epsilon), layers


def _backward(w, d_out, a, layers, epsilon):
    g = {"W": [], "gamma": [], "beta": [], "W_out": a.T @ d_out, "b_out": d_out.sum(axis=0)}
    da = d_out @ w["W_out"].T
    for W, gamma, c in reversed(list(zip(w["W"], w["gamma"], layers, strict=True))):
        m = len(c["z"])
        d_tilde = da * (c["z_tilde"] > 0)
        g["gamma"].insert(0, (d_tilde * c["z_norm"]).sum(axis=0))
        g["beta"].insert(0, d_tilde.sum(axis=0))
        d_norm = d_tilde * gamma
        inv = 1 / np.sqrt(c["var"] + epsilon)
        d_var = (d_norm * (c["z"] - c["mu"])).sum(axis=0) * -0.5 * inv**3
        d_mu = -(d_norm * inv).sum(axis=0) - 2 * d_var * (c["z"] - c["mu"]).mean(axis=0)
        dz = d_norm * inv + 2 * d_var * (c["z"] - c["mu"]) / m + d_mu / m
        g["W"].insert(0, c["a"].T @ dz)
        da = dz @ W.T
    return g


def each(function, *trees):
    """Apply a function to every array of trees as above."""
    result = {}
    for key in ("W", "gamma", "beta"):
        result[key] = [function(*parts) for parts in zip(*(tree[key] for tree in trees), strict=True)]
    for key in ("W_out", "b_out"):
        result[key] = function(*(tree[key] for tree in trees))
    return result


def gradient_descent(w, g, state, *, alpha):
    return each(lambda p, d: p - alpha * d, w, g), state


def momentum(w, g, state, *, alpha, beta):
    v = state or each(np.zeros_like, g)
    v = each(lambda v, d: beta * v + (1 - beta) * d, v, g)
    return each(lambda p, v: p - alpha * v, w, v), v


def adam(w, g, state, *, alpha, beta1, beta2, epsilon):
    v, s, t = state or (each(np.zeros_like, g), each(np.zeros_like, g), 0)
    t += 1
    v = each(lambda v, d: beta1 * v + (1 - beta1) * d, v, g)
    s = each(lambda s, d: beta2 * s + (1 - beta2) * d**2, s, g)

    def step(p, v, s):
        return p - alpha * (v / (1 - beta1**t)) / (np.sqrt(s / (1 - beta2**t)) + epsilon)

    return each(step, w, v, s), (v, s, t)


def as_reference(weights: Weights) -> dict:
    """The same weights as the NumPy reference takes them."""
    return {
        "W": [np.asarray(weights.first), *np.asarray(weights.hidden)],
        "gamma": list(np.asarray(weights.gamma)),
        "beta": list(np.asarray(weights.beta)),
        "W_out": np.asarray(weights.last),
        "b_out": np.asarray(weights.bias),
    }


def from_reference(tree: dict) -> Weights:
    """And back."""
    units = tree["W"][0].shape[1]
    return Weights(
        first=tree["W"][0],
        hidden=np.stack(tree["W"][1:]) if len(tree["W"]) > 1 else np.zeros((0, units, units)),
        gamma=np.stack(tree["gamma"]),
        beta=np.stack(tree["beta"]),
        last=tree["W_out"],
        bias=tree["b_out"],
    )
