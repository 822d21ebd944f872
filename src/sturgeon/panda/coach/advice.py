"""What the coach says: a symptom, the sentence with its evidence, and the change that it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Advice:
    """What the coach says.

    Attributes:
        symptom: Its name.
        text: What is seen and what to do, with blanks; one of
            :data:`sturgeon.panda.coach.sentences.SENTENCES`.
        evidence: What goes into the blanks, ready to be read.
        action: ``"set"``, ``"rewind"``, ``"stop"``, or ``""`` for nothing to be done.
        factors: By which the hyperparameters are to be multiplied.
        values: New values of hyperparameters.
        back_to: For a rewind: the last good epoch.
    """

    symptom: str
    text: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    action: str = ""
    factors: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    back_to: int = 0

    @property
    def sentence(self) -> str:
        """In English."""
        return self.text.format(**self.evidence)
