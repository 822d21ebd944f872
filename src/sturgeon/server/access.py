"""Who may talk to a server: where it listens, which names it answers to, and its token."""

from __future__ import annotations

import functools
import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


def new_token() -> str:
    """Make a token that nobody guesses: 32 random bytes as text."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Access:
    """Where a server listens, and who may come in.

    A server that only this machine can reach gives its pages to whoever asks here. A change needs the token,
    which those pages hold: that keeps the pages of other sites out, and not other accounts of this machine,
    who can read it there. Where other machines can reach the server, or where it was asked to, nothing is
    given without the token: a browser gets it by the address that is printed, a program sends it as
    ``Authorization: Bearer TOKEN``. That keeps other accounts out, too.

    Attributes:
        host: The address that it listens on.
        port: The port that it listens on.
        token: The server's token.
        everywhere: Whether the token is needed on this machine, too.
    """

    host: str
    port: int
    token: str = field(default_factory=new_token, repr=False)
    everywhere: bool = False

    @property
    def needs_token(self) -> bool:
        """Whether nobody may look without the token."""
        return self.everywhere or not self.is_local

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return is_local(self.host)

    @property
    def cookie(self) -> str:
        """The name of the cookie that keeps the token; browsers do not tell ports apart by themselves."""
        return f"sturgeon-{self.port}"

    @property
    def url(self) -> str:
        """The address for a browser; with the token where one is needed to look."""
        return self.url_of("/")

    def url_of(self, path: str) -> str:
        """Give the address of one page.

        Example:
            >>> Access("127.0.0.1", 8321).url_of("/study/0")
            'http://127.0.0.1:8321/study/0'
            >>> Access("192.168.1.5", 8321, "secret").url_of("/")
            'http://192.168.1.5:8321/?token=secret'
        """
        host = _outward_address() if _is_wildcard(self.host) else self.host
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.port}{path}{f'?token={self.token}' if self.needs_token else ''}"

    def knows_token(self, given: str | None) -> bool:
        """Tell whether this is the token; takes as long for a wrong one."""
        return given is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def answers_to(self, host_header: str) -> bool:
        """Tell whether the server goes by the name that a request calls it by.

        A page of a stranger can point a name of its own at this machine (DNS rebinding); its browser then
        still sends that name. Any port will do, since a tunnel has another one.

        Example:
            >>> here = Access("127.0.0.1", 8321)
            >>> here.answers_to("localhost:9000"), here.answers_to("evil.example:8321")
            (True, False)
        """
        name = host_name(host_header)
        if name is None:
            return False
        if name in LOCAL_NAMES or name == self.host.lower():
            return True
        if self.is_local:
            return False
        return name in _machine_names() or (_is_wildcard(self.host) and _is_address(name))


def host_name(host_header: str) -> str | None:
    """Give the name in a Host header, or None where there is none.

    Example:
        >>> host_name("LocalHost:80"), host_name("[::1]:80"), host_name("a b")
        ('localhost', '::1', None)
    """
    try:
        parts = urlsplit(f"//{host_header}")
        _ = parts.port
    except ValueError:
        return None
    plain = parts.username is None and not parts.path and not parts.query and not parts.fragment
    if not plain or any(one.isspace() for one in host_header):
        return None
    return parts.hostname


def is_local(host: str) -> bool:
    """Tell whether only this machine can reach an address.

    Example:
        >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0")
        (True, True, False)
    """
    if host.lower() in LOCAL_NAMES:
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


@functools.cache  # asking for the full name can take seconds
def _machine_names() -> frozenset[str]:
    return frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})


def _is_wildcard(host: str) -> bool:
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _outward_address() -> str:
    """Give the address by which other machines most likely reach this one; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation, which nobody has
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
