"""How full requests to CloudWatch are: the recorded payloads of real agents, a backlog of each signal, through a real lane.

Of every request but the last, the share used of the limit that binds it (items, bytes or spread of times), as the
fake CloudWatch counts it. To reach: 80 %.
"""

from __future__ import annotations

import statistics
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench import backlog, processes
from tests.end_to_end.recorded import Recording, recordings, to_today
from upwell.config import CloudWatchSink
from upwell.otlp import Signal
from upwell.testing.cloudwatch import FakeCloudWatch, Received

REGIONS = {"1 MB of logs": "us-west-1", "20 MB of logs": "us-west-2"}
_FIRST_COPIES, _MOST_COPIES = 12, 2_000
_ENOUGH = 4  # requests, so that three of them are judged
_MIXED = "all agents"


def main(*, quick: bool = False) -> None:
    """Print one line per Region, signal and agent."""
    print("\nshare of the binding limit that each request but the last used (to reach: 80 %)")
    print(f"{'':44s} {'requests':>8s} {'least':>6s} {'median':>7s} {'batches/request':>16s}  bound by")
    for title, region in REGIONS.items():
        for signal in Signal:
            if region == REGIONS["20 MB of logs"] and signal is not Signal.LOGS:
                continue  # the same limits everywhere
            for agent, chosen in _agents(signal, quick=quick):
                _print(f"{title if signal is Signal.LOGS else signal}, {agent}", *_several(region, signal, chosen))


def _several(region: str, signal: Signal, chosen: list[Recording]) -> tuple[list[Received], int]:
    """Twice as many copies, until they fill several requests."""
    copies = _FIRST_COPIES
    while True:
        requests, batches = _requests(region, signal, chosen, copies)
        if len(requests) >= _ENOUGH or copies >= _MOST_COPIES:
            return requests, batches
        copies *= 2


def _agents(signal: Signal, *, quick: bool) -> Iterator[tuple[str, list[Recording]]]:
    found = [recording for recording in recordings() if recording.signal is signal]
    yield _MIXED, found
    if not quick:
        for agent in sorted({recording.agent for recording in found}):
            yield agent, [recording for recording in found if recording.agent == agent]


def _requests(region: str, signal: Signal, chosen: list[Recording], copies: int) -> tuple[list[Received], int]:
    with tempfile.TemporaryDirectory() as name, FakeCloudWatch(region=region, keep="counts") as fake:
        folder = Path(name)
        batches = backlog.fill(folder, _bodies(chosen, copies))
        fake.create_log_group("/upwell/otlp", "gateway")
        with processes.environment(AWS_ACCESS_KEY_ID=fake.access_key, AWS_SECRET_ACCESS_KEY=fake.secret_key, NO_PROXY="127.0.0.1"):
            sink = CloudWatchSink(name="cloudwatch", region=region, endpoint_url=fake.url)
            with backlog.lane(folder, sink, signal) as lane:
                backlog.empty(lane)
        return fake.requests(signal), batches


def _bodies(chosen: Iterable[Recording], copies: int) -> Iterator[backlog.Body]:
    """The recordings over and over, each copy a second earlier and so no retry of another."""
    latest = to_today()
    for copy in range(copies):
        for recording in chosen:
            yield backlog.Body(recording.signal, recording.encoding, recording.body(latest - copy))


def _print(label: str, requests: list[Received], batches: int) -> None:
    refused = [request for request in requests if not request.stored]
    stored = [request for request in requests if request.stored]
    shares = [request.used for request in stored[:-1]]
    bound = ", ".join(name for name, _ in Counter(request.binding for request in stored[:-1]).most_common())
    least, median = (f"{100 * least:.0f} %" for least in (min(shares), statistics.median(shares))) if shares else ("-", "-")
    note = f"; {len(refused)} refused: {refused[0].message}" if refused else ""
    print(f"{label:44s} {len(stored):8d} {least:>6s} {median:>7s} {batches / max(1, len(stored)):16.1f}  {bound}{note}")


if __name__ == "__main__":
    main()
