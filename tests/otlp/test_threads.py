"""Decoding in several threads at once."""

from __future__ import annotations

import subprocess
import sys

_FIRST_USE = """
import sys, threading
from upwell.otlp import Encoding, Signal, decode
sys.setswitchinterval(1e-6)
start = threading.Barrier(9)
bodies = {
    Signal.LOGS: b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1"}]}]}]}',
    Signal.TRACES: b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a"}]}]}]}',
    Signal.METRICS: b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]}',
}
def first(signal):
    start.wait()
    assert decode(bodies[signal], signal, Encoding.JSON).batch
threads = [threading.Thread(target=first, args=(list(Signal)[number % 3],)) for number in range(9)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_may_decode_first_at_once() -> None:
    """Three lanes that start on a full journal decode their first rows together, and the process lives."""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", _FIRST_USE], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
