"""A plain OTLP/HTTP receiver for tests of anything that exports: no signature, no limits, every header recorded."""

from __future__ import annotations

from upwell.testing.answers import Spelling
from upwell.testing.archive import Counts, Keep, NotKept
from upwell.testing.receiver import Receiver
from upwell.testing.script import Failure
from upwell.testing.verdict import Received

__all__ = ["Counts", "Failure", "Keep", "NotKept", "OtlpReceiver", "Received", "Spelling"]


class OtlpReceiver(Receiver):
    """Takes /v1/metrics, /v1/traces and /v1/logs; JSON or protobuf, gzip or not. See `Receiver` for what to ask it."""
