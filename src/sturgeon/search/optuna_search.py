"""Any Optuna sampler as a search."""

from __future__ import annotations

import contextlib
import copy
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sturgeon.errors import InputError, MissingExtra
from sturgeon.search.base import Search
from sturgeon.search.record import Observation, Record
from sturgeon.search.unseen import Unseen, fill
from sturgeon.space import Choice, Config, Integer, Real, Scalar, Space, Varying

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

SAMPLERS: Mapping[str, str] = {
    "tpe": "TPESampler",
    "gp": "GPSampler",
    "cmaes": "CmaEsSampler",
    "random": "RandomSampler",
    "qmc": "QMCSampler",
    "nsgaii": "NSGAIISampler",
}
REMEMBER_NOTHING = ("TPESampler", "GPSampler", "RandomSampler", "BruteForceSampler")
FRUITLESS_ASKS = 32


@dataclass(frozen=True)
class OptunaSearch(Search):
    """Ask an Optuna sampler; needs the extra ``optuna``.

    For comparisons, and for whoever trusts a sampler of Optuna's. At each suggestion an Optuna study is
    made in memory from the record and asked as if it had run there. A Real is handed over by its
    coordinate in the unit cube, so that every scale, reverse log too, is the sampler's linear one; an Integer
    by its rank on its scale (a power of two by its exponent), a Choice by the number of the option. A
    hyperparameter that is not active is not asked for. What the constraint forbids or the record has already
    is given back as failed and asked for again; after 32 in vain the rest is drawn at random.

    A sampler that keeps a state in Optuna's trials (CMA-ES, NSGA-II, QMC) is led through the whole record
    at each suggestion, which takes about a millisecond a trial. The others only read it.

    Randomness comes from the generator alone: a sampler is made anew with a seed drawn from it. QMC, whose
    points belong together, takes its own ``seed`` option, by default 0. An object is copied, and NumPy's
    random states inside the copy are seeded. A study keeps only the name of an object's class, so it is
    opened again with ``Study.open(place, search=OptunaSearch(sampler))``.

    Attributes:
        sampler: ``"tpe"``, ``"gp"``, ``"cmaes"``, ``"random"``, ``"qmc"``, ``"nsgaii"``, or a sampler object.
        options: Arguments of a named sampler, as plain JSON: ``{"multivariate": True}``.

    Example:
        >>> from sturgeon.space import Real
        >>> search = OptunaSearch("tpe", {"n_startup_trials": 5})
        >>> len(search.suggest(Space(x=Real(0.0, 1.0)), Record(), 3, np.random.default_rng(0)))
        3
    """

    name: ClassVar[str] = "optuna"

    sampler: str | BaseSampler = "tpe"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.sampler, str) and self.sampler not in SAMPLERS:
            raise InputError(
                f"An Optuna sampler must be one of {', '.join(SAMPLERS)}, or an object; "
                f"got {self.sampler!r}. Correct the name."
            )
        if not isinstance(self.sampler, str) and not _is_sampler(self.sampler):
            raise InputError(
                f"An Optuna sampler must be one of {', '.join(SAMPLERS)}, or an object; got "
                f"{self.sampler!r}. Write OptunaSearch('tpe') or OptunaSearch(optuna.samplers.TPESampler())."
            )
        if not isinstance(self.options, Mapping):
            raise InputError(
                f"`options` must map arguments to values; got {self.options!r}. "
                "Write {'multivariate': True}."
            )
        if not isinstance(self.sampler, str) and self.options:
            raise InputError(
                f"`options` go with a named sampler; got {dict(self.options)!r} and an object. "
                "Give them to the object itself."
            )
        if "seed" in self.options and self.sampler != "qmc":
            raise InputError(
                "A sampler's seed comes from the study; got `seed` among the options. Leave it out."
            )

    def check_installed(self) -> None:
        """Check that Optuna is there; see ``Search.check_installed``."""
        with _quiet_optuna(self.sampler):
            pass

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Ask the sampler for up to ``count`` new configurations; see ``Search.suggest``.

        Raises:
            MissingExtra: Optuna, or a package that the sampler needs, is not installed.
            InputError: The sampler does not take these options.
        """
        batch = Unseen(record, count)
        if space.coordinates:
            with _quiet_optuna(self.sampler):
                study = _study_of(space, record, self._make_sampler(int(rng.integers(2**31))))
                _gather(batch, study, space)
        fill(batch, space, lambda size: space.sample(size, rng), rng)
        return batch.configs()

    def _make_sampler(self, seed: int) -> BaseSampler:
        import optuna

        if not isinstance(self.sampler, str):
            copied = copy.deepcopy(self.sampler)
            _seed_states(copied, np.random.SeedSequence(seed))
            return copied
        kind = getattr(optuna.samplers, SAMPLERS[self.sampler])
        fixed = {"seed": 0} if self.sampler == "qmc" else {"seed": seed}
        try:
            return kind(**{**fixed, **self.options})
        except TypeError as error:
            raise InputError(
                f"`options` must be arguments of Optuna's {kind.__name__}; "
                f"got {dict(self.options)!r} ({error}). Correct them."
            ) from None


def _is_sampler(given: object) -> bool:
    """Whether something can be asked as Optuna asks its samplers; a class cannot."""
    return not isinstance(given, type) and callable(getattr(given, "sample_independent", None))


def _study_of(space: Space, record: Record, sampler: BaseSampler) -> Study:
    """An Optuna study in memory that has run what is in the record."""
    import optuna

    study = optuna.create_study(sampler=sampler, direction="minimize")
    replay = type(sampler).__name__ not in REMEMBER_NOTHING
    trials = sorted(record, key=lambda one: one.number)
    params = _to_params(space, [one.config for one in trials])
    for one, (values, distributions) in zip(trials, params, strict=True):
        if replay:
            study.enqueue_trial(values)
            trial = study.ask(distributions)
            _ = trial.relative_params  # the sampler writes its state down while it makes these
            _replay(study, trial, one)
        else:
            study.add_trial(
                optuna.trial.create_trial(
                    state=_state_of(one),
                    value=one.value if _state_of(one).name == "COMPLETE" else None,
                    params=values,
                    distributions=distributions,
                    intermediate_values=dict(one.curve),
                )
            )
    return study


def _replay(study: Study, trial: Any, one: Observation) -> None:
    state = _state_of(one)
    for step, value in one.curve:
        trial.report(value, step)
    if state.is_finished():
        study.tell(trial, one.value if state.name == "COMPLETE" else None, state=state)


def _state_of(one: Observation) -> Any:
    from optuna.trial import TrialState

    if one.state == "complete" and one.value is not None and math.isfinite(one.value):
        return TrialState.COMPLETE
    if one.state in ("complete", "failed"):
        return TrialState.FAIL
    return TrialState.PRUNED if one.state == "stopped" else TrialState.RUNNING


def _gather(batch: Unseen, study: Study, space: Space) -> None:
    """Ask until enough is there, or too often in vain."""
    from optuna.trial import TrialState

    fruitless = 0
    while batch.missing and fruitless < FRUITLESS_ASKS:
        trial = study.ask()
        config = _suggest_config(trial, space)
        if space.satisfies(config) and batch.offer(config):
            fruitless = 0
        else:
            fruitless += 1
            study.tell(trial, state=TrialState.FAIL)


def _to_params(
    space: Space, configs: Sequence[Mapping[str, object]]
) -> list[tuple[dict[str, Any], dict[str, BaseDistribution]]]:
    """Give configurations as Optuna's parameters, each with its distributions.

    An exchange of studies keeps every value as it is (``sturgeon.study.optuna``); a sampler is better
    served by coordinates and ranks.

    Raises:
        SpaceError: A configuration is not of this space.
    """
    distributions = {name: _distribution(space[name]) for name in space.coordinates}
    points = space.to_unit(configs)
    found = []
    for config, point in zip(configs, points.tolist(), strict=True):
        active = [(name, unit) for name, unit in zip(space.coordinates, point, strict=True) if name in config]
        params = {name: _param(space[name], config[name], unit) for name, unit in active}
        found.append((params, {name: distributions[name] for name in params}))
    return found


def _distribution(item: Any) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(item, Real):
        return FloatDistribution(0.0, 1.0)
    if isinstance(item, Choice):
        every = range(item.size)
        return IntDistribution(0, item.size - 1) if item.ordered else CategoricalDistribution(tuple(every))
    assert isinstance(item, Integer)
    return IntDistribution(*_ranks(item), log=item.scaling.is_log)


def _param(item: Any, value: Any, unit: float) -> Any:
    if isinstance(item, Real):
        return unit
    return int(item.encode([value])[0]) if isinstance(item, Choice) else item.scaling.rank(value)


def _suggest_config(trial: Trial, space: Space) -> Config:
    """Ask an Optuna trial for a value of everything that is active, parents before children."""
    config: Config = {}
    while found := [n for n in space.names if n not in config and space.is_active(n, config)]:
        for name in found:
            item = space[name]
            config[name] = _ask(trial, name, item) if isinstance(item, Varying) else item.start()
    return {name: config[name] for name in space.names if name in config}


def _ask(trial: Trial, name: str, item: Varying) -> Scalar:
    if isinstance(item, Real):
        return item.value_at(trial.suggest_float(name, 0.0, 1.0))
    if isinstance(item, Choice):
        every = tuple(range(item.size))
        chosen = (
            trial.suggest_int(name, 0, every[-1]) if item.ordered else trial.suggest_categorical(name, every)
        )
        return item.as_given(item.options[chosen])
    assert isinstance(item, Integer)
    return item.scaling.at_rank(trial.suggest_int(name, *_ranks(item), log=item.scaling.is_log))


def _ranks(item: Integer) -> tuple[int, int]:
    return item.scaling.rank(item.low), item.scaling.rank(item.high)


@contextlib.contextmanager
def _quiet_optuna(sampler: Any) -> Iterator[None]:
    """Have Optuna say nothing of its study, and say in one line what is missing."""
    try:
        import optuna
    except ImportError:
        raise MissingExtra(
            'OptunaSearch needs Optuna, which is not installed; run: pip install "sturgeon[optuna]".'
        ) from None
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise MissingExtra(
            f"Optuna's sampler {sampler!r} needs a package that is not installed "
            f"({str(error).splitlines()[0]}); install it with pip."
        ) from None
    finally:
        optuna.logging.set_verbosity(before)


def _seed_states(sampler: object, seeds: np.random.SeedSequence) -> None:
    """Seed every NumPy random state inside an object, each with its own seed."""
    waiting, seen = [sampler], set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        state = getattr(thing, "rng", None) if type(thing).__name__ == "LazyRandomState" else thing
        if isinstance(state, np.random.RandomState):
            state.seed(seeds.spawn(1)[0].generate_state(4))
        elif hasattr(thing, "__dict__") and not isinstance(thing, type):
            waiting += [value for _, value in sorted(vars(thing).items())]
