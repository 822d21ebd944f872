"""Train one trial of a Keras model with ``fit``: what ``keras.tune`` has worker processes do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, ClassVar

import numpy as np

from sturgeon.caviar.workers.function import pack, unpack
from sturgeon.caviar.workers.live_trial import LiveTrial
from sturgeon.errors import DataError, InputError
from sturgeon.frameworks.common.extras import import_extra
from sturgeon.frameworks.keras.data import Source, arguments_of, check_length, gives_batches
from sturgeon.space import Config

# What of `fit` a hyperparameter of that name sets; what is no number comes from `fit`, as a function.
HYPERPARAMETERS = (
    "batch_size",
    "epochs",
    "shuffle",
    "steps_per_epoch",
    "validation_batch_size",
    "validation_freq",
    "validation_split",
    "validation_steps",
)
_DATA = ("x", "y", "sample_weight", "validation_data")
ARGUMENTS = (*HYPERPARAMETERS, "callbacks", "class_weight", "verbose")

NO_EPOCHS = "How long a trial trains must be said; got no `epochs`. Give epochs=20, or put it into the space."

Fit = Mapping[str, Any] | Callable[[Config], Mapping[str, Any]]


@dataclass
class KerasTraining:
    """A training function: builds a configuration's model, fits it, and keeps what came of it.

    Attributes:
        build: The user's builder, or as ``pack`` wrote it.
        training: What it learns from.
        validation: What it is judged by, or None.
        fixed: Arguments of ``fit`` that are the same for all.
        fit: More of them; or a function of the configuration that gives them, or as ``pack`` wrote it.
        metrics: What must be reported, as far as it is known.
        default: The configuration that the builder is tried with.
    """

    told_as: ClassVar[str] = "`build`, the data"

    build: Any
    training: Source
    validation: Source | None
    fixed: Mapping[str, Any]
    fit: Any
    metrics: tuple[str, ...]
    default: Config

    def packed(self) -> KerasTraining:
        """Make it something that can be sent to a worker process.

        Raises:
            InputError: A function of the user's refers to something that cannot be sent.
        """
        return replace(
            self,
            build=pack(self.build, name="build"),
            training=self.training.packed(),
            validation=None if self.validation is None else self.validation.packed(),
            fit=pack(self.fit, name="fit") if callable(self.fit) else self.fit,
        )

    @property
    def planned_epochs(self) -> int | None:
        """How many epochs each training has; None where they differ."""
        known = (
            self.fixed if callable(self.fit) or isinstance(self.fit, bytes) else {**self.fit, **self.fixed}
        )
        return known.get("epochs")

    def prepare(self) -> None:
        """Try the builder and the data once in each process.

        Raises:
            InputError: They break a rule, or Keras is not installed.
        """
        from sturgeon.frameworks.keras.building import check_compiled, check_devices, needs_targets

        if isinstance(self.build, bytes):
            self.build = unpack(self.build)
        if isinstance(self.fit, bytes):
            self.fit = unpack(self.fit)
        try:
            model, again = self.build(dict(self.default)), self.build(dict(self.default))
            arguments = self._arguments(self.default)
        except InputError:
            raise
        except Exception:  # that configuration's trial will fail, and say so; others may go on
            return
        check_compiled(model)
        check_devices(model)
        if again is model:
            raise InputError(
                f"`build` must make a new model each time; it handed back the same {type(model).__name__} "
                "twice, which would go on with the weights of another trial. Make the model inside `build`."
            )
        if "epochs" not in arguments:
            raise InputError(NO_EPOCHS)
        if needs_targets(model):
            check_targets(arguments)

    def __call__(self, trial: LiveTrial) -> None:
        """Train a trial; see ``st.tune``."""
        from sturgeon.frameworks.keras.building import check_compiled, check_devices
        from sturgeon.frameworks.keras.report import Report

        keras = import_extra("keras", "keras")
        keras.utils.clear_session()  # or names and graphs of all trials pile up
        keras.utils.set_random_seed(trial.seed % 2**32)
        model = self.build(dict(trial.config))
        check_compiled(model)
        check_devices(model)
        if trial.resume_step:  # not the same batches again that the first epochs had
            keras.utils.set_random_seed(_later_seed(trial))
        arguments = self._arguments(trial.config)
        checks = [] if "validation_freq" in arguments else [_metric_check(self.metrics, arguments)]
        callbacks = [*copy.deepcopy(list(arguments.pop("callbacks", None) or [])), *checks, Report(trial)]
        model.fit(**{"verbose": 0, **arguments}, callbacks=callbacks)

    def _arguments(self, config: Config) -> dict[str, Any]:
        """Put together what ``fit`` gets for a configuration, all but our callbacks."""
        more: Any = self.fit(dict(config)) if callable(self.fit) else self.fit
        check_arguments(more)
        varied = {name: config[name] for name in HYPERPARAMETERS if name in config}
        arguments = {**self.fixed, **varied, **more}
        data = self.training.read(config)
        check_length(data, self.training, arguments.get("steps_per_epoch"))
        if gives_batches(data):
            self._check_batches(config)
            arguments.pop("batch_size", None)
            if not hasattr(data, "__getitem__"):  # then Keras cannot shuffle it, and warns of that
                arguments["shuffle"] = False
        arguments |= arguments_of(data, self.training.name)
        if self.validation is not None:
            data = self.validation.read(config)
            check_length(data, self.validation, arguments.get("validation_steps"))
            parts = tuple(arguments_of(data, self.validation.name).values())
            arguments["validation_data"] = parts[0] if gives_batches(data) else parts
        return arguments

    def _check_batches(self, config: Config) -> None:
        if "batch_size" in config and not self.training.follows(config):
            raise InputError(
                f"`batch_size` varies only where `{self.training.name}` is arrays, or is made for each "
                "configuration; it makes batches of its own. Give a function of the configuration: "
                "lambda config: dataset(batch_size=config['batch_size'])."
            )


def check_arguments(fit: Any) -> None:
    """Check more arguments of ``fit``.

    Raises:
        InputError: They are not given by name, or one is not the user's to give.
    """
    if not isinstance(fit, Mapping):
        raise InputError(
            f"`fit` must be arguments of Keras's fit by name, or a function of the configuration that gives "
            f"them; got a {type(fit).__name__}. Write fit={{'class_weight': ...}}."
        )
    unknown = [name for name in fit if name not in ARGUMENTS]
    if unknown:
        close = get_close_matches(unknown[0], ARGUMENTS, n=1)
        remedy = "Leave it out."
        if unknown[0] in _DATA:
            remedy = "Leave it out: data are given by train_data and validation_data."
        elif close:
            remedy = f"Did you mean {close[0]!r}?"
        raise InputError(f"`fit` may have {', '.join(ARGUMENTS)}; got {unknown[0]!r}. {remedy}")


def check_targets(arguments: Mapping[str, Any]) -> None:
    """Check that arrays come with what a model's loss compares its outputs with.

    Raises:
        DataError: Inputs were given alone.
    """
    validation = arguments.get("validation_data")
    given = {"train_data": arguments["x"] if "y" not in arguments else None}
    given["validation_data"] = (
        validation[0] if isinstance(validation, tuple) and len(validation) == 1 else None
    )
    for name, alone in given.items():
        if alone is not None and not gives_batches(alone):
            raise DataError(
                f"`{name}` must be (x, y), as the model's loss compares with y; got x alone. Write "
                "tune(build, space, (x, y), (x_val, y_val), ...)."
            )


def _later_seed(trial: LiveTrial) -> int:
    return int(np.random.SeedSequence((trial.seed, trial.resume_step)).generate_state(1)[0])


def _metric_check(metrics: tuple[str, ...], arguments: Mapping[str, Any]) -> Any:
    """Make a callback that ends a training after its first epoch if it does not report what is tuned for."""
    keras = import_extra("keras", "keras")

    def check(epoch: int, logs: dict[str, Any] | None = None) -> None:
        missing = [name for name in metrics if name not in (logs or {})]
        if missing:
            validated = "validation_data" in arguments or "validation_split" in arguments
            remedy = "Name one of these, or compile the model with it."
            if missing[0].startswith("val_") and not validated:
                remedy = "Give validation_data or fit={'validation_split': 0.2}."
            raise InputError(
                f"The metric must be one that `fit` reports, {', '.join(sorted(logs or {}))}; got "
                f"{missing[0]!r}. {remedy}"
            )

    return keras.callbacks.LambdaCallback(on_epoch_end=check)
