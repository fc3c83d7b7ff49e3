"""The gateway's ASGI app: finds the way for each path, and turns every ending into an answer.

`/v1/{metrics,traces,logs}` for agents, `/healthz` and `/readyz` for probes, `/metrics` and `/refusals`
for this machine alone. Nothing that goes wrong becomes a 500: agents drop a batch at 500 and try again at 503.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from upwell.config import Settings
from upwell.errors import MethodNotAllowed, NotFound, Refusal, Unauthenticated, Unavailable
from upwell.exposition import CONTENT_TYPE, Family, exposition, labelled, single
from upwell.gateway.answers import Answer, only_read, page, refused, text
from upwell.gateway.brief import Request
from upwell.gateway.counters import Counters
from upwell.gateway.ingest import Gone, Headers, Ingest, Journal
from upwell.gateway.sources import Sources, Strangers, is_this_machine
from upwell.gateway.watch import Limits, Watch
from upwell.identity import Keyring
from upwell.otlp import Encoding, Signal, media_type
from upwell.policy import Step

_SIGNALS: Final = {f"/v1/{signal}": signal for signal in Signal}
_SLASHES: Final = re.compile("/{2,}")
_KEY_IN_PATH: Final = re.compile(r"/k/([^/]+)(/v1/.+)")


def build(settings: Settings, keyring: Keyring, journal: Journal, steps: Sequence[Step]) -> Door:
    """The gateway's app."""
    return Door(settings, keyring, journal, steps)


