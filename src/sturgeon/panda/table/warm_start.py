"""A network that starts from another's weights, where their shapes allow."""

from __future__ import annotations

import numpy as np

from sturgeon.network.weights import TrainingState


def copy_overlap(saved: TrainingState, fresh: TrainingState) -> tuple[TrainingState, str]:
    """Copy what fits of a saved state into a freshly drawn one.

    Arrays of equal shape are copied whole. Of others, the block that both have is: the first layers, and of a
    layer the first units; the rest stays as it was drawn.

    Args:
        saved: The state to start from.
        fresh: A state of the new sizes.

    Returns:
        The new state, and what a person should know of it; nothing where all was copied.
    """
    copied, kept = [], 0
    leaves = fresh.leaves()
    for old, new in zip(saved.leaves(), leaves, strict=True):
        if old.shape == new.shape:
            copied.append(old)
            kept += old.size
            continue
        block = tuple(slice(0, min(*sizes)) for sizes in zip(old.shape, new.shape, strict=True))
        mixed = new.copy()
        mixed[block] = old[block]
        copied.append(mixed)
        kept += int(np.prod([part.stop for part in block]))
    total = sum(leaf.size for leaf in leaves)
    remark = (
        ""
        if kept == total
        else f"{kept / total:.0%} of its weights and averages are copied, the rest is drawn anew."
    )
    return TrainingState.of_leaves(copied), remark
