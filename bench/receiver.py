"""A sink that costs little, for `bench.relay`: the shipped OTLP receiver in a process of its own, counting items and checking nothing."""

from __future__ import annotations

import argparse
import signal
import threading

import orjson

from upwell.otlp.model import Signal
from upwell.testing.export import Export
from upwell.testing.listener import Answer, Request
from upwell.testing.otlp import Keep, OtlpReceiver
from upwell.testing.verdict import Usage, Verdict

COUNTS = "/_fake/counts"
"""The same question and answer as at the fake CloudWatch."""


class Counting(OtlpReceiver):
    """Says how much came. Bodies are parsed, because items are counted; signatures, limits and each item are left unread."""

    def judge(self, request: Request, export: Export, now_ns: int) -> Verdict:  # noqa: ARG002 - the base class's signature
        return Verdict(Usage(export.count, export.bytes))

    def other(self, request: Request) -> Answer:
        if request.path != COUNTS:
            return super().other(request)
        return Answer(200, orjson.dumps({signal.value: self.counts(signal) for signal in Signal}), {"Content-Type": "application/json"})


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, required=True)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    with Counting(port=arguments.parse_args().port, keep=Keep.COUNTS):
        stopping.wait()


if __name__ == "__main__":
    main()
