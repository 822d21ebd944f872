"""The batch-norm network as scikit-learn estimators, tuned inside ``fit`` when asked."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sturgeon.errors import InputError, SpaceError
from sturgeon.frameworks.sklearn.tables import as_table, has_text_or_gaps, is_table, of_pandas
from sturgeon.search import Search, search_by_name
from sturgeon.space import Config, Constant, Space, standard_space

if TYPE_CHECKING:
    from sturgeon.frameworks.sklearn.fitting import Fit
    from sturgeon.frameworks.sklearn.prepared import Rows

HYPERPARAMETERS = standard_space().names


class _NetworkEstimator(BaseEstimator):
    """What both estimators share: the parameters, and how they become a fit."""

    def __init__(
        self,
        *,
        learning_rate: float = 0.02,
        optimizer: str = "adam",
        momentum: float = 0.9,
        batch_size: int = 64,
        hidden_units: int = 128,
        dropout: float = 0.2,
        embedding: str = "none",
        layers: int = 3,
        schedule: str = "cosine",
        decay: float = 0.1,
        weight_decay: float = 0.5,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        activation: str = "relu",
        norm_momentum: float = 0.9,
        norm_epsilon: float = 1e-5,
        epochs: int = 100,
        tune: int | None = None,
        space: Space | None = None,
        search: Search | str | None = None,
        validation: float = 0.15,
        study: str | os.PathLike[str] | None = None,
        random_state: Any = None,
        folds: int = 1,
        ensemble: int = 8,
        bounds: bool | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.optimizer = optimizer
        self.momentum = momentum
        self.batch_size = batch_size
        self.hidden_units = hidden_units
        self.dropout = dropout
        self.embedding = embedding
        self.layers = layers
        self.schedule = schedule
        self.decay = decay
        self.weight_decay = weight_decay
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.activation = activation
        self.norm_momentum = norm_momentum
        self.norm_epsilon = norm_epsilon
        self.epochs = epochs
        self.tune = tune
        self.space = space
        self.search = search
        self.validation = validation
        self.study = study
        self.random_state = random_state
        self.folds = folds
        self.ensemble = ensemble
        self.bounds = bounds

    @property
    def network_(self) -> Any:
        """The trained network: a :class:`sturgeon.network.trained.TrainedNetwork`, or with folds several.

        Those are a :class:`sturgeon.network.ensemble.NetworkEnsemble`.
        """
        check_is_fitted(self)
        return self._fit.network

    @property
    def config_(self) -> Config:
        """The configuration it was trained with: the constructor's, or the best of the trials."""
        check_is_fitted(self)
        return dict(self._fit.config)

    @property
    def validation_value_(self) -> float | None:
        """The log loss, or the RMSE, of the best trial on the validation rows; None without ``tune``."""
        check_is_fitted(self)
        return self._fit.value

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fit")

    def _train(self, rows: Rows) -> None:
        # It loads JAX, which a process that only builds a pipeline should not pay for.
        from sturgeon.frameworks.sklearn.fitting import Tuning, fit_best, fit_one

        for name, least in (("epochs", 1), ("tune", 1), ("folds", 1), ("ensemble", 1)):
            value = getattr(self, name)
            if name == "tune" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise InputError(f"`{name}` must be a whole number from {least}; got {value!r}.")
        own: Config = {name: _plain(getattr(self, name)) for name in HYPERPARAMETERS}
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        if self.tune is None:
            for name in ("space", "search", "study"):
                if getattr(self, name) is not None:
                    raise InputError(
                        f"`{name}` is for tuning; got it with tune=None. Say how many trials: tune=32."
                    )
            self._fit: Fit = fit_one(rows, own, epochs=int(self.epochs), seed=seed, folds=int(self.folds))
            return
        search = search_by_name(self.search) if isinstance(self.search, str) else self.search
        place = ":memory:" if self.study is None else os.fspath(self.study)
        space = tuned_space(self.space, own)
        tuning = Tuning(int(self.tune), space, search, self.validation, place, int(self.ensemble))
        self._fit = fit_best(rows, tuning, epochs=int(self.epochs), seed=seed, folds=int(self.folds))

    def _rows_of(self, x: Any, y: Any, *, numeric: bool) -> tuple[Any, Any]:
        """Inputs as an array, or as a table where they have text or gaps, or bounds are wanted; and y."""
        # Whether predict gets a table is decided here.
        x = of_pandas(x)
        if is_table(x) and not x.columns.is_unique:
            twice = x.columns[x.columns.duplicated()][0]
            raise InputError(f"Each column must have a name of its own; got {twice!r} twice. Rename one.")
        self._own_names = has_text_or_gaps(x)
        self._takes_tables = self._own_names or bool(self.bounds)
        if not self._takes_tables:
            return self._numbers_of(x, y, numeric=numeric)
        if not self._own_names:  # numbers only: with all of scikit-learn's checks
            x, y = self._numbers_of(x, y, numeric=numeric)
            return as_table(x), y
        validate_data(self, x, skip_check_array=True)
        kind: Any = "numeric" if numeric else None
        y = check_array(y, ensure_2d=False, dtype=kind, input_name="y")
        check_consistent_length(x, y)
        if len(x) < 2:
            raise InputError(f"A network learns from 2 rows at least; got {len(x)}. Add rows.")
        return x, y

    def _numbers_of(self, x: Any, y: Any, *, numeric: bool) -> tuple[np.ndarray, np.ndarray]:
        checked: Any = validate_data(self, x, y, dtype=np.float64, ensure_min_samples=2, y_numeric=numeric)
        return checked

    def _inputs(self, x: Any) -> Any:
        check_is_fitted(self)
        x = of_pandas(x)
        if not self._takes_tables:
            return validate_data(self, x, dtype=np.float64, reset=False)
        named = hasattr(self, "feature_names_in_")
        own_names = getattr(self, "_own_names", named)
        if is_table(x):
            validate_data(self, x, reset=False, skip_check_array=True)
            return x if own_names else as_table(x.to_numpy())
        if own_names:
            raise InputError(
                f"What learnt from a table predicts for tables; got {type(x).__name__}. Give a data frame "
                "with the same columns."
            )
        return as_table(cast(np.ndarray, validate_data(self, x, dtype=np.float64, reset=False)))


