"""The actors of a run on a Ray cluster: one in each slot, heard together, replaced when they are gone."""

from __future__ import annotations

import contextlib
import math
import time
from typing import Any

from sturgeon.caviar.interrupt import Interrupt
from sturgeon.caviar.progress import say
from sturgeon.caviar.ray.connection import connect, count_places, import_ray, several_machines
from sturgeon.caviar.ray.losses import ActorLost, hear
from sturgeon.caviar.ray.settings import Ray
from sturgeon.caviar.workers.messages import Acknowledged
from sturgeon.errors import RunError, StudyError, option

SLICE_SECONDS = 0.1  # how soon Ctrl-C is noticed
WAITED_SECONDS = 5.0  # for room on the cluster, before that is said
FAILED_STARTS = 3


class Cluster:
    """A connection to a Ray cluster, with what a run takes of it.

    Attributes:
        settings: What was asked for.
        ray: The module.
        places: How many actors of the settings' size it has room for; at least 1.
    """

    def __init__(self, settings: Ray, *, logs: bool = True) -> None:
        """Connect; with ``logs``, what is printed on the nodes is printed here, too.

        Raises:
            InputError: The cluster does not answer, has other versions, or no node has what is asked for.
            MissingExtra: Ray is not installed.
        """
        self.settings = settings
        self.ray = import_ray()
        self._connected = connect(settings, logs=logs)
        try:
            room = count_places(settings)
            self.places = settings.workers or room
        except BaseException:  # whatever ends it, Ctrl-C too, leaves the cluster
            self.leave()
            raise

    def check_place(self, place: str) -> None:
        """Check that a study can be kept at a place, as others have to read it.

        Raises:
            StudyError: It is a file, and the cluster has several machines.
        """
        if place != ":memory:" and "://" not in place and several_machines():
            url = "postgresql://USER@HOST/DATABASE?study=NAME"
            raise StudyError(
                f"a study on a cluster of several machines is kept on a PostgreSQL server, where each of "
                f"them can reach it; got the file {place!r}: name a URL, {option('study', url)}."
            )

    def leave(self) -> None:
        """End the connection, where it was made for this run."""
        if self._connected:
            self._connected = False
            self.ray.shutdown()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()


class Actor:
    """One of them.

    Attributes:
        ahead: How many messages its worker may send ahead of their answers; see ``Start``.
        slot: Which of them it is, from 0.
        ready: Whether it has loaded what it works with.
        handle: Ray's.
        heard: What it will say next.
        why: How it ended, where that is known.
        lost: Whether it ended with its node, or its process, and not by itself.
    """

    ahead = 64

    def __init__(self, slot: int, handle: Any) -> None:
        """Take Ray's handle, and begin to listen."""
        self.slot = slot
        self.ready = False
        self.handle = handle
        self.heard: Any = None
        self.why = "its worker on the cluster was lost"
        self.lost = False
        self._answers: list[Acknowledged] = []
        self.listen()

    def listen(self) -> None:
        """Listen to what it will say next, and acknowledge what it has said: in one call."""
        answer = self._answer()
        # Ray takes long to send an object, and hardly any time for numbers.
        self.heard = self.handle.listen.remote(*([] if answer is None else [answer.count, answer.halt]))

    def send(self, message: object) -> None:
        """Send it a message; one that died meanwhile is noticed elsewhere.

        Acknowledgements wait for ``listen`` or ``flush``: a call takes as long for many as for one.
        """
        if isinstance(message, Acknowledged):
            self._answers.append(message)
        else:
            self.flush()
            self.handle.tell.remote(message)

    def flush(self) -> None:
        """Acknowledge what was not acknowledged when it was listened to."""
        answer = self._answer()
        if answer is not None:
            self.handle.tell.remote(answer)

    def _answer(self) -> Acknowledged | None:
        """All acknowledgements as one."""
        answers, self._answers = self._answers, []
        if not answers:
            return None
        return Acknowledged(any(one.halt for one in answers), sum(one.count for one in answers))


