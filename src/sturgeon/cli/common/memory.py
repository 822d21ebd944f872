"""Too little memory, as Python, libraries and the operating system say it: one line in the end."""

from __future__ import annotations

import re

from sturgeon.errors import RunError

LEAST_BYTES = 2_400_000_000
_SIGNS = re.compile(
    "failed to map segment|cannot allocate memory|can't start new thread|out of memory|unable to allocate"
    "|cannot join thread before it is started|error return without exception set|resource_exhausted",
    re.IGNORECASE,
)


def lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is that memory or address space ran out.

    Example:
        >>> lacks_memory(RuntimeError("can't start new thread")), lacks_memory(RuntimeError("a fault"))
        (True, False)
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError) or _SIGNS.search(str(error)):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def check_address_space() -> None:
    """Raise where this process may not have the address space that a training needs.

    Libraries that are refused memory while they load end in tracebacks of their own, or in loops.

    Raises:
        RunError: It may have less than 2.4 GB.
    """
    limit = _address_space()
    if limit is not None and limit < LEAST_BYTES:
        raise RunError(describe_lack())


def describe_lack() -> str:
    """Say what is needed, what there is, and what to do."""
    limit = _address_space()
    if limit is None:
        return "A run needs more memory than is free. Free some, or take fewer rows or columns."
    return (
        f"A run needs more memory than this process may have, which is {limit / 2**30:.1f} GB (ulimit -v). "
        "Raise that limit: 4 GB are enough for a small table."
    )


def _address_space() -> int | None:
    """The limit of this process's address space in bytes, where there is one."""
    try:
        import resource
    except ImportError:  # not a Unix
        return None
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if soft == resource.RLIM_INFINITY else soft
