"""TensorFlow by hand: minimise w² - 10w + 25, then tune a small classifier, both with ``tf.GradientTape``.

Run it with ``python examples/tensorflow_without_keras.py``; it takes about half a minute. The first part
ends with w = 5.00. The second part tunes softmax regression on the digits that come with scikit-learn; the
best of 8 gets 0.96 of the 540 validation digits right. The
environment variable TRIALS sets another number of trials.
"""

import os

import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import sturgeon as st


def descend(trial):
    """Gradient descent with momentum on w² - 10w + 25 = (w - 5)²."""
    w = tf.Variable(tf.zeros((), tf.float64))
    velocity = tf.Variable(tf.zeros((), tf.float64))
    for _ in trial.epochs(25):
        with tf.GradientTape() as tape:
            cost = w**2 - 10 * w + 25
        velocity.assign(trial.config["momentum"] * velocity + tape.gradient(cost, w))
        w.assign_sub(trial.config["learning_rate"] * velocity)
        trial.report(cost=w**2 - 10 * w + 25, w=w)


def classify(trial):
    """Softmax regression on digits, in mini-batches."""
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype("float32")
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)
    rows = tf.data.Dataset.from_tensor_slices((X_train, y_train))
    batches = rows.shuffle(len(X_train), seed=trial.seed).batch(trial.config["batch_size"])
    W = tf.Variable(tf.zeros((64, 10)))
    b = tf.Variable(tf.zeros(10))

    @tf.function(autograph=False)  # a function sent to a worker has no source there
    def step(x, y):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, x @ W + b)
            loss = tf.reduce_mean(losses)
        for variable, gradient in zip((W, b), tape.gradient(loss, (W, b)), strict=True):
            variable.assign_sub(trial.config["learning_rate"] * gradient)

    for _ in trial.epochs(10):
        for x, labels in batches:
            step(x, labels)
        right = tf.argmax(X_val @ W + b, axis=1) == y_val
        trial.report(val_accuracy=tf.reduce_mean(tf.cast(right, tf.float32)))


rate = st.Real(1e-3, 1.0, scale="log", priority=1)
study = st.tune(
    descend,
    st.Space(learning_rate=rate, momentum=st.Real(0.0, 0.9)),
    minimize="cost",
    trials=int(os.environ.get("TRIALS", "16")),
    workers=0,  # a training is over before another process has loaded TensorFlow
    seed=0,
)
print(f"w = {study.best.metrics['w']:.2f} with {study.best.config}")

study = st.tune(
    classify,
    st.Space(learning_rate=rate, batch_size=st.Integer(16, 64, scale="power_of_two")),
    maximize="val_accuracy",
    trials=int(os.environ.get("TRIALS", "8")),
    workers=2,
    seed=0,
)
print(f"best of {len(study.trials)} trials: {study.best.value:.3f} right with {study.best.config}")
