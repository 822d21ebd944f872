"""What the page's script says, in the reader's language."""

from __future__ import annotations

from sturgeon.languages import translator
from sturgeon.panda.coach.sentences import SENTENCES


def script_texts(language: str) -> dict[str, str]:
    """The texts that the script puts together, by what they are in English; blanks are in braces.

    Example:
        >>> script_texts("en")["Carry on"]
        'Carry on'
    """
    _ = translator(language).gettext
    return {text: _(text) for text in SENTENCES} | {
        "branch {number}": _("branch {number}"),
        "checkpoint {number}, epoch {epoch}": _("checkpoint {number}, epoch {epoch}"),
        "{number} (branch {branch}, epoch {epoch})": _("{number} (branch {branch}, epoch {epoch})"),
        "from checkpoint {number}": _("from checkpoint {number}"),
        "epoch {number}": _("epoch {number}"),
        "{state}: branch {branch}, epoch {epoch}": _("{state}: branch {branch}, epoch {epoch}"),
        "epoch": _("epoch"),
        "not finite": _("not finite"),
        "what changed here": _("what changed here"),
        "checkpoints": _("checkpoints"),
        "Carry on": _("Carry on"),
        "Do it": _("Do it"),
        "Dismiss": _("Dismiss"),
        "nothing to say": _("nothing to say"),
        "training": _("training"),
        "paused": _("paused"),
        "ended": _("ended"),
        "gone": _("gone"),
    }
