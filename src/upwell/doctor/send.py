"""`--send` for the gateway shape: one marked event per signal through the door, to every sink that gets it, and into the usage store.

CloudWatch is asked whether it shows the event. Of other destinations their answer is all there is to see: there the lane is asked, which
has passed the event when nothing older waits, and has not put it into quarantine.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from upwell.aws import promql
from upwell.aws.farend import CloudWatchEnd
from upwell.aws.mark import Mark
from upwell.aws.probe import FIND_SECONDS, Arrival, End, Probe, Verdict, over_http
from upwell.config import CloudWatchSink, Settings
from upwell.doctor import door
from upwell.errors import AwsCredentials, UpwellError, WorkerError
from upwell.identity import Keys
from upwell.otlp.model import Signal
from upwell.service import client
from upwell.sinks.base import Retry
from upwell.sinks.cloudwatch.signing import CREDENTIAL_ERRORS, Signer
from upwell.sinks.replies import problem
from upwell.sinks.transport import Answer

TEAM = "upwell-doctor"
"""Whom the key made for a look counts for."""

_KEY_SECONDS = 900
_KEY_SPREADS = 0.6  # a running gateway looks at keys.db four times a second
_PAUSE = 1.0
_NEW_KEY_PATIENCE, _BUSY_PATIENCE = 10.0, 30.0
_LANE_SECONDS = 60.0
_ORDER = (Signal.LOGS, Signal.METRICS, Signal.TRACES)


@contextlib.contextmanager
def key(settings: Settings, given: str | None) -> Iterator[str]:
    """The key to send with: the one given, else one that lives while this lasts."""
    if given is not None:
        yield given
        return
    with Keys(settings.data_dir / "keys.db") as keys:
        made = keys.add(None, TEAM, time.time_ns() + _KEY_SECONDS * 10**9)
        try:
            time.sleep(_KEY_SPREADS)
            yield made.secret_text
        finally:
            keys.revoke(made.key.id)


def send(
    settings: Settings,
    secret: str,
    endpoint: str | None = None,
    *,
    say: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Arrival]:
    """Send, and tell for each signal and far end when it was there, or what is wrong."""
    target = endpoint or door.url(settings, settings.gateway.listen[0])
    verify = False if endpoint is None and target.startswith("https") else None  # this machine's own door, under another name
    probe = Probe(over_http(target, secret, verify=verify), judge, ends(settings, secret), say=say, sleep=sleep, pause=_PAUSE)
    yield from probe.run(_ORDER)


def judge(answer: Answer | Retry, signal: Signal) -> Verdict:  # noqa: ARG001 - what a judge is asked
    """What the gateway's answer means."""
    if isinstance(answer, Retry):
        return Verdict(_NEW_KEY_PATIENCE, answer.message, "Start `upwell serve`, or name where agents send to with --endpoint.")
    if answer.status == 200:
        return Verdict(None)
    told = f"the gateway answers {answer.status}: {problem(answer).message or 'without a word'}"
    if answer.status == 401:
        return Verdict(_NEW_KEY_PATIENCE, told, "Check the key with `upwell keys list`, and that --config is the running gateway's.")
    return Verdict(_BUSY_PATIENCE if answer.status in (429, 503) else 0.0, told, "Mend what it says; `upwell doctor` says where.")


def ends(settings: Settings, secret: str) -> list[End]:
    """The far ends of these settings: each sink with its signals, and the usage store."""
    key_id = secret.split("_")[1] if secret.count("_") >= 2 else ""
    found = [End("usage store", Lane(settings, "usage", "usage", key_id), dict.fromkeys(Signal, _LANE_SECONDS))]
    for sink in settings.sinks:
        signals = [Signal(signal) for signal in sink.signals]
        lane = Lane(settings, sink.name, "lanes", key_id)
        if isinstance(sink, CloudWatchSink):
            found.append(End(sink.name, Shown(lane, cloudwatch(sink)), {signal: FIND_SECONDS[signal] for signal in signals}))
        else:
            found.append(End(sink.name, lane, dict.fromkeys(signals, _LANE_SECONDS)))
    return found


def cloudwatch(sink: CloudWatchSink) -> CloudWatchEnd:
    """CloudWatch, asked with a sink's own identity and endpoints."""
    signer = Signer(sink)

    def query(text: str) -> list[dict[str, Any]]:
        try:
            credentials = signer.credentials()
        except CREDENTIAL_ERRORS as error:
            raise AwsCredentials(f"it was taken, but there are no AWS credentials here to look for it ({type(error).__name__})") from None
        base = signer.urls[Signal.METRICS].removesuffix("/v1/metrics")
        return promql.instant(base, sink.region, credentials, text, verify=signer.verify)

    return CloudWatchEnd(lambda: signer.client("logs", signer.override(Signal.LOGS)), query, sink.log_group, sink.log_stream)


@dataclass(frozen=True, slots=True)
class Lane:
    """A sink, or the usage store, as its lanes tell. `kind` is the ledger's list that they stand in."""

    settings: Settings
    sink: str
    kind: str
    key_id: str

    def shows(self, signal: Signal, mark: Mark, taken_ms: int) -> bool:  # noqa: ARG002 - a lane knows no marks
        """Whether the lane has passed what was taken then. Raises WorkerError where it is held, or has quarantined the event."""
        lane = self._lane(signal)
        passed = not lane["pending"]["items"] or (lane["oldest_pending"] is not None and _after(lane["oldest_pending"], taken_ms))
        if passed:
            self._check_quarantine(lane["lane"])
        elif lane["state"] in ("held", "failed"):
            raise WorkerError(f"the lane is {lane['state']}: {lane['message']}", hint=lane["hint"])
        return passed

    def hint(self, signal: Signal) -> str:
        """What the lane is at, and its own next step."""
        with contextlib.suppress(UpwellError):
            lane = self._lane(signal)
            if lane["message"]:
                return f"The lane is {lane['state']}: {lane['message']}. {lane['hint']}"
        return _BEHIND

    def _lane(self, signal: Signal) -> Mapping[str, Any]:
        listed: Sequence[Mapping[str, Any]] = client.ask(self.settings, "ledger")[self.kind]
        name = f"{self.sink}/{signal}"
        found = next((lane for lane in listed if lane["lane"] == name and not lane["closed"]), None)
        if found is None or found["state"] == "stopped":
            raise WorkerError("it was taken, and waits: no worker runs that would send it on", hint="Start `upwell serve`.")
        return found

    def _check_quarantine(self, lane: str) -> None:
        for batch in client.ask(self.settings, "quarantine_list"):
            if batch["lane"] == lane and batch["key"] == self.key_id:
                raise WorkerError(f"it is in quarantine: {batch['message']}", hint=f"See `upwell quarantine show {batch['id']}`.")


@dataclass(frozen=True, slots=True)
class Shown:
    """CloudWatch behind a lane: what holds the lane is the better story than silence at the far end."""

    lane: Lane
    end: CloudWatchEnd

    def shows(self, signal: Signal, mark: Mark, taken_ms: int) -> bool:
        """Whether CloudWatch shows it, once the lane has passed it."""
        return self.lane.shows(signal, mark, taken_ms) and self.end.shows(signal, mark, taken_ms)

    def hint(self, signal: Signal) -> str:
        """CloudWatch's."""
        return self.end.hint(signal)


_BEHIND = "The lane has much to do before it: see `upwell ledger`."


def _after(moment: str, taken_ms: int) -> bool:
    """Whether a time of the ledger, in whole seconds, is later than that of the event for sure."""
    return int(datetime.fromisoformat(moment).timestamp()) > taken_ms // 1000
