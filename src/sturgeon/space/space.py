"""The space: named hyperparameters, their conditions and a constraint."""

from __future__ import annotations

import json
import numbers
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Hyperparameter, Varying, shown
from sturgeon.space.checks import (
    check_known,
    check_members,
    check_names,
    is_keyword_name,
    parse_constraint,
)
from sturgeon.space.conditions import Conditions, prune
from sturgeon.space.config import Config, is_structure
from sturgeon.space.configs import Configs
from sturgeon.space.constraint import Constraint, Expression, callable_name, holds
from sturgeon.space.description import Description, describe
from sturgeon.space.drawing import HOPELESS, as_generator, draw_satisfying
from sturgeon.space.json_form import read_space, write_space
from sturgeon.space.narrowing import evenly_spaced, narrowed
from sturgeon.space.scales import Floats
from sturgeon.views import view_of

LISTABLE = 50_000

Unchanged = Literal["unchanged"]


class Space(Mapping[str, Hyperparameter]):
    """What may vary: a read-only mapping from names to hyperparameters.

    Args:
        named: Hyperparameters in a dict, for names that cannot be those of arguments:
            ``Space({"max-depth": Integer(2, 8), "lambda": Real(0, 1)})``.
        constraint: A function from a configuration to a bool, or an expression such as
            ``"batch_size <= 4 * hidden_units"``; a name that is no identifier stands in backticks there.
            Inactive hyperparameters are absent from a configuration; a comparison that names one counts
            as satisfied.
        hyperparameters: By name, in the order of the unit cube's coordinates, after those of ``named``.

    Raises:
        SpaceError: No hyperparameter, a name given twice or not printable, a condition or a constraint that
            breaks a rule.

    Attributes:
        names: All names in order of declaration.
        coordinates: The names that have a coordinate in the unit cube: all but the constants.
        constraint: None, an Expression or the function.

    Example:
        >>> from sturgeon.space import Choice, Real
        >>> space = Space(
        ...     learning_rate=Real(1e-4, 1.0, scale="log", priority=1),
        ...     optimizer=Choice(("adam", "momentum")),
        ...     momentum=Real(0.9, 0.999, scale="reverse_log", when={"optimizer": "momentum"}),
        ... )
        >>> space.default()
        {'learning_rate': 0.01, 'optimizer': 'adam'}
        >>> space.to_unit([{"learning_rate": 0.01, "optimizer": "adam"}]).tolist()
        [[0.5, 0.25, nan]]
    """

    def __init__(
        self,
        named: Mapping[str, Hyperparameter] | None = None,
        /,
        *,
        constraint: Constraint | str | None = None,
        **hyperparameters: Hyperparameter,
    ) -> None:
        hyperparameters = _joined(named, hyperparameters)
        check_names(hyperparameters)
        self._hyperparameters = MappingProxyType(dict(hyperparameters))
        self._conditions = Conditions(self._hyperparameters)
        self.names: tuple[str, ...] = tuple(hyperparameters)
        self._names = frozenset(hyperparameters)
        self.coordinates: tuple[str, ...] = tuple(
            name for name, item in hyperparameters.items() if isinstance(item, Varying)
        )
        self.constraint: Constraint | None = parse_constraint(constraint, self._hyperparameters)

    # --- looking at it ---

    def __getitem__(self, name: str) -> Hyperparameter:
        return self._hyperparameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hyperparameters)

    def __len__(self) -> int:
        return len(self._hyperparameters)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        same = self.names == other.names and self.constraint == other.constraint
        return same and all(self[name] == other[name] for name in self.names)

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_json()))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return view_of("space.html", self)

    def __repr__(self) -> str:
        parts = [f"{name}={item!r}" for name, item in self.items()]
        if not all(map(is_keyword_name, self)):
            parts = ["{" + ", ".join(f"{name!r}: {item!r}" for name, item in self.items()) + "}"]
        if self.constraint is not None:
            parts.append(f"constraint={self._constraint_text()!r}")
        return f"Space({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (dict(self), self.constraint)

    @property
    def size(self) -> int | float:
        """How many distinct configurations there are before the constraint; ``math.inf`` with a Real."""
        return self._conditions.count()

    def describe(self) -> Description:
        """Tell what will be drawn; print it for a table, or read its ``rows``.

        Example:
            >>> from sturgeon.space import Real
            >>> rows = Space(momentum=Real(0.9, 0.999, scale="reverse_log")).describe().rows
            >>> rows[0]["quantiles"][50]
            0.99
        """
        return describe(self._hyperparameters, self._constraint_text())

    def is_active(self, name: str, config: Mapping[str, object]) -> bool:
        """Tell whether ``name`` is active, given the values of the others in ``config``.

        Raises:
            SpaceError: The space has no such name.
        """
        check_known(self._hyperparameters, [name])
        return self._conditions.is_active(name, config)

    def validate(self, config: Mapping[str, object]) -> None:
        """Check that a configuration belongs to the space.

        Args:
            config: A value of the right type for every active hyperparameter and nothing else.

        Raises:
            SpaceError: A name is unknown, missing or inactive, a value is outside its range or
                of another type (a Real takes floats only), or the constraint does not hold.
        """
        check_members(config, self._hyperparameters, self._conditions)
        if not self.satisfies(config):
            raise SpaceError(
                f"A configuration must satisfy the constraint {self._constraint_text()}; "
                f"got {dict(config)!r}. "
                "Change one of its values."
            )

    def satisfies(self, config: Mapping[str, Any]) -> bool:
        """Tell whether a configuration of this space satisfies the constraint; True without one."""
        return self.constraint is None or holds(self.constraint, dict(config), self._names)

    def as_given(self, config: Mapping[str, Any]) -> Config:
        """Give a configuration that was read from JSON with each option in the type it was declared with.

        Example:
            >>> from sturgeon.space import Choice
            >>> Space(hidden=Choice([(50,), (50, 50)])).as_given({"hidden": [50, 50]})
            {'hidden': (50, 50)}
        """
        if not any(map(is_structure, config.values())):
            return dict(config)
        return {name: self[name].as_given(value) if name in self else value for name, value in config.items()}

    def default(self) -> Config:
        """Give the configuration of defaults: the median of what is drawn where none is set.

        Raises:
            SpaceError: The defaults together break the constraint.
        """
        config: Config = {}
        for name in self._conditions.order:
            if self._conditions.is_active(name, config):
                config[name] = self[name].start()
        config = {name: config[name] for name in self.names if name in config}
        if not self.satisfies(config):
            raise SpaceError(
                f"The defaults must satisfy the constraint {self._constraint_text()}; got {config!r}. "
                "Set `default` of one of them."
            )
        return config

    # --- many configurations at once ---

    def sample(self, count: int, rng: np.random.Generator | int) -> Configs:
        """Draw configurations at random, each hyperparameter on its scale (N3, N5 of the notes).

        Args:
            count: How many, from 0. They are independent: a finite space may repeat itself.
            rng: A generator, or an integer seed for one.

        Returns:
            A read-only sequence of ``count`` dicts, kept in columns.

        Raises:
            SpaceError: ``count`` or ``rng`` is wrong, or nothing satisfies the constraint: none of 50,000
                draws in a row and, in a space of up to 50,000 configurations, none of all. (Where the
                draws fail and the list does not, the listed ones get equal chances.)

        Example:
            >>> from sturgeon.space import Integer
            >>> list(Space(layers=Integer(2, 4)).sample(2, 0))
            [{'layers': 3}, {'layers': 2}]
        """
        generator = as_generator(rng)
        if not isinstance(count, numbers.Integral) or count < 0:
            raise SpaceError(
                f"`count` must be a whole number from 0; got {shown(count)}. Say how many to draw."
            )
        if self.constraint is None:
            return self._draw(int(count), generator)
        kept = draw_satisfying(lambda size: self._draw(size, generator), self._verdicts, int(count))
        return self._chosen_from_list(int(count), generator) if kept is None else kept

    def to_unit(self, configs: Sequence[Mapping[str, object]]) -> Floats:
        """Map configurations to points of the unit cube.

        Args:
            configs: ``n`` configurations; the constraint is not asked.

        Returns:
            A float64 array of shape ``n × d``, a column for each of ``coordinates``; NaN where a
            hyperparameter is inactive; for an Integer or a Choice the middle of the value's stretch.

        Raises:
            SpaceError: A configuration is not of this space.
        """
        if not isinstance(configs, Configs) or configs.hyperparameters is not self._hyperparameters:
            try:
                configs = Configs.from_dicts(configs, self._hyperparameters, self._conditions)
            except SpaceError:
                # Slower, one by one, and with a message that says what is wrong and where.
                for config in configs:
                    check_members(config, self._hyperparameters, self._conditions)
                raise
        return configs.to_unit()

    def from_unit(self, unit: npt.ArrayLike) -> Configs:
        """Map points of the unit cube to configurations; the inverse of ``to_unit``.

        Values are the quantiles of what ``sample`` draws, before the constraint, which is not asked.

        Args:
            unit: An array of shape ``n × d``, values in [0, 1]; anything (also NaN) where a
                hyperparameter is inactive.

        Returns:
            A read-only sequence of ``n`` dicts, kept in columns.

        Raises:
            SpaceError: The shape is wrong, or the coordinate of an active hyperparameter is outside [0, 1].
        """
        return Configs.from_unit(unit, self._hyperparameters, self._conditions)

    def configurations(self) -> Iterator[Config]:
        """Yield every configuration that satisfies the constraint; the last declared varies fastest.

        Raises:
            SpaceError: The space has a Real, so the configurations cannot be listed.
        """
        return (config for config in self._conditions.configurations() if self.satisfies(config))

    # --- other spaces made from it ---

    def narrow(self, /, **ranges: Any) -> Space:
        """Make a space inside this one (coarse to fine, N4 of the notes).

        Args:
            ranges: By name a pair ``(low, high)`` inside the old range, a tuple of options of a
                Choice, or a single value, which makes a Constant.

        Returns:
            A new space. Scales, priorities and conditions stay; a default stays if it is still
            inside. A hyperparameter whose condition can no longer hold is dropped.

        Raises:
            SpaceError: A name is unknown, or a range is not inside the old one.

        Example:
            >>> from sturgeon.space import Real
            >>> space = Space(learning_rate=Real(1e-4, 1.0, scale="log", default=0.5))
            >>> space.narrow(learning_rate=(1e-3, 0.1))
            Space(learning_rate=Real(0.001, 0.1, scale='log'))
        """
        check_known(self._hyperparameters, ranges)
        changed = {name: narrowed(name, self[name], to) for name, to in ranges.items()}
        return self._derive({**self, **changed}, self.constraint)

    def replace(
        self,
        named: Mapping[str, Hyperparameter] | None = None,
        /,
        *,
        constraint: Constraint | str | Unchanged | None = "unchanged",
        **hyperparameters: Hyperparameter,
    ) -> Space:
        """Make a space with some hyperparameters replaced or added.

        Args:
            named: Hyperparameters in a dict, for names that cannot be those of arguments.
            constraint: The new constraint; ``"unchanged"`` keeps the old one.
            hyperparameters: By name; a known name keeps its place, a new one comes last.

        Returns:
            A new space. An old hyperparameter whose condition can no longer hold is dropped.

        Raises:
            SpaceError: The new space would break a rule.
        """
        hyperparameters = _joined(named, hyperparameters)
        check_names(hyperparameters, may_be_empty=True)
        new = self.constraint if isinstance(constraint, str) and constraint == "unchanged" else constraint
        return self._derive({**self, **hyperparameters}, new, set(hyperparameters))

    def grid(self, points: int) -> Space:
        """Make a finite space of evenly spaced values: every Real and Integer becomes a Choice.

        Args:
            points: Values each, at least 2, evenly spaced on the scale with both ends included; an
                Integer has fewer where it has fewer values.

        Returns:
            A new space, its priorities and conditions as here. A hyperparameter whose condition
            no longer occurs is dropped.

        Raises:
            SpaceError: ``points`` is below 2.

        Example:
            >>> from sturgeon.space import Real
            >>> Space(learning_rate=Real(1e-4, 1.0, scale="log")).grid(3)["learning_rate"]
            Choice((0.0001, 0.01, 1.0))
        """
        if points < 2:
            raise SpaceError(f"`points` must be 2 or more; got {points!r}. Write grid(5).")
        coarse = {name: evenly_spaced(item, points) for name, item in self.items()}
        return self._derive(coarse, self.constraint)

    # --- JSON ---

    def to_json(self) -> dict[str, Any]:
        """Write the space as a plain dict that ``json.dumps`` accepts.

        A constraint that is a function does not travel: only its name is written.
        """
        return write_space(self._hyperparameters, self.constraint)

    @staticmethod
    def from_json(data: Mapping[str, Any], constraint: Constraint | None = None) -> Space:
        """Read a space from the dict that ``to_json`` wrote; runs no code from it.

        Args:
            data: The dict.
            constraint: The function, where the space was written with one.

        Raises:
            SpaceError: The dict is not of that form, or a function is missing or not asked for.
        """
        hyperparameters, constraint = read_space(data, constraint)
        return Space(hyperparameters, constraint=constraint)

    # --- inner workings ---

    def _draw(self, count: int, rng: np.random.Generator) -> Configs:
        return self.from_unit(rng.random((count, len(self.coordinates))))

    def _verdicts(self, configs: Configs) -> Iterator[bool]:
        """Judge configurations by the constraint; an expression needs only the names in it."""
        if isinstance(self.constraint, Expression):
            needed = tuple(name for name in self.names if name in self.constraint.names)
            return map(self.constraint, configs.parts(needed))
        return map(self.satisfies, configs)

    def _chosen_from_list(self, count: int, rng: np.random.Generator) -> Configs:
        """Choose among all that satisfies the constraint, with equal chances, where draws find none."""
        satisfying = list(self.configurations()) if self.size <= LISTABLE else []
        if not satisfying:
            raise SpaceError(
                f"Some configuration must satisfy the constraint; got none among {HOPELESS:,} draws for "
                f"{self._constraint_text()}. Loosen the constraint or change the ranges."
            )
        chosen = [satisfying[index] for index in rng.integers(len(satisfying), size=count)]
        return Configs.from_dicts(chosen, self._hyperparameters, self._conditions)

    def _derive(
        self,
        hyperparameters: Mapping[str, Hyperparameter],
        constraint: Constraint | str | None,
        new_names: Collection[str] = (),
    ) -> Space:
        kept = prune(hyperparameters, new_names)
        if isinstance(constraint, Expression):
            dropped = constraint.names - kept.keys() & {*self.names, *constraint.absent}
            constraint = Expression(constraint.text, tuple(dropped))
        return Space(kept, constraint=constraint)

    def _constraint_text(self) -> str | None:
        if isinstance(self.constraint, Expression):
            return self.constraint.text
        return None if self.constraint is None else callable_name(self.constraint)


def _rebuild(hyperparameters: dict[str, Hyperparameter], constraint: Constraint | None) -> Space:
    return Space(hyperparameters, constraint=constraint)


def _joined(named: Any, others: Mapping[str, Hyperparameter]) -> dict[str, Hyperparameter]:
    """Put the two ways of naming hyperparameters together."""
    if named is not None and not isinstance(named, Mapping):
        raise SpaceError(
            f"A space takes hyperparameters by name, or a dict of them; got {shown(named)}. "
            "Write Space(layers=Integer(2, 4)) or Space({'max-depth': Integer(2, 8)})."
        )
    both = [name for name in others if named and name in named]
    if both:
        raise SpaceError(f"A hyperparameter is given once; got {both[0]!r} twice. Leave one out.")
    return {**(named or {}), **others}
