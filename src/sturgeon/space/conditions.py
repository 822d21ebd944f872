"""Which hyperparameters are active: the ``when`` conditions of a space, seen as a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from sturgeon.errors import SpaceError
from sturgeon.space.base import Codes, Hyperparameter, Varying
from sturgeon.space.config import Config, Scalar, scalar_key
from sturgeon.space.hyperparameters import Real

Mask = npt.NDArray[np.bool_]

_OTHER = object()


class Conditions:
    """The graph of the ``when`` conditions: checked once, then asked who is active.

    Args:
        hyperparameters: The hyperparameters by name, in order of declaration.

    Raises:
        SpaceError: A condition names an unknown hyperparameter, a Real or a value that cannot
            occur, or the conditions go in a circle.
    """

    def __init__(self, hyperparameters: Mapping[str, Hyperparameter]) -> None:
        self._hyperparameters = hyperparameters
        for name, hyperparameter in hyperparameters.items():
            for parent, wanted in hyperparameter.conditions.items():
                _check_condition(name, parent, wanted, hyperparameters)
        self.order = _parents_first(hyperparameters)
        self._wanted = {
            name: {
                parent: {scalar_key(value): value for value in values}
                for parent, values in hyperparameter.conditions.items()
            }
            for name, hyperparameter in hyperparameters.items()
        }

    def is_active(self, name: str, config: Mapping[str, object]) -> bool:
        """Tell whether ``name`` is active, given the values of its parents in ``config``."""
        return all(
            parent in config and scalar_key(config[parent]) in keys and self.is_active(parent, config)
            for parent, keys in self._wanted[name].items()
        )

    def masks(self, codes: Mapping[str, Codes], count: int) -> dict[str, Mask | None]:
        """Tell for ``count`` configurations at once which hyperparameters are active.

        Args:
            codes: The codes of every varying hyperparameter that has children, whether active or not.
            count: How many configurations there are.

        Returns:
            By name a mask of length ``count``, or None for one that is always active.
        """
        masks: dict[str, Mask | None] = {}
        for name in self.order:
            mask: Mask | None = None
            for parent, wanted in self._hyperparameters[name].conditions.items():
                met = self._met(parent, wanted, codes)
                for part in (met, masks[parent]):
                    if part is not None:
                        mask = part.copy() if mask is None else mask & part
            masks[name] = mask
        return {name: masks[name] for name in self._hyperparameters}

    def _met(self, parent: str, wanted: tuple[Scalar, ...], codes: Mapping[str, Codes]) -> Mask | None:
        hyperparameter = self._hyperparameters[parent]
        if not isinstance(hyperparameter, Varying):
            # A condition on a constant was checked to hold, so it always does.
            return None
        return np.isin(codes[parent], hyperparameter.encode(list(wanted)))

    def count(self) -> int | float:
        """Count the distinct configurations, group by group of hyperparameters that hang together."""
        total: int | float = 1
        for group in self._groups():
            total *= self._count_group(group, 0, {})
        return total

    def _groups(self) -> list[list[str]]:
        """Split the names, parents first, into groups with no condition between them."""
        group_of = {name: {name} for name in self.order}
        for name in self.order:
            for parent in self._wanted[name]:
                if group_of[parent] is not group_of[name]:
                    merged = group_of[parent] | group_of[name]
                    for job in merged:
                        group_of[job] = merged
        distinct = {id(group): group for group in group_of.values()}
        return [[name for name in self.order if name in group] for group in distinct.values()]

    def _count_group(self, group: list[str], position: int, assigned: dict[str, object]) -> int | float:
        if position == len(group):
            return 1
        name = group[position]
        size = self._hyperparameters[name].size
        if not self.is_active(name, assigned):
            return self._count_group(group, position + 1, assigned)
        asked: dict[tuple[str, object], Scalar] = {}
        for wanted in self._wanted.values():
            asked |= wanted.get(name, {})
        total: int | float = 0
        for value in asked.values():
            total += self._count_group(group, position + 1, assigned | {name: value})
        if size > len(asked):
            # All the values no child asks for behave alike, so they are counted once and multiplied.
            rest = self._count_group(group, position + 1, assigned | {name: _OTHER})
            total += (size - len(asked)) * rest
        return total

    def configurations(self) -> Iterator[Config]:
        """Yield every configuration of a finite space; the last declared varies fastest."""
        for assigned in self._walk(0, {}):
            yield {name: assigned[name] for name in self._hyperparameters if name in assigned}

    def _walk(self, position: int, assigned: Config) -> Iterator[Config]:
        if position == len(self.order):
            yield assigned
            return
        name = self.order[position]
        if not self.is_active(name, assigned):
            yield from self._walk(position + 1, assigned)
            return
        for value in self._hyperparameters[name].values():
            assigned[name] = value
            yield from self._walk(position + 1, assigned)
        del assigned[name]


def prune(
    hyperparameters: Mapping[str, Hyperparameter], untouched: Collection[str] = ()
) -> dict[str, Hyperparameter]:
    """Drop the hyperparameters that can no longer be active, and condition values that cannot occur.

    Fixing ``optimizer`` to Adam leaves a momentum with ``when={"optimizer": "momentum"}`` without a
    purpose; dropping it says so.

    Args:
        hyperparameters: By name; their conditions were sound before some ranges became narrower.
        untouched: Names to leave as they are.

    Returns:
        What is left, in the same order.
    """
    kept = dict(hyperparameters)
    changed = True
    while changed:
        changed = False
        for name, hyperparameter in list(kept.items()):
            if name in untouched:
                continue
            possible = {
                parent: tuple(value for value in wanted if parent in kept and kept[parent].contains(value))
                for parent, wanted in hyperparameter.conditions.items()
            }
            if not all(possible.values()):
                del kept[name]
                changed = True
            elif possible != dict(hyperparameter.conditions):
                kept[name] = dataclasses.replace(hyperparameter, when=possible)
    return kept


def _check_condition(
    name: str, parent: str, wanted: tuple[Scalar, ...], hyperparameters: Mapping[str, Hyperparameter]
) -> None:
    if parent not in hyperparameters:
        raise SpaceError(
            f"`when` must name another hyperparameter of the space; got {parent!r} for {name!r}. "
            f"Use one of {', '.join(map(repr, hyperparameters))}."
        )
    if isinstance(hyperparameters[parent], Real):
        raise SpaceError(
            f"`when` must name a Choice, an Integer or a Constant; got the Real {parent!r} for {name!r}. "
            "Make the condition depend on a Choice."
        )
    for value in wanted:
        if not hyperparameters[parent].contains(value):
            whole = next(
                (one for one in (wanted, list(wanted)) if hyperparameters[parent].contains(one)), None
            )
            if whole is not None:
                raise SpaceError(
                    f"`when` takes a tuple or a list as several values; got {whole!r}, which is one value of "
                    f"{parent!r}, for {name!r}. Write when={{{parent!r}: [{whole!r}]}}."
                )
            raise SpaceError(
                f"`when` must give a value that {parent!r} can take, {hyperparameters[parent].rule()}; "
                f"got {value!r} ({type(value).__name__}) for {name!r}. Correct the value."
            )


def _parents_first(hyperparameters: Mapping[str, Hyperparameter]) -> tuple[str, ...]:
    """Order the names so that every parent comes before its children, else as declared."""
    order: dict[str, None] = {}
    path: list[str] = []

    def visit(name: str) -> None:
        if name in path:
            circle = [*path[path.index(name) :], name]
            raise SpaceError(
                f"`when` must not go in a circle; got {' → '.join(circle)}. Remove one of these conditions."
            )
        if name not in order:
            path.append(name)
            for parent in hyperparameters[name].conditions:
                visit(parent)
            path.pop()
            order[name] = None

    for name in hyperparameters:
        visit(name)
    return tuple(order)
