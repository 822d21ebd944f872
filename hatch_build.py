"""Compiles the network's C code into the package, once for each instruction set.

pip builds a package twice: once to ask what it needs, and once to install it. So an editable install keeps
what was compiled by the same command from the same sources; a file beside each library says how that was.

Environment variables:
    CC: The compiler, with arguments if need be; by default cc, gcc or clang, whichever is there.
    CFLAGS: More arguments for it. The hook's own come after them, and so win where both say something.
    STURGEON_REQUIRE_COMPILED: With 1, a compiler that is missing or fails ends the build: for releases.
        Otherwise the package is built all the same, and networks train by NumPy or JAX.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

_PLACE = "sturgeon/network/native"
_FLAGS = ["-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-shared", "-fPIC"]
_LEVELS = {"baseline": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4"]}


class CompileNetwork(BuildHookInterface):
    """Adds the compiled libraries to a wheel; an editable install has them among its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; called by Hatch before it collects files."""
        if self.target_name != "wheel":
            return
        sources = Path(self.root, "src", _PLACE)
        editable = version == "editable"
        folder = sources
        if not editable:
            self._built = tempfile.TemporaryDirectory(prefix="sturgeon-build-")
            folder = Path(self._built.name)
        with ThreadPoolExecutor() as pool:
            tried = list(pool.map(lambda level: _compile(sources, level, folder), _levels()))
        made = [path for path in tried if path is not None]
        for file in sources.glob("network-*.so*") if editable else ():
            if file.with_name(file.name.removesuffix(".made")) not in made:
                file.unlink()
        if made:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform_tag()}"
            if not editable:
                build_data["force_include"] |= {str(path): f"{_PLACE}/{path.name}" for path in made}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled for a wheel; called by Hatch when the wheel is written."""
        if hasattr(self, "_built"):
            self._built.cleanup()


def _levels() -> list[str]:
    return list(_LEVELS) if platform.machine().lower() in ("x86_64", "amd64") else ["baseline"]


def _compile(sources: Path, level: str, folder: Path) -> Path | None:
    """Compile for one instruction set into a folder; None where that cannot be done here.

    Raises:
        RuntimeError: It cannot be done, and STURGEON_REQUIRE_COMPILED is 1.
    """
    named = shlex.split(os.environ.get("CC", ""))
    found = (shutil.which(name) for name in ("cc", "gcc", "clang"))
    compiler = named or [path for path in found if path][:1]
    if not compiler or sys.platform == "win32":
        return _not_compiled("no C compiler was found")
    library, record = folder / f"network-{level}.so", folder / f"network-{level}.so.made"
    flags = [*shlex.split(os.environ.get("CFLAGS", "")), *_FLAGS, *_LEVELS[level]]
    flags.append(f"-DSOURCES=0x{_sources(sources):08x}u")
    if sys.platform == "linux":
        flags.append("-s")  # Strip: keep no symbols but those that are called.
    command = [*compiler, *flags, str(sources / "network.c"), "-o", str(library), "-lm"]
    how = f"{command} {_age(compiler[0])}"
    if library.exists() and record.exists() and record.read_text() == how:
        return library
    record.unlink(missing_ok=True)
    library.unlink(missing_ok=True)  # not written over: a process may have it loaded
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        library.unlink(missing_ok=True)
        return _not_compiled(f"{error} {getattr(error, 'stderr', '')}".rstrip())
    record.write_text(how)
    return library


def _age(compiler: str) -> int | None:
    """When the compiler was last changed."""
    path = shutil.which(compiler)
    return None if path is None else Path(path).stat().st_mtime_ns


def _not_compiled(why: str) -> None:
    if os.environ.get("STURGEON_REQUIRE_COMPILED") == "1":
        raise RuntimeError(f"STURGEON_REQUIRE_COMPILED=1 needs the network to be compiled; {why}")
    print(f"sturgeon: {why}\nNetworks will train by NumPy or JAX, which is slower", file=sys.stderr)


def _sources(folder: Path) -> int:
    """What ``sources_now`` in the package's ``library.py`` makes of the same files."""
    texts = b"".join(path.read_bytes() for path in sorted(folder.glob("*.[ch]")))
    return int.from_bytes(hashlib.sha256(texts).digest()[:4], "big")


def _platform_tag() -> str:
    """This machine's; ``scripts/release`` has auditwheel say how old a system may be."""
    platforms = (tag.platform for tag in sys_tags())
    return next(name for name in platforms if not name.startswith(("manylinux", "musllinux")))
