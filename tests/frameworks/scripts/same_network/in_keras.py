"""The network of problem.npz, in this folder, in Keras on TensorFlow. Writes keras.npz."""

import keras
import numpy as np
import tensorflow as tf

keras.config.set_floatx("float64")
problem = np.load("problem.npz")
rho, epsilon = float(problem["norm_momentum"]), float(problem["norm_epsilon"])
beta2, adam_epsilon = float(problem["beta2"]), float(problem["adam_epsilon"])
kernels = [problem["first"], *problem["hidden"]]


def batch_norm():
    return keras.layers.BatchNormalization(momentum=rho, epsilon=epsilon)  # momentum is ρ itself


dense = [keras.layers.Dense(kernel.shape[1], use_bias=False) for kernel in kernels]
norms = [batch_norm() for _ in kernels]
last = keras.layers.Dense(problem["last"].shape[1])
flow = inputs = keras.Input((problem["x0"].shape[1],))
for layer, norm in zip(dense, norms, strict=True):
    flow = keras.layers.ReLU()(norm(layer(flow)))
model = keras.Model(inputs, last(flow))
for layer, kernel in zip(dense, kernels, strict=True):
    layer.set_weights([kernel])
for norm, gamma, beta in zip(norms, problem["gamma"], problem["beta"], strict=True):
    norm.gamma.assign(gamma)
    norm.beta.assign(beta)
last.set_weights([problem["last"], problem["bias"]])

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
adam = keras.optimizers.Adam(float(problem["learning_rate"]), float(problem["beta1"]), beta2)
adam.build(model.trainable_variables)


def gathered(of_kernel, of_gamma, of_beta, of_last, of_bias):
    return {
        "first": of_kernel[0],
        "hidden": np.stack(of_kernel[1:]),
        "gamma": np.stack(of_gamma),
        "beta": np.stack(of_beta),
        "last": of_last,
        "bias": of_bias,
    }


def arrays(of):
    return gathered(
        [of(layer.kernel) for layer in dense],
        [of(norm.gamma) for norm in norms],
        [of(norm.beta) for norm in norms],
        of(last.kernel),
        of(last.bias),
    )


answer = {}
for step in range(int(problem["steps"])):
    x, y = problem[f"x{step}"], problem[f"y{step}"]
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        value = loss(y, outputs)
    slopes = tape.gradient(value, model.trainable_variables)
    slope_of = {v.path: slope for v, slope in zip(model.trainable_variables, slopes, strict=True)}
    answer |= {f"outputs{step}": outputs, f"loss{step}": value}
    answer |= {f"d_{k}{step}": v for k, v in arrays(lambda v, of=slope_of: of[v.path].numpy()).items()}
    answer[f"mean{step}"] = np.stack([norm.moving_mean for norm in norms])
    answer[f"variance{step}"] = np.stack([norm.moving_variance for norm in norms])
    # Keras adds its ε to √s before the bias correction ("epsilon hat"), so that ours is this much of it.
    adam.epsilon = adam_epsilon * np.sqrt(1 - beta2 ** (step + 1))
    adam.apply(slopes)
    answer |= {f"{k}{step}": v for k, v in arrays(lambda v: v.numpy()).items()}
answer["test"] = model(problem["x_test"], training=False)
np.savez("keras.npz", **{name: np.asarray(value) for name, value in answer.items()})
