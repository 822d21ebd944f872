"""Names for an exported network's inputs: those of the columns, where a framework can take them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from keyword import kwlist

# TensorFlow makes parameters of a function out of them, so that no word of Python will do; the rest are what
# Keras calls its own operations in the exported model.
_TAKEN = {word.lower() for word in kwlist} | {
    "self",
    "isnan",
    "where",
    "cast",
    "take",
    "subtract",
    "divide",
    "multiply",
    "add",
    "minimum",
    "maximum",
    "sqrt",
}


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """A name for each column: letters, digits and underscores of ASCII, beginning with a letter.

    No two are alike, even to a framework that does not tell capitals from small letters.

    Args:
        columns: The columns' names, each its own.

    Returns:
        Column to name, in order.

    Example:
        >>> input_names(["fixed acidity", "fixed-acidity", "2nd"])
        {'fixed acidity': 'fixed_acidity', 'fixed-acidity': 'fixed_acidity_2', '2nd': 'column_2nd'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for column in columns:
        plain = re.sub("[^A-Za-z0-9]+", "_", column).strip("_") or "column"
        if not plain[0].isalpha():
            plain = f"column_{plain}"
        if re.sub(r"(_\d+)+$", "", plain.lower()) in _TAKEN:
            plain = f"{plain}_column"
        name, number = plain, 1
        while name.lower() in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name.lower())
        names[column] = name
    return names
