"""What Ray says of an actor that is gone, in a few words."""

from __future__ import annotations

from typing import Any

from sturgeon.errors import InputError

ANSWER_SECONDS = 20.0
"""How long what an actor has said may take to arrive: its node may be gone before it was fetched."""


class ActorLost(Exception):
    """An actor is gone, or has to be taken for it.

    Attributes:
        with_node: Whether its node went with it, or does not answer, so that it is no fault of its own.
    """

    def __init__(self, why: str, *, with_node: bool) -> None:
        super().__init__(why)
        self.with_node = with_node


def hear(ray: Any, reference: Any) -> Any:
    """Fetch what an actor has said.

    Raises:
        ActorLost: It is gone, or its node is.
        InputError: The node is not fit for it.
    """
    errors = ray.exceptions
    try:
        return ray.get(reference, timeout=ANSWER_SECONDS)
    except errors.RuntimeEnvSetupError as error:
        raise InputError(
            f"`runtime_env` must be one that Ray can set up; {' '.join(str(error).split())[:300]}"
        ) from None
    except errors.GetTimeoutError:
        raise ActorLost("its node does not hand over what it said", with_node=True) from None
    except errors.RayError as error:
        text = str(error)
        if "failed to be imported" in text or "No module named 'sturgeon'" in text:
            raise InputError(
                "Every node must have Sturgeon, of the driver's version; one cannot import it. "
                "Install it there."
            ) from None
        gone = isinstance(
            error, errors.ActorDiedError | errors.ActorUnavailableError | errors.ObjectLostError
        )
        raise ActorLost(describe_loss(text), with_node=gone) from None


def describe_loss(text: str) -> str:
    """Pick out of Ray's words why an actor is gone, on one line.

    Example:
        >>> describe_loss("The actor died because its node has died. Node Id: 84ac")
        'its node is gone'
        >>> describe_loss("The actor 84ac is unavailable: RpcError: RPC error: Socket closed")
        'its node does not answer'
    """
    lowered = text.lower()
    if "out of memory" in lowered or "oom" in lowered.split():
        return "the node's memory ran out"
    if "node" in lowered and ("dead" in lowered or "died" in lowered or "terminated" in lowered):
        return "its node is gone"
    if "unavailable" in lowered:
        return "its node does not answer"
    return " ".join(text.split())[:200]
