"""Which cluster trials run on, and what each of them takes there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sturgeon.errors import InputError, option


@dataclass(frozen=True, slots=True, kw_only=True)
class Ray:
    """Workers on a Ray cluster: ``st.tune(..., workers=st.Ray(address="10.0.0.1:6379", gpus=1))``.

    Each worker holds its share of a node for the whole run and trains one trial after the other, in a process
    of its own, as a worker on this machine does. The function, with the data that it refers to, is put into
    Ray's object store once, and is loaded once by each worker. The study is written by the process that calls
    ``tune``. A trial whose node is lost is tried again, as often as ``attempts`` says, from its last
    checkpoint, if that lies where all nodes can read it.

    Attributes:
        address: ``"HOST:PORT"`` of the cluster's head, ``"auto"`` for the one that runs on this machine, or
            ``"local"`` for one that lives as long as the run. By default what ``RAY_ADDRESS`` says, the one
            that runs on this machine, or else ``"local"``. Where this process is connected already, that
            cluster is used.
        cpus: Cores for each trial, at least 0; also its thread count.
        gpus: GPUs for each trial: a fraction from 0 to 1, or a whole number. The trial sees these only; where
            several share one, each has to keep to its part of the memory.
        resources: Ray's custom resources for each trial, by name.
        workers: How many trials run at once; by default as many as the cluster has room for when the run
            begins. More than that wait for nodes to come, for which Ray's autoscaler may care.
        wait: For how many seconds a node that has room for a trial may be missing before that is an error.
        runtime_env: Ray's runtime environment for the workers.

    Example:
        >>> Ray(cpus=2, gpus=0.5).needs()
        {'CPU': 2, 'GPU': 0.5}
    """

    address: str | None = None
    cpus: float = 1
    gpus: float = 0
    resources: Mapping[str, float] = field(default_factory=dict)
    workers: int | None = None
    wait: float = 3.0
    runtime_env: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.address is not None and not isinstance(self.address, str):
            raise InputError(f"`address` must be text such as 'HOST:6379'; got {self.address!r}.")
        if self.address is not None and "://" in self.address:
            raise InputError(
                f"`{option_of_address()}` must be HOST:PORT of a cluster that this machine is a node of; got "
                f"{hide_user(self.address)!r}. Run this on one of its nodes, with "
                f"{option_of_address('auto')}."
            )
        for name, value in (("cpus", self.cpus), ("gpus", self.gpus), ("wait", self.wait)):
            _check_amount(name, value)
        for name, value in self.resources.items():
            _check_amount(f"resources[{name!r}]", value)
        if self.gpus > 1 and self.gpus != int(self.gpus):
            raise InputError(
                f"`gpus` must be a fraction up to 1, or a whole number; got {self.gpus!r}. "
                f"Write gpus={math.ceil(self.gpus)}."
            )
        if self.workers is not None and (
            isinstance(self.workers, bool) or not isinstance(self.workers, int) or self.workers < 1
        ):
            raise InputError(
                f"`workers` of st.Ray must be a whole number from 1; got {self.workers!r}. Write "
                "workers=4, or leave it out."
            )

    def needs(self) -> dict[str, float]:
        """What a trial takes of a node, by Ray's names; what it does not take is left out."""
        asked = {"CPU": self.cpus, "GPU": self.gpus, **self.resources}
        return {name: amount for name, amount in asked.items() if amount}

    def places(self, node: Mapping[str, float]) -> int:
        """Say how many trials a node with such resources has room for.

        Example:
            >>> Ray(cpus=2).places({"CPU": 7.0}), Ray(gpus=1).places({"CPU": 7.0})
            (3, 0)
        """
        needs = self.needs() or {"CPU": 1}
        return int(min(math.floor(node.get(name, 0.0) / amount + 1e-9) for name, amount in needs.items()))


def option_of_address(value: str | None = None) -> str:
    """How an address is given: as ``address`` of ``st.Ray``, or on the command line as ``--ray``."""
    written = option("ray", value)
    return written if written.startswith("-") else option("address", value)


def hide_user(address: str) -> str:
    """Leave out of an address who asks, and with which password.

    Example:
        >>> hide_user("ray://anna:secret@host:10001"), hide_user("host:6379")
        ('ray://…@host:10001', 'host:6379')
    """
    scheme, slashes, rest = address.rpartition("://")
    return f"{scheme}{slashes}…@{rest.rpartition('@')[2]}" if "@" in rest else address


def _check_amount(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InputError(f"`{name}` must be a number from 0; got {value!r}. Write 1, or 0 for none.")
