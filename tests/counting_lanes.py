"""Lanes that only count: a kind of training without a network, for tests of the engine alone."""

from dataclasses import dataclass, field

import numpy as np

from sturgeon.caviar.events import EpochDone
from sturgeon.caviar.lanes.backend import TrainingBackend, TrainingJob
from sturgeon.caviar.lanes.stacking import StackedProgram, restore_tree, stack
from sturgeon.caviar.trainer import LaneTrainer
from sturgeon.study import Objective


class Unlucky(Exception):
    """What a configuration raises that asks for it."""


@dataclass
class Counting(TrainingBackend):
    """Each epoch adds the job's seed to its state; the loss is the state.

    A configuration may name its ``block``, where it ``breaks`` (``"block"`` or ``"start"``), and the epoch
    from which on its loss is NaN, ``nan_from``.

    Attributes:
        width: Lanes of every block.
        room: How many lanes the memory holds; with more a program raises MemoryError.
        full_after: After how many runs of a program that happens.
        programs: The blocks and lanes that programs were made for.
    """

    width: int = 4
    room: int = 1_000
    full_after: int = 0
    programs: list = field(default_factory=list)

    def block_of(self, config):
        if config.get("breaks") == "block":
            raise Unlucky("no block")
        return config.get("block", "usual")

    def cost(self, block):
        return 10.0

    def useful_cost(self, config):
        return config.get("needed", 10.0)

    def lanes(self, block, device):
        return self.width

    def typical_lanes(self, device):
        return self.width

    def program(self, block, device, lanes):
        self.programs.append((block, lanes))
        return CountingProgram(self, lanes)


class CountingProgram(StackedProgram):
    where = None

    def __init__(self, backend, lanes):
        self._backend, self._lanes, self._runs = backend, lanes, 0

    def start(self, job):
        if job.config.get("breaks") == "start":
            raise Unlucky("no start")
        return {"total": np.zeros(2, np.float32)}

    def restore(self, job, leaves):
        return restore_tree(self, job, leaves)

    def leaves(self, job, state):
        return (state["total"],)

    def inputs(self, work):
        return stack([self._lane_inputs(job, epoch) for job, epoch in work])

    def _lane_inputs(self, job, epoch):
        bad = epoch + 1 >= job.config.get("nan_from", np.inf)
        return np.float32(np.nan if bad else job.seed)

    def run(self, state, inputs):
        self._runs += 1
        if self._lanes > self._backend.room and self._runs > self._backend.full_after:
            raise MemoryError
        total = np.asarray(state["total"]) + inputs[:, None]
        return {"total": total}, {"loss": total[:, 0]}

    def metrics(self, values):
        return {f"val_{name}": value for name, value in values.items()}

    def network(self, job, state):
        return state["total"]


OBJECTIVE = Objective("val_loss", "minimize")


def counting(epochs=5, **settings) -> LaneTrainer:
    """A trainer of lanes that count."""
    return LaneTrainer(Counting(**settings), OBJECTIVE, epochs)


def job(number, **config) -> TrainingJob:
    """A job whose seed is its number and one."""
    return TrainingJob(number, number + 1, config)


def tell_apart(events):
    """Curves as ``(step, loss)``, and how each job ended, by number."""
    curves, ended = {}, {}
    for event in events:
        if isinstance(event, EpochDone):
            curves.setdefault(event.number, []).append((event.step, event.metrics["val_loss"]))
        else:
            assert event.number not in ended
            ended[event.number] = event
    return curves, ended


def to_the_end(lanes):
    """Wait until no job is in flight."""
    while lanes.in_flight:
        event = lanes.next_event()
        if event is not None:
            yield event
