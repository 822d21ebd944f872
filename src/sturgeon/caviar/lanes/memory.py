"""How much memory is free, on a device or in the machine."""

from __future__ import annotations

from pathlib import Path

from sturgeon.caviar.lanes.devices import Device


def free_bytes(device: Device) -> int | None:
    """How much a device can still take.

    Args:
        device: A JAX device.

    Returns:
        Bytes: of a GPU's own memory; for a processor, of the machine's or of the container's share, whichever
        is less. None where the system does not tell.
    """
    if device.platform == "cpu":
        return free_in_machine()
    told = device.memory_stats() or {}
    if "bytes_limit" not in told:
        return None
    return max(0, int(told["bytes_limit"]) - int(told.get("bytes_in_use", 0)))


def all_bytes(device: Device) -> int | None:
    """How much of a GPU's memory this process may use; None where the system does not tell."""
    told = device.memory_stats() or {}
    return int(told["bytes_limit"]) if "bytes_limit" in told else None


def free_in_machine() -> int | None:
    """How much memory a process can still take without others being pushed out.

    Returns:
        Bytes; what files keep cached counts as free. None where the system does not tell.
    """
    known = [free for free in (_free_in_system(), _free_in_container()) if free is not None]
    return min(known, default=None)


def _free_in_system() -> int | None:
    lines = _lines(Path("/proc/meminfo"))
    told = next((line for line in lines if line.startswith("MemAvailable:")), None)
    return None if told is None else int(told.split()[1]) * 1024


def _free_in_container(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What is left below the limit of a container (control groups, version 2)."""
    limit, used = _lines(folder / "memory.max"), _lines(folder / "memory.current")
    if not limit or not used or limit[0] == "max":
        return None
    cached = next(
        (line for line in _lines(folder / "memory.stat") if line.startswith("inactive_file ")), "_ 0"
    )
    return max(0, int(limit[0]) - int(used[0]) + int(cached.split()[1]))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
