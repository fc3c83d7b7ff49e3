"""Clients as they should be: each sends one batch after the other, and the same bytes again until it has an answer."""

from __future__ import annotations

import gzip
import http.client
import itertools
import random
import threading
import time
from collections import Counter

from tests.crash.batches import body
from tests.crash.house import House
from tests.crash.waiting import PATIENCE
from upwell.otlp import Encoding, Signal

_LOST = (OSError, http.client.HTTPException)
_LATER = (429, 503)


class Client(threading.Thread):
    """One connection at a time. `acknowledged` are the ids of batches answered 200; `unanswered` of the one given up."""

    def __init__(self, house: House, number: int, pause: float) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.acknowledged: dict[Signal, list[str]] = {signal: [] for signal in Signal}
        self.statuses: Counter[int] = Counter()
        self.cut = 0
        self.unanswered: list[str] = []
        self._house = house
        self._number = number
        self._pause = pause
        self._random = random.Random(number)
        self._encoding = (Encoding.JSON, Encoding.PROTOBUF)[number % 2]
        self._zips = number % 3 == 0
        self._connection: http.client.HTTPConnection | None = None
        self._stopping = threading.Event()
        self._give_up = float("inf")

    def run(self) -> None:
        """Send until told to stop; a batch once begun is seen through."""
        for count in itertools.count():
            if self._stopping.is_set():
                break
            signal = list(Signal)[(count + self._number) % 3]
            ids = [f"{self._number}-{count}-{item}" for item in range(self._random.randint(1, 12))]
            if not self._deliver(signal, body(signal, ids, self._encoding, size=self._random.randint(0, 300))):
                self.unanswered = ids
                break
            self.acknowledged[signal] += ids
            time.sleep(self._pause)
        self._hang_up()

    def stop(self, patience: float = PATIENCE) -> None:
        """Begin no further batch, and give the one under way up after `patience` seconds."""
        self._give_up = time.monotonic() + patience
        self._stopping.set()

    def _deliver(self, signal: Signal, content: bytes) -> bool:
        """The same bytes until they are acknowledged. False: refused, or given up."""
        wire = gzip.compress(content, 1) if self._zips else content
        while time.monotonic() < self._give_up:
            status = self._send(signal, wire)
            if status == 200:
                return True
            if status not in (0, *_LATER):
                return False
            time.sleep(0.05)
        return False

    def _send(self, signal: Signal, wire: bytes) -> int:
        """The status, or 0 where the connection ended without an answer."""
        headers = {"x-api-key": self._house.key, "content-type": self._encoding.value}
        if self._zips:
            headers["content-encoding"] = "gzip"
        try:
            connection = self._connection = self._connection or self._house.connect()
            connection.request("POST", f"/v1/{signal.value}", wire, headers)
            answer = connection.getresponse()
            answer.read()
        except _LOST:
            self.cut += 1
            self._hang_up()
            return 0
        self.statuses[answer.status] += 1
        return answer.status

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Traffic:
    """Several clients at once."""

    def __init__(self, house: House, *, clients: int = 6, pause: float = 0.02) -> None:
        self.clients = [Client(house, number, pause) for number in range(clients)]

    def __enter__(self) -> Traffic:
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(patience=0)

    def stop(self, patience: float = PATIENCE) -> None:
        """End all clients; each sees its last batch through, within `patience`."""
        for client in self.clients:
            client.stop(patience)
        for client in self.clients:
            if client.ident is not None:
                client.join(patience + PATIENCE)
                assert not client.is_alive(), f"{client.name} does not end"

    def acknowledged(self, signal: Signal) -> list[str]:
        """Ids that were answered 200, in no order."""
        return [name for client in self.clients for name in list(client.acknowledged[signal])]

    def count(self) -> int:
        """Items acknowledged by now."""
        return sum(len(ids) for client in self.clients for ids in client.acknowledged.values())

    @property
    def unanswered(self) -> list[str]:
        """Ids of batches that were given up: they may have been stored or not."""
        return [name for client in self.clients for name in client.unanswered]

    @property
    def statuses(self) -> Counter[int]:
        return sum((client.statuses for client in self.clients), Counter())

    @property
    def cut(self) -> int:
        """Requests that ended without an answer."""
        return sum(client.cut for client in self.clients)
