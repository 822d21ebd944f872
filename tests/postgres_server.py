"""A throwaway PostgreSQL server for tests and for ``benchmarks/study/chaos.py``.

The server's programs refuse to run as root, so then they run as an unprivileged user. It listens on a free
port of 127.0.0.1 and wants a password.
"""

import atexit
import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

USER = "tuner"
PLACES = ["/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"]


def find_programs() -> Path | None:
    """Find the folder of initdb and postgres, or None."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    for place in PLACES:
        for folder in sorted(Path("/").glob(place[1:]), reverse=True):
            if (folder / "initdb").exists() and (folder / "postgres").exists():
                return folder
    return None


class PostgresServer:
    """One cluster in a folder of its own."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.password = secrets.token_hex(8)
        self.folder = Path(tempfile.mkdtemp(prefix="sturgeon-postgres-"))
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged()
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        try:
            self._init()
            self.start()
            self.new_database("studies")
        except BaseException:  # whatever ends it, Ctrl-C too, leaves no server behind
            self.remove()
            raise

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, study: str, *, password: str | None = None, port: int | None = None) -> str:
        """Give the URL of a study in the server's database."""
        secret = self.password if password is None else password
        return f"postgresql://{USER}:{secret}@127.0.0.1:{port or self.port}/studies?study={study}"

    def start(self) -> None:
        """Start it, also after a kill, when it first recovers."""
        # Not by pg_ctl: a killed server has to be our own child, or it may stay a zombie that its
        # successor takes for alive.
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._programs / "postgres"), "-D", str(self.data), "-p", str(self.port),
                    "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as_user(),
            )  # fmt: skip
        deadline = time.monotonic() + 300
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "log").read_text()[-2000:]
                raise RuntimeError(f"PostgreSQL did not start: {said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it, whatever its clients do."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=300)

    def kill(self) -> None:
        """Kill the server as a power cut would, children and all."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)  # so that it starts no child while we look for them
        family = _children(self._process.pid)
        for one in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self._process.kill()
        self._process.wait(timeout=300)
        deadline = time.monotonic() + 300
        while any(_is_there(one) for one in family) and time.monotonic() < deadline:
            time.sleep(0.01)

    def new_database(self, name: str) -> None:
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _init(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", self.data, "-U", USER, f"--pwfile={secret}", "-A", "scram-sha-256", "--no-sync",
            "-E", "UTF8", "--no-locale",
        )  # fmt: skip

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env={**os.environ, "PGPASSWORD": self.password},
            **self._as_user(),
        )

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}

    def _is_ready(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def shared_server() -> PostgresServer | None:
    """Give the one server of this process, started when it is first asked for; None without programs."""
    if not _shared:
        programs = find_programs()
        if programs is None:
            return None
        _shared.append(PostgresServer(programs))
        atexit.register(_shared[0].remove)
    return _shared[0]


_shared: list[PostgresServer] = []


def _unprivileged() -> str | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _children(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in found.stdout.split()]


def _is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
