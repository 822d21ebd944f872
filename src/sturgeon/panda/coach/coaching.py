"""The coach at work on one run: a symptom is said once, and acted upon by the autopilot, within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sturgeon.errors import InputError
from sturgeon.panda.coach.advice import Advice
from sturgeon.panda.coach.coach import look
from sturgeon.panda.coach.curves import Curves, Epoch
from sturgeon.panda.commands import COMMAND, OUTCOME
from sturgeon.study import JournalEntry

AUTOPILOT = "autopilot"
MOST_ACTS = 40
_MOVES = ("branch", "rewind", "carry")
# What is no accident: after so many rewinds for one symptom, the training is as good as it gets.
_MOST_OF_A_SYMPTOM = {"parting": 3, "dead units": 3}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A note of the coach, ready to be written down.

    Attributes:
        advice: What it says.
        values: The new values that it comes to, within the bounds.
        act: Whether the autopilot is to do it.
    """

    advice: Advice
    values: Mapping[str, float]
    act: bool

    @property
    def action(self) -> str:
        """What is to be done; nothing where the bounds leave nothing to change."""
        return "" if self.advice.action == "set" and not self.values else self.advice.action


@dataclass
class Coaching:
    """Looks at a run after each epoch.

    Attributes:
        planned: How many epochs the training is to have; None where nobody knows.
        autopilot: Whether what is proposed is done.
        bounds: What the autopilot must keep within, by hyperparameter; what is not in it keeps the bounds
            that were declared.
    """

    planned: int | None = None
    autopilot: bool = False
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set, init=False)
    _values: Mapping[str, Any] = field(default_factory=dict, init=False)

    def forget(self) -> None:
        """Say again what was said: the training went elsewhere."""
        self._said.clear()

    def propose(
        self,
        epochs: Sequence[Epoch],
        metric: str,
        *,
        maximize: bool,
        allowed: Mapping[str, tuple[float, float]],
        dismissed: Collection[str] = (),
        acts: Mapping[str, int] | None = None,
    ) -> list[Proposal]:
        """Say what is new since the last epoch.

        Args:
            epochs: Those on the way from the root to here.
            metric: The objective's name.
            maximize: Whether it is to be maximised.
            allowed: The declared bounds of the hyperparameters that can change.
            dismissed: Symptoms that nobody wants to hear of.
            acts: What the autopilot did so far, as :func:`acts_of` counts it.
        """
        now = epochs[-1].values
        if now != self._values:  # each symptom of another training is news
            self._said, self._values = set(), dict(now)
        found = look(Curves.of(epochs, metric, maximize=maximize, planned=self.planned))
        fresh = [one for one in found if one.symptom not in self._said and one.symptom not in dismissed]
        if not self.autopilot:  # that it ends soon is the autopilot's affair: a person sees the number
            fresh = [one for one in fresh if one.symptom != "ending"]
        self._said |= {one.symptom for one in fresh}
        proposals = [Proposal(one, self._values_of(one, now, allowed), False) for one in fresh]
        done = acts or {}
        first = next((place for place, one in enumerate(proposals) if self._would_act(one, done)), None)
        if first is not None:
            chosen = proposals[first]
            proposals[first] = Proposal(chosen.advice, chosen.values, True)
        return proposals

    def _would_act(self, proposal: Proposal, acts: Mapping[str, int]) -> bool:
        if not self.autopilot or not proposal.action or sum(acts.values()) >= MOST_ACTS:
            return False
        most = _MOST_OF_A_SYMPTOM.get(proposal.advice.symptom)
        return most is None or acts.get(proposal.advice.symptom, 0) < most

    def _values_of(
        self, advice: Advice, now: Mapping[str, Any], allowed: Mapping[str, tuple[float, float]]
    ) -> dict[str, float]:
        wanted = dict(advice.values)
        wanted |= {name: factor * now[name] for name, factor in advice.factors.items() if name in now}
        values = {}
        for name, value in wanted.items():
            if name not in allowed:
                continue
            low, high = allowed[name]
            if name in self.bounds:
                low, high = max(low, self.bounds[name][0]), min(high, self.bounds[name][1])
            value = min(max(value, low), high)
            if value != now.get(name):
                values[name] = value
        return values


def acts_of(entries: Sequence[JournalEntry]) -> Counter[str]:
    """Count what the autopilot did, by symptom, since a person last chose where the training goes on.

    The journal has it all, so that a run that was killed and resumed counts as one that was not.

    Args:
        entries: The journal, in order.
    """
    by_id = {entry.id: entry for entry in entries}
    acts: Counter[str] = Counter()
    for entry in entries:
        if entry.kind == COMMAND and entry.author == AUTOPILOT:
            note = by_id.get(entry.body.get("note") or -1)
            acts[str(note.body.get("symptom")) if note is not None else ""] += 1
        elif entry.kind == OUTCOME and entry.body["done"] and entry.body["action"] in _MOVES:
            asked = by_id.get(entry.body["command"])
            if asked is not None and asked.author != AUTOPILOT:
                acts.clear()
    return acts


def read_bounds(given: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Read bounds as people type them.

    Example:
        >>> read_bounds(["learning_rate=1e-4:0.1"])
        {'learning_rate': (0.0001, 0.1)}

    Raises:
        InputError: One is malformed, or its low is not below its high.
    """
    bounds: dict[str, tuple[float, float]] = {}
    for text in given:
        name, _, span = text.partition("=")
        try:
            low, high = (float(part) for part in span.split(":"))
        except ValueError:
            raise InputError(
                f"A bound must be name=low:high; got {text!r}. Write learning_rate=1e-4:0.1."
            ) from None
        if not low < high:
            raise InputError(f"A bound's low must be below its high; got {text!r}.")
        bounds[name.strip()] = low, high
    return bounds
