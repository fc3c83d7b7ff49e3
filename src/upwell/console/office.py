"""What pages are made from: the worker's operations, the shared questions, the settings, and what one request adds to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from upwell.config import Settings, is_loopback, split_address
from upwell.console.answer import Answer, Perform, Questions
from upwell.console.auth import Visitor
from upwell.console.drawing import OTHER
from upwell.console.grants import Grant, Grants
from upwell.console.view import View
from upwell.console.vitals import Vitals

_CHOICES_SECONDS: Final = 60.0
"""How long the filters' lists may be old."""

_CHOICES_DAYS: Final = 90
_SENDERS_SECONDS: Final = 3.0
_LAST_SECONDS: Final = 0.005
"""How long a question is waited for when a page's time is over: an answer that is there is taken along."""


class Recent:
    """Remembers one answer for a moment. May be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer: Any = None
        self._until = 0.0

    def get(self, ask: Callable[[], Any], seconds: float) -> Any:
        """The answer, asked for again when it is old."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._answer = ask()
                self._until = time.monotonic() + seconds
            return self._answer


@dataclass(frozen=True, slots=True)
class Office:
    """Everything behind the pages. `perform` is how the worker's operations are asked for."""

    settings: Settings
    vitals: Callable[[], Vitals]
    perform: Perform
    questions: Questions
    grants: Grants
    recent: Recent = field(default_factory=Recent)

    def zone(self) -> str:
        """The zone whose midnights are the days of all reports."""
        return str(getattr(getattr(self.settings, "reports", None), "timezone", "UTC"))

    def now(self) -> datetime:
        """This moment, in the reports' zone."""
        try:
            return datetime.now(ZoneInfo(self.zone()))
        except ZoneInfoNotFoundError:
            return datetime.now(ZoneInfo("UTC"))

    def floor(self) -> int:
        """The smallest number of people that a figure may rest on."""
        return int(getattr(self.settings.console, "floor", 5))

    def endpoint(self, host: str) -> str:
        """Where agents send, for somebody who reached the console under a name."""
        gateway = self.settings.gateway
        name, port = split_address(gateway.listen[0])
        if name in ("0.0.0.0", "::", ""):  # noqa: S104 - told apart, not bound
            name = host.partition(":")[0] or "localhost"
        scheme = "https" if gateway.tls_cert else "http"
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"

    def heard(self) -> bool:
        """Whether any row of usage is in the store, however old."""
        return any(row["last_seen"] for row in self.senders()["keys"])

    def senders(self) -> Mapping[str, Any]:
        """Who sends, without names, as of a moment ago."""
        found: Mapping[str, Any] = self.recent.get(lambda: self.perform("senders", {"names": False}), _SENDERS_SECONDS)
        return found

    def reachable(self) -> bool:
        """Whether laptops other than this machine can send at all."""
        return not all(is_loopback(address) for address in self.settings.gateway.listen)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page. Its questions share one time to wait; what is still counted then is in `pending`."""

    office: Office
    view: View
    visitor: Visitor | None
    params: Mapping[str, str]
    host: str
    path: str
    id: str = ""
    deadline: float = 0.0
    pending: list[str] = field(default_factory=list)

    @property
    def grant(self) -> Grant | None:
        """The leave to see single sessions that somebody has."""
        return self.office.grants.of(self.id) if self.id else None

    @property
    def can_reveal(self) -> bool:
        """Whether a reason would give that leave."""
        return self.visitor is not None and self.visitor.admin and self.office.settings.console.reveal == "reason"

    def ask_personally(self, report: str, more: Mapping[str, str]) -> Answer:
        """A report that tells of single people, with the leave there is. Raises PersonWithheld without one; shared with nobody."""
        grant = self.grant
        question = {"name": report, **self.view.asked(), "by": None, "more": dict(more), **(grant.arguments if grant else {})}
        return Answer.of(self.office.perform("report", question))

    def ask(self, report: str, by: str | None = None, *, view: View | None = None, **more: str) -> Answer:
        """A report over what is looked at, or over another view."""
        within = max(_LAST_SECONDS, self.deadline - time.monotonic())
        answer = self.office.questions.ask(report, view or self.view, by, more, within=within)
        if answer.pending:
            self.pending.append(report)
        return answer

    def choices(self, name: str) -> list[str]:
        """What a filter can be set to: the names with use of late, busiest first, and the one that is set."""
        until = self.office.now().date() + timedelta(days=1)
        wide = View(until - timedelta(days=_CHOICES_DAYS), until)
        answer = self.office.questions.ask("overview", wide, name, patience=_CHOICES_SECONDS, within=_LAST_SECONDS)
        ranked = sorted(answer.rows, key=lambda row: -(row.get("api_requests") or 0))
        found = [str(row[name]) for row in ranked if row.get(name) and row[name] != OTHER]
        chosen: str | None = getattr(self.view, name)
        return found if chosen is None or chosen in found else [*found, chosen]


Context = dict[str, Any]
"""What a template gets; its only reader is Jinja."""