class NetworkClassifier(ClassifierMixin, _NetworkEstimator):
    """The batch-norm network for classes: batch norm on z in each hidden layer, softmax at the end.

    Inputs are normalised inside, with the training rows' mean and standard deviation. With ``tune=32`` the
    hyperparameters are searched for first: 32 configurations train on a part of the rows, many at once, and
    are judged by their log loss on the rest; the best is trained again on all rows. The first of them is the
    constructor's own, where the space holds it.

    Args:
        learning_rate: α at the start, above 0.
        optimizer: ``"adam"``, ``"momentum"`` or ``"gradient_descent"``.
        momentum: β of ``"momentum"``, in [0, 1).
        batch_size: Rows of a mini-batch, from 2.
        hidden_units: Units of each hidden layer.
        dropout: The share of units left out in training.
        embedding: ``"none"``: of arrays there are no pieces of numbers.
        layers: Hidden layers.
        schedule: How α falls: ``"cosine"`` or ``"inverse_time"``.
        decay: The decay rate of ``"inverse_time"`` per epoch.
        weight_decay: The pull of the weights towards 0.
        beta1: Adam's β₁.
        beta2: Adam's β₂.
        epsilon: Adam's ε.
        activation: ``"relu"`` or ``"tanh"``.
        norm_momentum: The weight of the past in batch norm's running averages, in [0, 1).
        norm_epsilon: Batch norm's ε.
        epochs: How often every row is seen, at least 1.
        tune: How many configurations to try; None to train the constructor's.
        space: What may vary in tuning; :func:`sturgeon.standard_space` by default. What it leaves out keeps
            the constructor's value.
        search: A :class:`sturgeon.Search` or the name of one; coarse to fine by default.
        validation: The share of the rows that configurations are judged by, above 0 and below 1.
        study: A path or URL of a new study that keeps the trials; in memory by default.
        random_state: Equal numbers give equal networks on the same machine.
        folds: With 2 or more, a configuration trains so many networks, each on all rows but a fold, and they
            answer together, as sure as they are right on the rows that each did not see; fewer where a class
            is rarer. Then ``validation`` is not looked at.
        ensemble: With ``tune`` and ``folds``, the networks of at most so many trials answer together; 1 for
            the best trial alone.
        bounds: Whether numbers beyond the training rows' range are compressed smoothly, and a predicted
            number stays near the range of their targets. None for tables with text or gaps only.

    Raises:
        InputError: A value breaks its rule. It is a ValueError.
        RunError: The training diverged.

    Attributes:
        classes_: The labels, ``[classes]``.
        n_features_in_: How many inputs a row has.
        feature_names_in_: Their names, where ``fit`` was given a table with names.
        network_: The trained network.
        config_: The configuration it was trained with.
        validation_value_: The log loss it was chosen by; None without ``tune``.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> x, y = load_iris(return_X_y=True)
        >>> model = NetworkClassifier(hidden_units=16, layers=1, random_state=0).fit(x, y)
        >>> model.score(x, y) > 0.95, model.predict_proba(x).shape
        (True, (150, 3))
    """

    def fit(self, X: Any, y: Any) -> NetworkClassifier:
        """Train on rows.

        Args:
            X: ``[rows, features]``, numbers, at least 2 rows; or a data frame that may have text, categories
                and gaps, which are taken as ``sturgeon tune`` takes them.
            y: ``[rows]``, labels of at least 2 classes.

        Raises:
            ValueError: The rows break a rule of scikit-learn's, there is one class, or a parameter is wrong.
            RunError: The training diverged.
        """
        from sturgeon.frameworks.sklearn.prepared import Rows

        X, y = self._rows_of(X, y, numeric=False)
        check_classification_targets(y)
        classes, codes = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        if len(classes) < 2:
            raise InputError(
                f"A classifier needs 2 classes or more; got one class only, {classes.tolist()[0]!r}. "
                "Add rows of another."
            )
        self._train(Rows(X, codes, len(classes), self.bounds is not False))
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each row, ``[rows]``."""
        inputs = self._inputs(X)
        return self.classes_[self._fit.outputs(inputs).argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, ``[rows, classes]``, in the order of ``classes_``."""
        return softmax(self._fit_outputs(X), axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of each probability, ``[rows, classes]``."""
        return log_softmax(self._fit_outputs(X), axis=1)

    def _fit_outputs(self, x: Any) -> np.ndarray:
        inputs = self._inputs(x)
        return self._fit.outputs(inputs)


class NetworkRegressor(RegressorMixin, _NetworkEstimator):
    """The batch-norm network for a number: it learns the standardised target by squared error.

    All parameters are those of :class:`NetworkClassifier`. With ``tune``, configurations are judged by their
    root mean squared error on the validation rows.

    Attributes:
        n_features_in_: How many inputs a row has.
        feature_names_in_: Their names, where ``fit`` was given a table with names.
        network_: The trained network.
        config_: The configuration it was trained with.
        validation_value_: The RMSE it was chosen by, in the target's unit; None without ``tune``.

    Example:
        >>> from sklearn.datasets import load_diabetes
        >>> x, y = load_diabetes(return_X_y=True)
        >>> model = NetworkRegressor(hidden_units=16, layers=1, random_state=0).fit(x, y)
        >>> model.score(x, y) > 0.4, model.predict(x).shape
        (True, (442,))
    """

    def fit(self, X: Any, y: Any) -> NetworkRegressor:
        """Train on rows.

        Args:
            X: ``[rows, features]``, at least 2 rows, as for :class:`NetworkClassifier`.
            y: ``[rows]``, numbers.

        Raises:
            ValueError: The rows break a rule of scikit-learn's, or a parameter is wrong.
            RunError: The training diverged.
        """
        from sturgeon.frameworks.sklearn.prepared import Rows

        X, y = self._rows_of(X, y, numeric=True)
        numbers = column_or_1d(y, warn=True).astype(np.float64)
        self._train(Rows(X, numbers, 0, self.bounds is not False))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The number of each row, in the target's unit, ``[rows]``."""
        inputs = self._inputs(X)
        return self._fit.outputs(inputs)


def tuned_space(space: Space | None, own: Config) -> Space:
    """The space to tune in: what does not vary keeps the estimator's value, and what varies starts from it.

    Args:
        space: What the user says may vary; None for the standard space.
        own: The estimator's hyperparameters.

    Example:
        >>> from sturgeon.space import Real
        >>> own = {**standard_space().default(), "momentum": 0.9, "decay": 0.1, "hidden_units": 20}
        >>> tuned = tuned_space(Space(learning_rate=Real(0.1, 1.0, scale="log")), own)
        >>> tuned.coordinates, tuned["hidden_units"]
        (('learning_rate',), Constant(20))
    """
    base = standard_space() if space is None else space
    changed: dict[str, Any] = {}
    for name, value in own.items():
        if name not in base.names or (space is None and isinstance(base[name], Constant)):
            changed[name] = Constant(value)
        elif space is None or base[name].default is None:
            with contextlib.suppress(SpaceError):  # it may lie outside of what is to vary
                changed[name] = replace(base[name], default=value)
    return base.replace(**changed)


def _plain(value: Any) -> Any:
    """A hyperparameter as plain Python: searches of scikit-learn hand over NumPy's numbers."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, int | float | str):
        raise SpaceError(f"A hyperparameter must be a number or a text; got {plain!r}. Correct it.")
    return plain
