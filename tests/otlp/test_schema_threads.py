"""The types of bodies under threads."""

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"

FIRST_USE = """
import sys, threading
from upwell.otlp import Encoding, Signal, decode

VALUE = '{"key":"k","value":{"arrayValue":{"values":[{"stringValue":"v"}]}}}'
BODIES = {
    Signal.LOGS: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[%s]}]}]}]}' % VALUE,
    Signal.TRACES: '{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[%s]}]}]}]}' % VALUE,
    Signal.METRICS: '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{"attributes":[%s]}]}}]}]}]}' % VALUE,
}
sys.setswitchinterval(1e-6)
together = threading.Barrier(9)

def first(signal):
    together.wait()
    for _ in range(20):
        decode(BODIES[signal].encode(), signal, Encoding.JSON)

threads = [threading.Thread(target=first, args=(signal,)) for signal in Signal for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_first_bodies_may_be_decoded_by_several_threads_at_once() -> None:
    """Lanes start together, each in its thread, and the first batches of all of them are decoded."""
    done = subprocess.run([sys.executable, "-c", FIRST_USE], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