class Actors:
    """Actors of a kind that has ``listen``, a coroutine that gives a list of what it has to say.

    Attributes:
        size: How many there may be.
        members: Those there are, by slot.
    """

    def __init__(self, cluster: Cluster, kind: type, load: object, **arguments: Any) -> None:
        """Put what each is to load into the object store, once; none is started yet.

        Args:
            cluster: Where they run, and what each takes of it.
            kind: Their class.
            load: Its first argument.
            **arguments: Its others.
        """
        self.size = cluster.places
        self.members: dict[int, Actor] = {}
        self._ray = cluster.ray
        self._load = self._ray.put(load)
        self._arguments = arguments
        self._failed_starts = 0
        self._alone_since: float | None = None
        settings = cluster.settings
        self._actor = self._ray.remote(kind).options(
            num_cpus=settings.cpus,
            num_gpus=settings.gpus,
            resources=dict(settings.resources),
            runtime_env=None if settings.runtime_env is None else dict(settings.runtime_env),
            max_restarts=0,
            max_concurrency=1000,
        )

    def grow(self, count: int) -> None:
        """Have at least so many, but no more than ``size``; they get ready where there is room."""
        for slot in range(min(count, self.size)):
            if slot not in self.members:
                self.members[slot] = Actor(slot, self._actor.remote(self._load, **self._arguments))

    def arrived(self, seconds: float, interrupt: Interrupt | None = None) -> list[Actor]:
        """Wait until some have said something, or are gone, for at most some seconds; give them."""
        self._say_that_none_is_ready()
        deadline = time.monotonic() + seconds
        for actor in self.members.values():
            actor.flush()
        speakers = {actor.heard: actor for actor in self.members.values()}
        references = list(speakers)
        if not references:
            time.sleep(min(seconds, SLICE_SECONDS))
            return []
        while True:
            left = max(0.0, min(SLICE_SECONDS, deadline - time.monotonic()))
            found, _ = self._ray.wait(references, num_returns=1, timeout=left)
            if found or time.monotonic() >= deadline or (interrupt is not None and interrupt.is_set()):
                break
        if not found:
            return []
        found, _ = self._ray.wait(references, num_returns=len(references), timeout=0)
        return [speakers[one] for one in found]

    def hear(self, actor: Actor) -> list[object] | None:
        """Fetch what one has said; None where it is gone, which its ``why`` explains. Else listen on then.

        Raises:
            InputError: The node is not fit for it.
        """
        try:
            return hear(self._ray, actor.heard)
        except ActorLost as error:
            actor.lost = error.with_node
            actor.why = f"its worker on the cluster was lost: {error}"
            return None

    def welcome(self, actor: Actor) -> None:
        """Note that one has loaded what it works with."""
        actor.ready, self._failed_starts = True, 0

    def reap(self, actor: Actor, what: str) -> str:
        """Take leave of one that is gone; say how it went.

        Args:
            actor: Which one.
            what: What it would have had to load.

        Raises:
            RunError: It is the third in a row that ended before it had done so.
        """
        self.remove(actor)
        self._failed_starts += not actor.ready and not actor.lost
        if self._failed_starts >= FAILED_STARTS:
            raise RunError(
                f"A worker process must load {what} without ending; {FAILED_STARTS} in a row did not: "
                f"{actor.why}. Look at what is imported there, or train on this machine."
            )
        return actor.why

    def remove(self, actor: Actor) -> None:
        """End one at once."""
        if self.members.get(actor.slot) is actor:
            del self.members[actor.slot]
        with contextlib.suppress(Exception):  # it may be gone, and the cluster with it
            self._ray.kill(actor.handle)

    def kill(self) -> None:
        """End all at once."""
        for actor in list(self.members.values()):
            self.remove(actor)

    def _say_that_none_is_ready(self) -> None:
        """Say once that there is none, where that lasts: none has started yet, or all nodes are gone."""
        now = time.monotonic()
        if any(actor.ready for actor in self.members.values()):
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > WAITED_SECONDS:
            say("Waiting for a worker on the Ray cluster; Ctrl-C leaves.")
            self._alone_since = math.inf
