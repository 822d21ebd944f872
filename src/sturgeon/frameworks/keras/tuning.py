"""Tune a Keras model given its builder and the data: each trial a ``fit``, or all of them in lanes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Unpack, cast

from sturgeon.caviar.tuning import tune as tune_function
from sturgeon.errors import DataError, StudyError
from sturgeon.frameworks.common.extras import missing_extra
from sturgeon.frameworks.keras.data import Source, first_inputs
from sturgeon.frameworks.keras.trial_function import Fit, KerasTraining
from sturgeon.frameworks.keras.tune_options import (
    KerasOptions,
    check_backend,
    check_build,
    check_fixed,
    check_lanes,
    check_options,
)
from sturgeon.space import Config, Space
from sturgeon.study import Study

if TYPE_CHECKING:
    from sturgeon.caviar.models.run import RunOptions
    from sturgeon.frameworks.keras.state import KerasTrained


class KerasResult:
    """What tuning a Keras model came to.

    Attributes:
        study: The record: ``study.best.config`` is what was looked for.
    """

    def __init__(self, study: Study, load: Callable[[], KerasTrained]) -> None:
        """Take the study, and what gives the best trial's network."""
        self.study = study
        self._load = load
        self._loaded: tuple[int, KerasTrained] | None = None

    @property
    def best(self) -> KerasTrained:
        """The best trial's trained network, with ``model``, ``predict(x)`` and ``save("best.keras")``.

        Raises:
            StudyError: No trial has a value, or the weights are not where its training left them.
        """
        number = self.study.best.number
        if self._loaded is None or self._loaded[0] != number:
            self._loaded = number, self._load()
        return self._loaded[1]


def tune(
    build: Callable[[Config], Any],
    space: Space,
    train_data: Any,
    validation_data: Any = None,
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    fit: Fit | None = None,
    minimize: str | Sequence[str] | None = None,
    fused: bool = False,
    **options: Unpack[KerasOptions],
) -> KerasResult:
    """Search for the configuration with which a Keras model does best.

    A hyperparameter that is called as an argument of ``fit`` is given to ``fit``: ``batch_size``, ``epochs``,
    ``shuffle``, ``steps_per_epoch``, ``validation_freq`` …; and all go to ``build``.

    Each trial is an ordinary ``fit`` in a worker process, on the backend that ``KERAS_BACKEND`` names,
    TensorFlow by default. What is random in it starts from the trial's seed. The trial is worth what it
    reported last. With ``fused=True``, many models train at once in lanes, on Keras's JAX backend, which
    takes a fraction of the time where they are small; see :func:`sturgeon.frameworks.keras.population`.

    Args:
        build: ``build(config) -> keras.Model``, compiled, and new each time.
        space: What may vary.
        train_data: ``(x, y)`` or ``(x, y, sample_weight)``, or what else ``fit`` takes for ``x``; or a
            function that makes it in the worker, for large data and for generators: of nothing, or of the
            configuration, such as ``lambda config: dataset.batch(config["batch_size"])``.
        validation_data: The same for what trials are judged by; None with a ``validation_split`` in ``fit``.
        epochs: How many epochs a trial trains for, at least 1, unless the space says so.
        batch_size: Rows of a mini-batch, unless the space says so; 32 by default, as in Keras.
        fit: More arguments of ``fit`` by name, or a function of the configuration that gives them:
            ``fit=lambda config: {"class_weight": {0: 1.0, 1: config["weight"]}}``.
        minimize: The metric to be minimised, ``"val_loss"`` by default; or give ``maximize``.
        fused: Train in lanes on JAX.
        **options: See :class:`sturgeon.frameworks.keras.tune_options.KerasOptions`.

    Returns:
        ``result.study``, and ``result.best`` with ``model``, ``predict(x)`` and ``save("best.keras")``.

    Raises:
        InputError: The builder, the data or an option break a rule.
        MissingExtra: Keras or its backend is not installed.
        StudyFailed: Too many trials failed, or all.
        KeyboardInterrupt: Ctrl-C or SIGTERM came.

    Example:
        Sixteen networks, two at a time, the best of them kept as a file::

            def build(config):
                layers = [keras.layers.Dense(config["units"], "relu"), keras.layers.Dense(1)]
                model = keras.Sequential(layers)
                model.compile(keras.optimizers.Adam(config["learning_rate"]), loss="mse")
                return model

            result = sturgeon.frameworks.keras.tune(
                build, space, (x, y), (x_val, y_val), epochs=20, trials=16, workers=2
            )
            result.best.save("best.keras")
    """
    if importlib.util.find_spec("keras") is None:
        raise missing_extra("keras", "keras")
    check_options(options, fused)
    check_build(build)
    training = Source("train_data", train_data, "steps_per_epoch")
    validation = Source("validation_data", validation_data, "validation_steps")
    if train_data is None:
        raise DataError("`train_data` must be (x, y), or something that gives batches; got None. Give it.")
    training.check()
    validation.check()
    given = {"epochs": epochs, "batch_size": batch_size}
    fixed = {name: value for name, value in given.items() if value is not None}
    check_fixed(space, fixed, fit or {})
    if fused:
        check_lanes(space, fit)
        return _in_lanes(build, space, (training, validation), fixed, minimize, options)
    check_backend()
    if minimize is None and options.get("maximize") is None and not _goes_on(options):
        minimize = "val_loss"
    function = KerasTraining(
        build,
        training,
        validation if validation_data is not None else None,
        fixed,
        fit or {},
        _names(minimize, options.get("maximize")),
        space.default(),
    )
    if options.get("workers", 1):
        function = function.packed()
    study = tune_function(function, space, minimize=minimize, **options)
    return KerasResult(study, lambda: _load_best(study, build, training))


def _in_lanes(
    build: Callable[[Config], Any],
    space: Space,
    sources: tuple[Source, Source],
    fixed: dict[str, Any],
    minimize: str | Sequence[str] | None,
    options: KerasOptions,
) -> KerasResult:
    """Train in lanes, all trials for the same number of epochs."""
    from sturgeon.frameworks.keras.lane_tuning import population

    data = tuple(source.read({}) for source in sources)
    epochs = fixed["epochs"]
    run = cast("RunOptions", {"batch_size": fixed.get("batch_size", 32), **options})
    result = population(build, data, space, epochs=epochs, minimize=cast("str | None", minimize), **run)
    return KerasResult(result.study, lambda: result.best)


def _load_best(study: Study, build: Callable[[Config], Any], training: Source) -> KerasTrained:
    """Give the best trial's network, from the checkpoint that it left."""
    from sturgeon.frameworks.keras.building import build_model
    from sturgeon.frameworks.keras.state import KerasTrained, load_weights

    best = study.best
    if best.checkpoint is None:
        raise StudyError(
            f"The best trial must have left its weights; trial {best.number} has no checkpoint. Train its "
            "configuration again."
        )
    inputs = first_inputs(training.read(best.config))
    model = load_weights(best.checkpoint, build_model(build, best.config, best.seed, inputs))
    return KerasTrained(best.config, build, model.get_weights(), inputs)


def _goes_on(options: KerasOptions) -> bool:
    """Whether the study exists, so that what it minimises is known."""
    where = options.get("study")
    return bool(options.get("resume")) and where is not None and Study.exists(where)


def _names(*metrics: str | Sequence[str] | None) -> tuple[str, ...]:
    given = [(one,) if isinstance(one, str) else tuple(one) for one in metrics if one is not None]
    return tuple(name for names in given for name in names)
