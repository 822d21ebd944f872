"""What trains Keras models in lanes of this process, where Keras runs on JAX."""

from __future__ import annotations

from sturgeon.caviar.models.backend import ModelBackend
from sturgeon.caviar.models.model import CannotFuse
from sturgeon.caviar.models.population import check_default
from sturgeon.caviar.models.rows import Rows
from sturgeon.caviar.progress import say
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.frameworks.keras.building import Build
from sturgeon.frameworks.keras.lane_model import KerasModel
from sturgeon.space import Space
from sturgeon.study import Objective

CANNOT_FUSE = "This model cannot be trained in lanes, so its trials train one by one: {why}."


def make_trainer(
    build: Build,
    *,
    objective: Objective,
    rows: Rows,
    space: Space,
    epochs: int,
    batch: int,
    fuse: bool = True,
    strict: bool = False,
) -> LaneTrainer:
    """Make what trains Keras models in this process.

    Args:
        build: The user's builder.
        objective: What trials are judged by.
        rows: The data.
        space: What may vary.
        epochs: How many epochs a trial trains for.
        batch: Rows of a mini-batch where the space has no ``batch_size``.
        fuse: False to train with ``fit`` in any case.
        strict: Refuse a default configuration that lanes cannot train.

    Raises:
        InputError: The default configuration's model breaks a rule.
        CannotFuse: With ``strict``, lanes cannot train it.
    """
    model = KerasModel(build, rows, as_fitted=not fuse)
    refused: list[str] = []

    def on_alone(why: str) -> None:
        refused.append(why)
        if fuse and not strict:
            say(CANNOT_FUSE.format(why=why))

    backend = ModelBackend(model, space, rows, batch, on_alone)
    check_default(backend, model, space, objective)
    if strict and refused:
        raise CannotFuse(refused[0])
    return LaneTrainer(backend, objective, epochs)
