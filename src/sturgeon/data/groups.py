"""Rows that belong together, such as those of one patient: kept in one part and in one fold.

A network that learnt from some rows of a group knows more of its other rows than it will know of a new group,
so a part or a fold that shares a group with the training rows says too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd

from sturgeon.data.features.cells import CategoryNames, category_key, distinct
from sturgeon.data.reading.names import listed, nearest
from sturgeon.data.splits import FEWEST_IN_A_PART, Split
from sturgeon.errors import DataError, option


def read_groups(
    frame: pd.DataFrame, column: str, target: str, source: str
) -> tuple[np.ndarray, list[object]]:
    """Read the groups out of a table.

    Args:
        frame: n rows.
        column: The column that names each row's group.
        target: The column to predict, which it may not be.
        source: What to call the table in messages.

    Returns:
        Each row's group as a number from 0, shape n; and what the groups are called.

    Raises:
        DataError: There is no such column, it is the target, or a row has no group.
    """
    asked = option("group_column", column)
    if column == target:
        raise DataError(f"a group must be something else than the target; got `{asked}`; name another column")
    if column not in frame.columns:
        raise DataError(
            f"a table must have the column of its groups; {source} has none for `{asked}`; name one that it "
            f"has ({nearest(column, [str(name) for name in frame.columns])})"
        )
    codes, values = distinct(cast(pd.Series, frame[column]), source)
    missing = int((codes < 0).sum())
    if missing:
        raise DataError(
            f"every row must have a group; column {column!r} of {source} is empty in {missing} rows; fill "
            "them in or remove those rows"
        )
    return codes, values


def split_by_groups(
    groups: np.ndarray,
    strata: np.ndarray,
    *,
    column: str,
    validation: float,
    test: float,
    seed: int,
    classes: bool = False,
) -> Split:
    """Cut rows into parts so that no group is in two of them, each part as even as that allows.

    Args:
        groups: Each row's group, from 0, shape n.
        strata: Class codes, or bins of a number, shape n; a group with the only rows of one is trained on.
        column: The column of the groups, for messages.
        validation: Share of the rows; 0 where folds take its place.
        test: Share of the rows; 0 where the test rows come from elsewhere.
        seed: Equal seeds give equal splits.
        classes: Whether the strata are classes, each of which has to be trained on.

    Raises:
        DataError: There are fewer groups than a job needs, or a part is left with a single row.
    """
    number = int(groups.max()) + 1
    # With folds two of them have to be left beside the test.
    needed = 2 + (test > 0)
    if number < needed:
        beside = " and a test part" if test else ""
        raise DataError(
            f"groups are kept together, so that rows to train on, rows to choose by{beside} take {needed} "
            f"groups; column {column!r} has {number}; leave `{option('group_column')}` out"
        )
    shares = [1 - validation - test, validation, test]
    used = [place for place, share in enumerate(shares) if share > 0]
    part_of = np.array(used)[
        assign_groups(
            groups, strata, [shares[place] for place in used], seed=seed, first=needed - len(used) + 1
        )
    ]
    if classes:
        part_of = _with_every_class(part_of, groups, strata)
    parts = [np.flatnonzero(part_of == place) for place in range(3)]
    small = [len(parts[place]) for place in used if len(parts[place]) < FEWEST_IN_A_PART]
    if small:
        raise DataError(
            f"each part must have at least {FEWEST_IN_A_PART} rows; the groups of {column!r} leave one with "
            f"{small[0]}; add rows or leave `{option('group_column')}` out"
        )
    return Split(*parts)


def _with_every_class(part_of: np.ndarray, groups: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Exchange groups so that the training part has a row of every class, where that can be done.

    What it lacks comes from the validation part, and from the test part only where that alone has it. Where
    nothing is lacking nothing changes.

    Args:
        part_of: Each row's part, 0 for training, shape n.
        groups: Each row's group, from 0, shape n.
        strata: Each row's class, shape n.
    """
    counts = np.zeros((int(groups.max()) + 1, int(strata.max()) + 1), int)
    np.add.at(counts, (groups, strata), 1)
    part_of_group = np.empty(len(counts), np.int64)
    part_of_group[groups] = part_of
    for lacking in np.flatnonzero(counts.sum(axis=0)):
        having = part_of_group[counts[:, lacking] > 0]
        if having.min() > 0:
            _bring(part_of_group, counts, int(lacking), giver=int(having.min()))
    return part_of_group[groups]


