"""What the coach says, with blanks for the evidence.

A note in the journal has the English sentence, and beside it the text and the evidence apart, so that the
page can say it in the reader's language.
"""

from __future__ import annotations


def _(text: str) -> str:
    """Mark a text for the catalogues; it is translated where it is shown."""
    return text


NOT_FINITE = _(
    "{metric} is {value} since epoch {epoch}: the learning rate is too high; go back to epoch {back} with a "
    "tenth of it."
)
RISING = _(
    "the training loss rose from {best} in epoch {epoch} to {last}: the learning rate is too high; go back "
    "to epoch {epoch} with a third of it."
)
OSCILLATING = _(
    "{metric} swings by {swing} of itself from epoch to epoch, {turns} turns in {epochs} epochs, and does "
    "not fall: the learning rate is too high; take a third of it."
)
CRAWLING = _(
    "the training loss is still {left} of what it was, and at this rate it needs {epochs} epochs to halve: "
    "the learning rate is too low; take {factor} times as much."
)
SMALL_STEPS = _(
    "the training loss is still {left} of what it was, and a step changes a weight by {update} of itself "
    "only, where {healthy} is healthy: the learning rate is too low; take {factor} times as much."
)
PARTING = _(
    "{metric} is worse since epoch {epoch} ({best}, now {now}) while the training loss fell from {before} to "
    "{after}: it learns its rows by heart; go back to epoch {back} and regularise (dropout, weight "
    "decay), or stop."
)
FLAT = _(
    "the training loss has fallen by less than a hundredth in {epochs} epochs ({before}, then {after}): time "
    "to decay the learning rate; take a third of it."
)
NO_GRADIENT = _(
    "the gradients of all layers but the last are 0: their units answer 0 to every row and learn nothing any "
    "more; begin again with a tenth of the learning rate, or with tanh."
)
DEAD_UNITS = _(
    "{share} of the units of hidden layer {layer} answer 0 to every row looked at: they learn nothing any "
    "more; begin again with a tenth of the learning rate, or with tanh."
)
VANISHING = _(
    "the gradients vanish on their way down: {ratio} times as large in the first layer as in the last "
    "hidden one; take fewer layers."
)
EXPLODING = _(
    "the gradients explode on their way down: {ratio} times as large in the first layer as in the last "
    "hidden one; take fewer layers."
)
UNSETTLED = _(
    "batch norm's running averages are made of mini-batches for {settled} only, the rest is what they "
    "started at: validation looks worse than it is; lower norm_momentum, or wait."
)
ENDING = _(
    "{left} of {planned} epochs are left: decay the learning rate, so that the last steps average out the "
    "noise of the mini-batches; take a third of it."
)

SENTENCES = (
    NOT_FINITE, RISING, OSCILLATING, CRAWLING, SMALL_STEPS, PARTING, FLAT, NO_GRADIENT, DEAD_UNITS, VANISHING,
    EXPLODING, UNSETTLED, ENDING,
)  # fmt: skip