class Door:
    """The ASGI app, and what its server shares with it: counters, faults and the watch over connections."""

    def __init__(self, settings: Settings, keyring: Keyring, journal: Journal, steps: Sequence[Step]) -> None:
        gateway = settings.gateway
        self.counters = Counters()
        self.strangers = Strangers()
        self.watch = Watch(Limits(connections=gateway.max_connections))
        self._ingest = Ingest(gateway, keyring, journal, steps, self.counters)
        self._sources = Sources(gateway.trusted_proxies)
        self._path_keys = gateway.path_keys
        self._pages = {"/healthz": self._health, "/readyz": self._readiness, "/metrics": self._metrics, "/refusals": self._refusals}

    def close(self) -> None:
        """End the thread for large bodies."""
        self._ingest.close()

    async def follow_keys(self) -> None:
        """Keep the keyring up to date, for ever; a keys.db that cannot be read leaves the last view in force."""
        keyring = self._ingest.keyring
        while True:
            try:
                await asyncio.to_thread(keyring.refresh)
            except Exception as error:  # noqa: BLE001 - as long as the process lives, it must go on looking
                self.watch.faults.note(error, "reading keys.db")
            await asyncio.sleep(keyring.POLL_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        try:
            answer = await self._answer(scope, headers, receive)
        except Gone:
            return
        except Refusal as refusal:
            answer = self._refuse(refusal, scope, headers)
        except Exception as error:  # noqa: BLE001 - never a 500
            answer = self._fault(error, scope, headers)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    def at_once(self, request: Request, answer: Callable[[Answer], None]) -> bool:
        """Answer a whole request without an ASGI task, from within the connection; False: call me with it instead.

        Task, event and messages of ASGI are some six in a hundred of a small batch's instructions. Raises nothing.
        """
        began = time.perf_counter()
        headers: Headers = dict(request.headers)
        try:
            signal, path_key = self._route(request.path)
            if signal is None or request.method != b"POST":
                return False
            return self._ingest.at_once(signal, headers, path_key, request.body, partial(self._tell, request, headers, began, answer))
        except Refusal as refusal:
            answer(self._refuse(refusal, {"client": request.client}, headers))
        except Exception as error:  # noqa: BLE001 - never a 500
            answer(self._fault(error, {"client": request.client}, headers))
        return True

    def _tell(self, request: Request, headers: Headers, began: float, answer: Callable[[Answer], None], end: Answer | Refusal) -> None:
        try:
            if isinstance(end, Refusal):
                answer(self._refuse(end, {"client": request.client}, headers))
            else:
                self.counters.took(time.perf_counter() - began)
                answer(end)
        except Exception as error:  # noqa: BLE001 - one connection's fault must not keep their answers from the others of a commit
            self.watch.faults.note(error, "answering a request")

    def _fault(self, error: Exception, scope: Mapping[str, Any], headers: Headers) -> Answer:
        self.watch.faults.note(error, "handling a request")
        return self._refuse(Unavailable("the request could not be handled", retry_after=1), scope, headers)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Answer:
        began = time.perf_counter()
        signal, path_key = self._route(scope["path"])
        if signal is None:
            return self._page(scope, headers)
        if scope["method"] != "POST":
            raise MethodNotAllowed("only POST is answered here")
        answer = await self._ingest(signal, headers, path_key, receive)
        self.counters.took(time.perf_counter() - began)
        return answer

    def _route(self, path: str) -> tuple[Signal | None, str | None]:
        """The signal that a path is for, and the key in it."""
        signal = _SIGNALS.get(path)
        if signal is not None:
            return signal, None
        path = _SLASHES.sub("/", path)
        if self._path_keys and (match := _KEY_IN_PATH.fullmatch(path)):
            return _SIGNALS.get(match[2]), match[1]
        return _SIGNALS.get(path), None

    def _refuse(self, refusal: Refusal, scope: Mapping[str, Any], headers: Headers) -> Answer:
        self.counters.refusals[refusal.code] += 1
        if isinstance(refusal, Unauthenticated):
            self.strangers.note(self._sources.of(scope, headers), refusal.message)
        return refused(refusal, media_type(headers.get(b"content-type", b"")) or Encoding.JSON)

    def _page(self, scope: Scope, headers: Headers) -> Answer:
        make = self._pages.get(scope["path"])
        if make is None or (scope["path"] in ("/metrics", "/refusals") and not is_this_machine(scope, headers)):
            raise NotFound("there is nothing here")
        if scope["method"] not in ("GET", "HEAD"):
            return only_read()
        return make()

    def _health(self) -> Answer:
        return text(200, "ok\n")

    def _readiness(self) -> Answer:
        reason = self._ingest.journal.ready()
        return text(200, "ready\n") if reason is None else text(503, f"not ready: {reason}\n")

    def _refusals(self) -> Answer:
        return page({"batches": self._ingest.complaints.list(), "strangers": self.strangers.totals()})

    def _metrics(self) -> Answer:
        ingest = self._ingest
        state: tuple[Any, ...] = (
            labelled("upwell_cut_requests_total", "counter", "Requests ended by the HTTP layer.", "code", self.watch.refusals),
            single("upwell_unexpected_errors_total", "counter", "Requests that met a fault in Upwell itself.", self.watch.faults.count),
            single("upwell_throttled_waits_total", "counter", "Requests that waited for their key's rate.", ingest.throttle.waited),
            single("upwell_throttle_waiting", "gauge", "Requests waiting for their key's rate.", ingest.throttle.waiting),
            single("upwell_bytes_in_hand", "gauge", "Bytes of bodies in hand.", ingest.hand.bytes),
            single("upwell_connections", "gauge", "Open connections.", len(self.watch.connections)),
            single("upwell_keys", "gauge", "Keys known, live or not.", len(ingest.keyring)),
            single("upwell_ready", "gauge", "1 if batches can be accepted.", int(ingest.journal.ready() is None)),
        )
        return text(200, exposition((*self.counters.families(), *state, *_journal_families(ingest.journal))), CONTENT_TYPE)


def _journal_families(journal: Journal) -> Iterator[Family]:
    counts = journal.counts()
    yield single("upwell_journal_bytes", "gauge", "Bytes of the journal on disk.", journal.bytes())
    yield single("upwell_journal_commits_total", "counter", "Commits, each of one or many batches.", counts.commits)
    yield single(
        "upwell_journal_failed_commits_total",
        "counter",
        "Commits that failed; none of their batches was acknowledged.",
        counts.failed_commits,
    )
    yield single("upwell_journal_setbacks_total", "counter", "Failures in the background that are tried again.", counts.setbacks)
    yield single(
        "upwell_retry_window_seconds", "gauge", "How far back a retry is known; 300 but under a flood.", counts.retry_window_seconds
    )
