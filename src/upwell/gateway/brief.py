"""A request that arrives whole in one piece, as agents' small batches do, and its answer: no task, no event, no ASGI messages.

The connection collects it, offers it to the door, and turns it into an ordinary cycle where the door cannot answer
at once or the rest of the body is still on its way.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from upwell.gateway.answers import Answer


class Request(NamedTuple):  # made for every request, and a frozen dataclass takes three times as long
    """All that a door needs to know of it. Header names are in lower case."""

    method: bytes
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    client: tuple[str, int] | None


class Connection(Protocol):
    """What a brief asks of its connection."""

    def write_answer(self, answer: Answer, *, keep_alive: bool) -> None:
        """Put an answer on the wire."""

    def answered(self, cycle: Brief) -> None:
        """The whole answer is written."""


class Brief:
    """One such request on a connection, while it is answered. It looks like a cycle to what ends requests."""

    __slots__ = ("_connection", "disconnected", "keep_alive", "more_body", "response_complete")

    def __init__(self, connection: Connection, *, keep_alive: bool) -> None:
        self._connection = connection
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.more_body = False

    def leave(self) -> None:
        """The client is gone; its batch stays on its way to the disk."""
        self.disconnected = True

    def answer(self, answer: Answer) -> None:
        """Write the answer, if there is still somebody to read it."""
        if self.disconnected or self.response_complete:
            return
        self.response_complete = True
        self._connection.write_answer(answer, keep_alive=self.keep_alive)
        self._connection.answered(self)
