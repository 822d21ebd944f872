"""What the study's process and its workers say to each other; every message is plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sturgeon.caviar.workers.user_script import user_script
from sturgeon.space import Config

# -- to a worker -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """The function to train with.

    Attributes:
        function: As ``pack`` wrote it.
        arguments: The script's command line, which a module may read when it is imported.
        script: Which script it is, as ``user_script`` names it.
    """

    function: bytes
    arguments: list[str]
    script: str | None = field(default_factory=user_script)


@dataclass(frozen=True, slots=True)
class Start:
    """Train this trial.

    Attributes:
        number: The trial's number in its study, from 0.
        config: Its configuration.
        seed: Its seed, the same in every attempt.
        attempt: Which attempt this is, from 1.
        resume_from: The last checkpoint of an earlier attempt, or None.
        after: The step at which that checkpoint was saved; 0 without one.
        folder: Where the trial may keep its checkpoints, or None.
        judged: Whether a stopping rule judges its reports: each then waits for the verdict.
        copied_from: The trial that ``resume_from`` is of, where that is another.
        ahead: How many messages may be unanswered when the next one is sent: more where the way is long.
        reported: The last value of each metric up to that checkpoint.
    """

    number: int
    config: Config
    seed: int
    attempt: int = 1
    resume_from: str | None = None
    after: int = 0
    folder: str | None = None
    judged: bool = True
    copied_from: int | None = None
    ahead: int = 0
    reported: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What you sent is written down.

    Attributes:
        halt: Whether the training is to end after the current epoch, on account of it.
        count: How many messages that are.
    """

    halt: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True)
class Halt:
    """End the training after the current epoch."""


@dataclass(frozen=True, slots=True)
class Leave:
    """There is nothing more to do."""


# -- from a worker -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ready:
    """The function is loaded."""


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """The function could not be loaded.

    Attributes:
        why: The exception, on one line.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The function is loaded, and found by its own ``prepare`` that something the user gave breaks a rule.

    Attributes:
        why: The rule, what was received, the remedy.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Reported:
    """A point of each curve.

    Attributes:
        step: At which step.
        metrics: Values by name.
        planned: How many epochs the training is to have, where that is known.
        can_save: Whether a checkpoint will be handed over when the training is told to end.
    """

    step: int
    metrics: Mapping[str, float]
    planned: int | None = None
    can_save: bool = False


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """Where the training can go on.

    Attributes:
        reference: A path or URI.
        step: The last step that is in it.
    """

    reference: str
    step: int


@dataclass(frozen=True, slots=True)
class Noted:
    """A remark on the trial.

    Attributes:
        text: What it says.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The function returned.

    Attributes:
        value: A number, metrics by name, or None.
        cut: Whether the training was ended before its last epoch.
    """

    value: float | Mapping[str, float] | None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Raised:
    """The function raised an exception.

    Attributes:
        type: The exception's class name.
        message: What it says.
        traceback: The traceback as text.
        out_of_memory: Whether memory ran out, which another attempt may survive.
    """

    type: str
    message: str
    traceback: str
    out_of_memory: bool = False
