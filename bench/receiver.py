"""The other sink of `bench.relay`: the shipped OTLP fake in a process of its own, counting and keeping nothing."""

from __future__ import annotations

import argparse
import signal
import threading

import orjson

from upwell.otlp.model import Signal
from upwell.testing.listener import Answer, Request
from upwell.testing.otlp import Keep, OtlpReceiver

COUNTS = "/_fake/counts"
"""The same question and answer as at the fake CloudWatch."""


class Counting(OtlpReceiver):
    """Says how much came."""

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
