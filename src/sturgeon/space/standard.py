"""The network's spaces: that of the notes (N1, each on its scale, N5), and the standard one."""

from __future__ import annotations

from sturgeon.space.hyperparameters import Choice, Constant, Integer, Real
from sturgeon.space.space import Space

NETWORKS = ("standard", "notes")


def standard_space() -> Space:
    """Make the space of the batch-norm network as it does best on tables.

    It is :func:`notes_space` with what keeps a network from learning a small table by heart, with wider
    layers, and with inputs that let it draw steps. Priorities follow N2: the learning rate first; then the
    optimiser, momentum, mini-batch, hidden units and what is new here; then the layers, the learning-rate
    decay and the weight decay. Adam's own numbers and the like are constants. To vary one, replace it:
    ``standard_space().replace(beta2=Real(0.9, 0.999, scale="reverse_log"))``.

    =========================  ======================================================================
    ``learning_rate``          α, on a log scale
    ``optimizer``              the network also knows ``"gradient_descent"``
    ``momentum``               β, the weight of the past in the averaged gradient; momentum only
    ``batch_size``             rows in a mini-batch
    ``hidden_units``           units in each hidden layer, on a log scale
    ``dropout``                the share of units left out in training
    ``embedding``              ``"piecewise_linear"`` adds ranges of each number as inputs
    ``layers``                 hidden layers
    ``schedule``               how the learning rate falls: α / (1 + decay · epoch), or a half cosine
    ``decay``                  the decay rate per epoch of ``"inverse_time"``
    ``weight_decay``           the pull of the weights towards 0, on a log scale
    ``beta1, beta2, epsilon``  Adam's β₁, β₂ and ε
    ``activation``             of the hidden layers
    ``norm_momentum``          the weight of the past in batch norm's running averages (N11)
    ``norm_epsilon``           batch norm's ε (N10)
    =========================  ======================================================================

    Returns:
        A new space of 17 hyperparameters, 11 of them varying.

    Example:
        >>> standard_space().default()["dropout"]
        0.2
        >>> standard_space().narrow(layers=3).coordinates[:3]
        ('learning_rate', 'optimizer', 'momentum')
    """
    return Space(
        learning_rate=Real(1e-4, 1.0, scale="log", priority=1, default=0.02),
        optimizer=Choice(("adam", "momentum"), default="adam"),
        momentum=Real(0.9, 0.999, scale="reverse_log", default=0.9, when={"optimizer": "momentum"}),
        batch_size=Integer(16, 512, scale="power_of_two", default=64),
        hidden_units=Integer(50, 256, scale="log", default=128),
        dropout=Real(0.0, 0.5, default=0.2),
        embedding=Choice(("none", "piecewise_linear"), default="none"),
        layers=Integer(2, 4, priority=3, default=3),
        schedule=Choice(("inverse_time", "cosine"), priority=3, default="cosine"),
        decay=Real(0.01, 10.0, scale="log", priority=3, default=0.1, when={"schedule": "inverse_time"}),
        weight_decay=Real(1e-3, 1.0, scale="log", priority=3, default=0.5),
        beta1=Constant(0.9, priority=4),
        beta2=Constant(0.999, priority=4),
        epsilon=Constant(1e-8, priority=4),
        activation=Constant("relu", priority=4),
        norm_momentum=Constant(0.9, priority=4),
        norm_epsilon=Constant(1e-5, priority=4),
    )


def notes_space() -> Space:
    """Make the space of the notes' network: nothing but their hyperparameters varies, on their scales.

    Returns:
        A new space of 16 hyperparameters, 8 of them varying.

    Example:
        >>> notes_space().default()["learning_rate"], notes_space().default()["dropout"]
        (0.01, 0.0)
    """
    return Space(
        learning_rate=Real(1e-4, 1.0, scale="log", priority=1, default=0.01),
        optimizer=Choice(("adam", "momentum"), default="adam"),
        momentum=Real(0.9, 0.999, scale="reverse_log", default=0.9, when={"optimizer": "momentum"}),
        batch_size=Integer(16, 512, scale="power_of_two", default=64),
        hidden_units=Integer(50, 100, default=75),
        layers=Integer(2, 4, priority=3, default=3),
        schedule=Choice(("inverse_time", "cosine"), priority=3, default="cosine"),
        decay=Real(0.01, 10.0, scale="log", priority=3, default=0.1, when={"schedule": "inverse_time"}),
        beta1=Constant(0.9, priority=4),
        beta2=Constant(0.999, priority=4),
        epsilon=Constant(1e-8, priority=4),
        dropout=Constant(0.0, priority=4),
        weight_decay=Constant(0.0, priority=4),
        activation=Constant("relu", priority=4),
        norm_momentum=Constant(0.9, priority=4),
        norm_epsilon=Constant(1e-5, priority=4),
    )


def network_space(network: str) -> Space:
    """The space of a network by its name, one of :data:`NETWORKS`.

    Example:
        >>> network_space("notes") == notes_space()
        True
    """
    return {"standard": standard_space, "notes": notes_space}[network]()