def _bring(part_of_group: np.ndarray, counts: np.ndarray, lacking: int, *, giver: int) -> None:
    """Bring the smallest group of a class from a part, for one that training can spare, if it has any."""
    sizes = counts.sum(axis=1)
    there, here = np.flatnonzero(part_of_group == giver), np.flatnonzero(part_of_group == 0)
    able = there[counts[there, lacking] > 0]
    taken = able[sizes[able].argmin()]
    have = counts[here].sum(axis=0) + counts[taken]
    spared = here[((have - counts[here] > 0) | (have == 0)).all(axis=1)]
    if spared.size:
        part_of_group[spared[np.abs(sizes[spared] - sizes[taken]).argmin()]] = giver
    if spared.size or len(there) > 1:
        part_of_group[taken] = 0


def assign_groups(
    groups: np.ndarray, strata: np.ndarray, shares: Sequence[float], *, seed: int, first: int = 1
) -> np.ndarray:
    """Give every group a part, so that parts come near to their shares of every stratum.

    The largest group is first; each goes where it leaves the smallest squared distance from the shares.

    Args:
        groups: Each row's group, from 0, shape n.
        strata: Non-negative integers, shape n.
        shares: The parts' shares, which sum to 1; at most as many as there are groups.
        seed: Equal seeds give equal parts.
        first: How many groups the first part has at least; the others have one.

    Returns:
        Each row's part, from 0, shape n.

    Example:
        >>> part_of = assign_groups(np.repeat([0, 1, 2, 3], 5), np.zeros(20, int), [0.5, 0.5], seed=0)
        >>> np.bincount(part_of).tolist(), len(set(part_of[:5].tolist()))
        ([10, 10], 1)
    """
    number = int(groups.max()) + 1
    counts = np.zeros((number, int(strata.max()) + 1))
    np.add.at(counts, (groups, strata), 1)
    wanted = np.outer(shares, counts.sum(axis=0))
    weight = 1 / np.maximum(counts.sum(axis=0), 1)
    least = np.ones(len(shares), int)
    least[0] = first
    # What is the only group of a stratum is in the first part, where it is learnt from.
    only = (counts > 0).sum(axis=0) == 1
    forced = np.any(counts[:, only] > 0, axis=1)
    if len(set(shares)) == 1 or forced.sum() > number - least[1:].sum():
        forced = np.zeros(number, bool)
    order = np.random.default_rng((seed, number)).permutation(number)
    order = order[np.lexsort((-counts.sum(axis=1)[order], ~forced[order]))]
    have, held = np.zeros_like(wanted), np.zeros(len(shares), int)
    part_of_group = np.empty(number, np.int64)
    for place, group in enumerate(order):
        lacking = np.maximum(least - held, 0)
        allowed = lacking > 0 if number - place <= lacking.sum() else np.ones(len(shares), bool)
        if forced[group]:
            allowed = np.arange(len(shares)) == 0
        added = counts[group]
        cost = (weight * added * (added + 2 * (have - wanted))).sum(axis=1)
        part = int(np.where(allowed, cost, np.inf).argmin())
        have[part] += added
        held[part] += 1
        part_of_group[group] = part
    return part_of_group[groups]


def shared_groups(values: Sequence[object], other: Sequence[object]) -> list[int]:
    """Which groups of another table a table has too, however either spells them: their places in `other`.

    Example:
        >>> shared_groups(["a", "b"], ["b", "c"]), shared_groups([1, 2], [2.0, 3.0])
        ([0], [0])
    """
    names = CategoryNames([category_key(value) for value in values])
    return [place for place, value in enumerate(other) if names.find(value) is not None]


def describe_groups(column: str, groups: np.ndarray, split: Split, folds: int) -> str:
    """How many groups each part has, as a line for whoever reads the results."""
    held = {
        name: len(np.unique(groups[rows]))
        for name, rows in (("train", split.train), ("validation", split.validation), ("test", split.test))
        if len(rows)
    }
    within = f", kept together in {folds} folds" if folds > 1 else ""
    return f"groups by {column!r}: {', '.join(f'{count} {name}' for name, count in held.items())}{within}"


def describe_shared(column: str, shared: Sequence[object], rows: int) -> str:
    """A warning that a test table shares groups with the rows that are learnt from."""
    return (
        f"warning: {len(shared)} groups of {column!r} are in the table and in the test table "
        f"({listed([category_key(one) for one in shared[:3]])}), {rows} test rows: the test looks better "
        "than new groups will"
    )
