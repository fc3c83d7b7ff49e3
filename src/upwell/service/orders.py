"""What a supervisor tells a child, and how the child notices that the supervisor is gone.

Both go through one inherited pipe: its first line is the orders, and its end of file, which the kernel
sends whatever becomes of the supervisor, is the order to end. Settings travel this way, not by file,
so that a restarted child runs on what the supervisor was started with; and never as an argument or in the environment, where
other users could read a sink's token.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from upwell.config import Settings


@dataclass(frozen=True, slots=True)
class Orders:
    """The settings in force, and descriptors that the child inherits. `terminal`: whether a person reads its log."""

    settings: Settings
    sockets: tuple[int, ...]
    lock: int
    terminal: bool


def encode(orders: Orders) -> bytes:
    """The orders as one line of JSON."""
    document = {
        "settings": _plain(orders.settings.model_dump()),
        "sockets": orders.sockets,
        "lock": orders.lock,
        "terminal": orders.terminal,
    }
    return json.dumps(document).encode() + b"\n"


def receive(lifeline: int) -> Orders:
    """Read the orders from the pipe that is left open as lifeline. Raises EOFError when the supervisor died before."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(lifeline, 65536)
        if not piece:
            raise EOFError("the supervisor went away before it gave orders")
        line += piece
    document = json.loads(line)
    settings = Settings.model_validate(document["settings"])
    return Orders(settings, tuple(document["sockets"]), document["lock"], document["terminal"])


def end_with(lifeline: int) -> threading.Thread:
    """Send this process SIGTERM when the supervisor's end of the pipe closes."""

    def watch() -> None:
        while os.read(lifeline, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=watch, name="lifeline", daemon=True)
    thread.start()
    return thread


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
