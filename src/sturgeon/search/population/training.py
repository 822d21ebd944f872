"""Population-based training: a population trains side by side, and the worst take over from the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sturgeon.errors import InputError
from sturgeon.search.base import Search
from sturgeon.search.record import Observation, Record
from sturgeon.search.settings import check_whole
from sturgeon.search.sobol import Sobol
from sturgeon.space import Choice, Config, Space

_TRIES = 100
"""How often a configuration is perturbed anew where the space's constraint forbids what came out."""


@dataclass(frozen=True, slots=True)
class Exploit:
    """A trial that is to begin where another one is.

    Attributes:
        parent: The trial whose checkpoint is copied.
        config: The configuration to go on with.
        generation: After which generation, from 1; 0 where the parent had ended in its first.
        replaces: The trial that ends for it; None where one had failed or was ended by hand. The parent
            itself where that had ended with its run, and goes on.
    """

    parent: int
    config: Config
    generation: int
    replaces: int | None


@dataclass(frozen=True)
class PopulationBasedTraining(Search):
    """Train a population side by side, and let the worst go on from checkpoints of the best (PBT).

    The first trials are spread evenly over the space, as by ``Sobol``. Each ``interval`` epochs are a
    generation: every trial is put aside at its end, and when all have got there, the worst quarter ends
    (exploit). For each of them a new trial begins from the checkpoint of one of the best quarter, with that
    one's configuration perturbed (explore). So hyperparameters change during a training, and what is found is
    a schedule: ``Study.lineage`` tells it. Each generation waits for its slowest trial; in return the
    same seed gives the same trials, whichever worker is faster.

    A training function (``st.tune``) must hand over checkpoints, and build its optimiser
    from ``trial.config`` after a checkpoint, too. Hyperparameters that shape the network cannot change
    with its weights: name in ``mutate`` those that can. In lanes (``sturgeon tune``, ``st.population``) all
    this is seen to. Trials that fail are replaced as the worst are. Members that end with their run, as
    its budget is over, go on in a later one, each as a copy of itself.
    ``trials``, if given, bounds all trials, copies included. Asked by hand (``Study.ask``), it is ``Sobol``.

    Source: Jaderberg et al., Population based training of neural networks, arXiv:1711.09846 (2017).

    Attributes:
        population: How many trials train at any time, at least 2.
        interval: How many epochs a generation has, at least 1.
        quantile: The share that is replaced, and the share that is copied, above 0 and up to 0.5; at least
            one trial each.
        resample: With which probability a hyperparameter is drawn anew, from 0 to 1.
        perturbation: By which share of its range, on its scale, a number is moved up or down otherwise,
            above 0 and below 1.
        mutate: Which hyperparameters change in a copy; None for all, in lanes for all that can.

    Example:
        >>> PopulationBasedTraining(population=8, interval=10, mutate=("learning_rate",)).mutate
        ('learning_rate',)
    """

    name: ClassVar[str] = "population"
    learns: ClassVar[bool] = False

    population: int = 16
    interval: int = 5
    quantile: float = 0.25
    resample: float = 0.25
    perturbation: float = 0.1
    mutate: Sequence[str] | None = None

    def __post_init__(self) -> None:
        example = "PopulationBasedTraining(population=16, interval=5)"
        check_whole("population", self.population, least=2, example=example)
        check_whole("interval", self.interval, least=1, example=example)
        for name, fits, rule in (
            ("quantile", lambda x: 0 < x <= 0.5, "above 0 and up to 0.5"),
            ("resample", lambda x: 0 <= x <= 1, "from 0 to 1"),
            ("perturbation", lambda x: 0 < x < 1, "above 0 and below 1"),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not fits(value):
                raise InputError(f"`{name}` must be a number {rule}; got {value!r}. Leave it out.")
        if self.mutate is not None:
            names = () if isinstance(self.mutate, str) else tuple(self.mutate)
            if not names or not all(isinstance(name, str) for name in names):
                raise InputError(
                    f"`mutate` must be names of hyperparameters; got {self.mutate!r}. Write "
                    '("learning_rate",).'
                )
            object.__setattr__(self, "mutate", names)

    def suggest(self, space: Space, record: Record, count: int, rng: np.random.Generator) -> list[Config]:
        """Propose members of the first population; see ``Search.suggest``."""
        return Sobol().suggest(space, record, count, rng)

    def check_space(self, space: Space) -> None:
        """Check that what is to change is there.

        Raises:
            InputError: ``mutate`` names something that does not vary.
        """
        for name in self.mutate or ():
            if name not in space.coordinates:
                raise InputError(
                    f"`mutate` must name hyperparameters that vary; got {name!r}, the space has "
                    f"{list(space.coordinates)}. Correct the name."
                )

    # -- generations -----------------------------------------------------------------------------

    def generation(self, trial: Observation) -> int:
        """Tell how many generations a trial has been through."""
        return trial.curve[-1][0] // self.interval if trial.curve else 0

    def decided(self, record: Record) -> int:
        """Tell after how many generations copies were made."""
        return max((one.copied.generation for one in record if one.copied is not None), default=0)

    def exploit(self, space: Space, record: Record, rng: np.random.Generator) -> list[Exploit]:
        """Say which trials are to begin from which, if all of a generation are through with it.

        Args:
            space: What may vary.
            record: All trials.
            rng: The only source of randomness.

        Returns:
            The copies, for the worst trials first; none while a trial is still at it.
        """
        generation = self.decided(record) + 1
        replaced = {one.copied.replaces for one in record if one.copied is not None}
        open_trials = [
            one
            for one in record
            if one.state in ("waiting", "running", "paused") and one.number not in replaced
        ]
        members = [one for one in open_trials if one.state == "paused" and self.generation(one) >= generation]
        if len(members) < len(open_trials) or not members:
            return []
        ranked = sorted(members, key=lambda one: (self._value(one, generation), one.number))
        begun = sum(one.copied is None for one in record)
        done = sum(one.state == "complete" for one in record)
        gone = max(0, begun - len(members) - done)  # failed, or ended by hand
        count = max(1, math.floor(self.quantile * (len(members) + gone)))
        best = ranked[: min(count, max(1, len(ranked) // 2))]
        worst = ranked[len(best) :][::-1][: max(0, count - gone)]
        places = [*(one.number for one in worst), *[None] * gone]
        copies: list[Exploit] = []
        for place in places:
            parent = best[int(rng.integers(len(best)))]
            copies.append(Exploit(parent.number, self.explore(space, parent, rng), generation, place))
        return copies

    def _value(self, trial: Observation, generation: int) -> float:
        """The value at the end of a generation: the first there is from then on."""
        until = generation * self.interval
        return next((value for step, value in trial.curve if step >= until), math.inf)

    def explore(self, space: Space, parent: Observation, rng: np.random.Generator) -> Config:
        """Perturb a configuration: move each number on its scale, or draw it anew now and then."""
        config = dict(parent.config)
        may_change = set(self.mutate or space.coordinates)
        for _ in range(_TRIES):
            point = space.to_unit([config])[0]
            for place, name in enumerate(space.coordinates):
                if name not in may_change or math.isnan(point[place]):
                    continue
                if rng.random() < self.resample:
                    point[place] = rng.random()
                elif not isinstance(space[name], Choice):
                    moved = point[place] + self.perturbation * (1 if rng.random() < 0.5 else -1)
                    point[place] = min(max(moved, 0.0), 1.0)
            newly_active = np.where(np.isnan(point), rng.random(len(point)), point)
            found = space.from_unit(newly_active[None])[0]
            kept = {name: config[name] for name in found if name in config and name not in may_change}
            changed = {**found, **kept}
            if space.satisfies(changed):
                return changed
        return config  # pyright: ignore[reportReturnType]  (the parent's, as the search made it)
