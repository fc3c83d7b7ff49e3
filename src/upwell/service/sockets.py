"""Listening sockets: opened once, by whoever runs longest, and handed on by descriptor.

Connections that arrive while a gateway restarts wait in the kernel's queue of a socket that stays open.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Sequence

from upwell.config import Settings, split_address
from upwell.errors import ListenError

BACKLOG = 2048
"""Connections that may wait for a restart; the kernel caps it at net.core.somaxconn."""

_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def open_all(addresses: Iterable[str], setting: str) -> list[socket.socket]:
    """Listening sockets for `host:port` addresses; `setting` is named in a ListenError."""
    opened: list[socket.socket] = []
    try:
        for address in addresses:
            opened += _open(address, setting)
    except BaseException:
        close_all(opened)
        raise
    return opened


def adopt(descriptors: Sequence[int]) -> list[socket.socket]:
    """Sockets that another process opened and handed on."""
    return [socket.socket(fileno=descriptor) for descriptor in descriptors]


def close_all(sockets: Iterable[socket.socket]) -> None:
    """Close this process's ends."""
    for one in sockets:
        one.close()


def url(listening: socket.socket, scheme: str = "http") -> str:
    """Where a client on this machine reaches the socket; wildcard addresses become loopback."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def door_urls(door: Iterable[socket.socket], settings: Settings) -> list[str]:
    """Where agents on this machine reach the gateway."""
    return [url(listening, "https" if settings.gateway.tls_cert else "http") for listening in door]


def _open(address: str, setting: str) -> list[socket.socket]:
    host, port = split_address(address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"{setting} {address}: {host} is no address here ({error.strerror})", hint=f"Correct {setting}.") from None
    opened: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, _, _, name in dict.fromkeys(found):
        try:
            opened.append(_bind(family, name))
        except OSError as error:
            failure = error
            if error.errno not in _ABSENT:  # "localhost" may have an IPv6 name and no IPv6 interface
                break
        if port == 0:
            break
    if failure and (not opened or failure.errno not in _ABSENT):
        close_all(opened)
        raise _refusal(failure, address, setting)
    return opened


def _bind(family: int, name: tuple[object, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(name)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _refusal(error: OSError, address: str, setting: str) -> ListenError:
    port = split_address(address)[1]
    if error.errno == errno.EADDRINUSE:
        hint = f"Stop that program (`lsof -nP -iTCP:{port} -sTCP:LISTEN` names it), or set {setting} to a free port."
        return ListenError(f"{address} is taken by another program", hint=hint)
    if error.errno == errno.EACCES:
        return ListenError(f"{address} may not be listened on by this user", hint=f"Set {setting} to a port above 1023.")
    if error.errno in _ABSENT:
        return ListenError(f"{address}: no interface of this machine has that address", hint=f"Correct {setting}.")
    return ListenError(f"{address} cannot be listened on: {os.strerror(error.errno or 0)}", hint=f"Correct {setting}.")
