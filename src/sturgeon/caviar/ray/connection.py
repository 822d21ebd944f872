"""The connection to a Ray cluster, and what its nodes have."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from sturgeon.caviar.ray.settings import Ray, hide_user, option_of_address
from sturgeon.errors import InputError, MissingExtra
from sturgeon.plain_text import plain_number

ANSWER_SECONDS = 8.0
LOOK_SECONDS = 0.2
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"  # with empty settings


def import_ray() -> Any:
    """Import Ray.

    Raises:
        MissingExtra: It is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import ray
            import ray.exceptions
    except ImportError:
        raise MissingExtra(
            "st.Ray needs the package ray; it is not installed. Run: pip install 'sturgeon[ray]'"
        ) from None
    return ray


def connect(settings: Ray, *, logs: bool = True) -> bool:
    """Connect this process to the cluster, if it is not; tell whether it was not.

    Args:
        settings: Which cluster.
        logs: Whether what is printed on its nodes is printed here, too.

    Raises:
        InputError: The cluster does not answer, or has another version of Ray or Python.
        MissingExtra: Ray is not installed.
    """
    address = settings.address or os.environ.get("RAY_ADDRESS")
    named = None if address in ("auto", "local") else address
    first = "ray" not in sys.modules and find_spec("ray") is not None
    if named and first:
        _check_answer(named)  # before Ray is imported, which takes seconds
    ray = import_ray()
    if ray.is_initialized():
        return False
    if named:
        if not first:
            _check_answer(named)
        _check_that_this_is_a_node(ray, named)
    elif address != "local" and (left := _last_started(ray)) is not None:  # it may be gone
        try:
            _check_answer(left)
        except InputError:
            if address == "auto":
                raise
            address = "local"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": logs}
    with _own_signals(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if address == "local":
                raise ConnectionError
            ray.init(address or "auto", **options)
        except ConnectionError as error:
            if address not in (None, "local"):
                raise InputError(
                    f"{_asked(address)} must be that of a Ray cluster that runs; none was found "
                    f"({_first_line(error)}). Start one with `ray start --head`, or use "
                    f"{option_of_address('local')}."
                ) from None
            ray.init("local", include_dashboard=False, _node_ip_address="127.0.0.1", **options)
        except (RuntimeError, ValueError) as error:  # Ray raises these where versions differ, too
            raise InputError(
                f"This process must be able to join the Ray cluster; Ray said: {' '.join(str(error).split())}"
            ) from None
    return True


def nodes() -> list[Mapping[str, Any]]:
    """Describe the nodes that are alive."""
    return [one for one in import_ray().nodes() if one["Alive"]]


def count_places(settings: Ray) -> int:
    """Say how many trials the cluster has room for at once; wait a while where that is none.

    Raises:
        InputError: After the time allowed there is still no node with what a trial takes.
    """
    deadline = time.monotonic() + settings.wait
    while True:
        found = [one["Resources"] for one in nodes()]
        places = sum(settings.places(one) for one in found)
        if places:
            return places
        if time.monotonic() >= deadline:
            break
        time.sleep(LOOK_SECONDS)
    needs = settings.needs()
    most = {name: max((one.get(name, 0.0) for one in found), default=0.0) for name in needs}
    raise InputError(
        f"Some node must have what a trial takes, {_list(needs)}; none of {len(found)} had it within "
        f"{plain_number(settings.wait)} s: the most that one has is {_list(most)}. "
        "Ask for less, or set `wait` to the seconds that a new node takes to come."
    )


def several_machines() -> bool:
    """Tell whether the nodes are on several machines."""
    return len({one["NodeManagerAddress"] for one in nodes()}) > 1


def _check_answer(address: str) -> None:
    """Check that a cluster answers, quickly; Ray itself tries for a minute or more."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or "@" in host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise InputError(f"{_asked(address)} must be HOST:PORT, 'auto' or 'local'.")
    deadline = time.monotonic() + ANSWER_SECONDS
    try:
        with socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS) as probe:
            if os.environ.get("RAY_USE_TLS", "0") in ("1", "true"):
                return
            probe.settimeout(max(0.01, deadline - time.monotonic()))
            probe.sendall(_HELLO)  # what Ray's head, a gRPC server, answers at once
            if len(said := probe.recv(9)) < 9 or said[3] != 4:
                raise OSError("what answers there is not the head of a Ray cluster")
    except (OSError, UnicodeError) as error:
        raise InputError(
            f"A Ray cluster must answer at its address within {ANSWER_SECONDS:g} s; {address} did not "
            f"({error}). Look there with `ray status`; the port of its head is 6379 by default."
        ) from None


def _check_that_this_is_a_node(ray: Any, address: str) -> None:
    """Check that a raylet runs here, where that can be seen; Ray itself looks for one for a minute."""
    with contextlib.suppress(AttributeError, ImportError):
        if not ray._private.services.find_node_ids():
            raise InputError(
                f"This machine must be a node of the Ray cluster; none of Ray's processes runs here. "
                f"Start them with `ray start --address={address}`, or go on from a machine that is one."
            )


def _last_started(ray: Any) -> str | None:
    """The address of the cluster that was last started on this machine, alive or not."""
    with contextlib.suppress(AttributeError, ImportError, OSError):
        return ray._private.utils.read_ray_address()
    return None


def _asked(address: str) -> str:
    return f"`{option_of_address()}` (got {hide_user(address)!r})"


@contextlib.contextmanager
def _own_signals() -> Any:
    """Keep the handlers of this process, in whose place Ray puts its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


def _list(resources: Mapping[str, float]) -> str:
    return ", ".join(f"{plain_number(amount)} {name}" for name, amount in resources.items()) or "nothing"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
