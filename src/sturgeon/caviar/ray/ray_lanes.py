"""Lanes on a Ray cluster: an actor for each device, all fed from one queue."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from sturgeon.caviar.events import Broken, EpochDone, Event, Withdrawn
from sturgeon.caviar.lanes.backend import TrainingJob
from sturgeon.caviar.lanes.shared import Order
from sturgeon.caviar.progress import say
from sturgeon.caviar.ray.actors import SLICE_SECONDS, Actor, Actors, Cluster
from sturgeon.caviar.ray.lane_actor import LaneActor, NotOpened, Opened
from sturgeon.caviar.ray.relay import versions
from sturgeon.caviar.trainer import LaneTrainer, Trainer
from sturgeon.caviar.workers.messages import Refused
from sturgeon.errors import InputError, RunError
from sturgeon.study import Objective

ATTEMPTS = 3
"""How often a job is begun on actors that die under it, while their nodes live on."""


class RayLanes:
    """Lanes of a cluster; used as those of this process are.

    A job whose node is lost is begun again from where it was handed in, on another; what it had reported
    by then is not told twice.

    Args:
        cluster: Where the actors run.
        make: Makes the trainer in each of them.
    """

    def __init__(self, cluster: Cluster, make: Callable[[], LaneTrainer]) -> None:
        settings = cluster.settings
        cores = max(1, math.floor(settings.cpus))
        told = {"cores": cores, "gpus": settings.gpus, "expected": versions()}
        self._actors = Actors(cluster, LaneActor, make, **told)
        self._jobs: dict[int, dict[int, TrainingJob]] = {}  # by slot and number
        self._waiting: deque[TrainingJob] = deque()
        self._reached: dict[int, int] = {}
        self._losses: dict[int, int] = {}
        self._orders: dict[int, Order] = {}
        self._events: deque[Event] = deque()
        self._opened: Opened | None = None
        self._halted: Order | None = None
        self._held = False
        self.in_flight = 0
        self._actors.grow(self._actors.size)
        try:
            while self._opened is None:
                self._listen(SLICE_SECONDS)
        except BaseException:  # whatever ends it, Ctrl-C too, leaves no actor behind
            self._actors.kill()
            raise

    def __enter__(self) -> RayLanes:
        return self

    def __exit__(self, *_: object) -> None:
        self._actors.kill()

    @property
    def capacity(self) -> int:
        """How many jobs in flight keep every lane busy."""
        assert self._opened is not None
        return self._opened.capacity * self._actors.size

    @property
    def at_once(self) -> int:
        """How many jobs train at the same time."""
        assert self._opened is not None
        return self._opened.at_once * self._actors.size

    def start(self, job: TrainingJob) -> None:
        """Hand a job in."""
        self.in_flight += 1
        self._waiting.append(job)
        self._hand_out()

    def order(self, number: int, what: Order) -> None:
        """Have a job stop, or pause, after its current epoch; one to be stopped that waits never begins."""
        waiting = next((job for job in self._waiting if job.number == number), None)
        if waiting is not None and what == "stop":
            self._waiting.remove(waiting)
            self._events.append(Withdrawn(number))
            return
        self._orders[number] = what  # also for the actor that may have to take the job over
        for slot, jobs in self._jobs.items():
            if number in jobs:
                self._send(slot, "order", number, what)

    def hold(self, held: bool) -> None:
        """Begin no job until told otherwise; those that train go on."""
        self._held = held
        for slot in self._actors.members:
            self._send(slot, "hold", held)
        self._hand_out()

    def halt(self, what: Order = "stop") -> list[int]:
        """Have every job stop, or pause, after its current epoch; those that have not begun never will."""
        dropped = [job.number for job in self._waiting]
        self._waiting.clear()
        self.in_flight -= len(dropped)
        if self._halted != what:
            self._halted = what
            for slot in self._actors.members:
                self._send(slot, "halt", what)
        return dropped

    def next_event(self, timeout: float | None = None) -> Event | None:
        """Wait for what happens next; None when the time is over, or when nothing is known yet.

        Raises:
            RunError: Actors die, one after the other, before they have the data.
            InputError: A node is not fit for it.
        """
        if not self._events:
            self._listen(math.inf if timeout is None else timeout)
        if not self._events:
            return None
        event = self._events.popleft()
        if not isinstance(event, EpochDone):
            self.in_flight -= 1
            self._orders.pop(event.number, None)
        return event

    # -- jobs into actors ------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give jobs to the actors with the most room: no job waits in one while another has nothing to do."""
        if self._opened is None or self._halted is not None:
            return
        ready = [actor.slot for actor in self._actors.members.values() if actor.ready]
        for job in [job for job in self._waiting if job.begun or not self._held] if ready else ():
            slot = min(ready, key=lambda one: (len(self._jobs[one]), one))
            if len(self._jobs[slot]) >= self._opened.at_once:
                return
            self._waiting.remove(job)
            self._jobs[slot][job.number] = job
            self._send(slot, "start", job)
            if job.number in self._orders:
                self._send(slot, "order", job.number, self._orders[job.number])

    def _send(self, slot: int, name: str, *arguments: object) -> None:
        self._actors.members[slot].send((name, arguments))

    # -- events out of them ----------------------------------------------------------------------

    def _listen(self, seconds: float) -> None:
        for actor in self._actors.arrived(seconds):
            said = self._actors.hear(actor)
            if said is None:
                self._replace(actor)
                continue
            for message in said:
                self._take(actor, message)
            actor.listen()
        self._hand_out()

    def _take(self, actor: Actor, message: object) -> None:
        if isinstance(message, Opened):
            self._opened = self._opened or message
            self._actors.welcome(actor)
            self._jobs[actor.slot] = {}
            if self._held:
                self._send(actor.slot, "hold", True)
        elif isinstance(message, Refused):
            raise InputError(message.why)
        elif isinstance(message, NotOpened):
            if message.input:
                raise InputError(message.why)
            raise RunError(f"The training on the cluster must go on; it ended with: {message.why}")
        else:
            event: Event = message  # pyright: ignore[reportAssignmentType]
            if isinstance(event, EpochDone):
                if event.step <= self._reached.get(event.number, 0):
                    return  # told by the actor before
                self._reached[event.number] = event.step
            else:
                self._jobs[actor.slot].pop(event.number, None)
                self._reached.pop(event.number, None)
                if isinstance(event, Withdrawn) and self._halted is not None:
                    self.in_flight -= 1  # as one that has not begun, of which nothing is told
                    return
            self._events.append(event)

    def _replace(self, actor: Actor) -> None:
        """Have another actor take over the jobs of one that is gone."""
        why = self._actors.reap(actor, "the data")
        jobs = self._jobs.pop(actor.slot, {})
        if self._halted is not None:
            self.in_flight -= len(jobs)
            return
        self._actors.grow(self._actors.size)
        for job in reversed(jobs.values()):
            say(f"trial {job.number} is tried again: {why}")
            self._losses[job.number] = self._losses.get(job.number, 0) + (not actor.lost)
            if self._losses[job.number] >= ATTEMPTS:
                self._events.append(Broken(job.number, RunError(f"{why}, {ATTEMPTS} times")))
                continue
            # The last epoch that it told of is told once more: how it ended may not have been heard.
            reached = self._reached.get(job.number, 1) - 1
            self._waiting.appendleft(replace(job, reported_epochs=reached))


@dataclass(frozen=True)
class RayTrainer(Trainer):
    """Trains jobs in lanes of a Ray cluster.

    Attributes:
        cluster: Which one, and what each actor takes of it.
        make: Makes the trainer in each actor; it is put into the object store, with the data in it.
        objective: The metric that must stay finite.
        epochs: How many epochs a job trains for, at least 1.
    """

    cluster: Cluster
    make: Callable[[], LaneTrainer]
    objective: Objective
    epochs: int

    def open(self) -> RayLanes:
        """Lanes to hand jobs to, one by one; waits until some are ready."""
        return RayLanes(self.cluster, self.make)
