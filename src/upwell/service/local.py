"""The gateway of this machine, as an agent beside it would reach it: from the settings, not from a process."""

from __future__ import annotations

import socket
from typing import Final

from upwell.config import Settings, split_address

_PATIENCE_SECONDS: Final = 0.5
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def endpoint(settings: Settings) -> str:
    """The base URL of the first address that the gateway listens on."""
    host, port = reached(settings)
    return f"{'https' if settings.gateway.tls_cert else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def answers(settings: Settings) -> bool:
    """Whether somebody takes connections there now."""
    try:
        socket.create_connection(reached(settings), _PATIENCE_SECONDS).close()
    except OSError:
        return False
    return True


def reached(settings: Settings) -> tuple[str, int]:
    """Host and port of the first address that the gateway listens on, as this machine reaches it."""
    host, port = split_address(settings.gateway.listen[0])
    return _WILDCARDS.get(host, host), port
