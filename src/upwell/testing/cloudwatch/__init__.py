"""A fake Amazon CloudWatch: the OTLP endpoints with their documented limits, the CloudWatch Logs API and STS, all checked for SigV4.

`with FakeCloudWatch() as fake:` in a test, or `python -m upwell.testing.cloudwatch` beside it; docs/testing.md shows both.
It is an independent reading of AWS's documents (`limits`, `judge`, `fake` say what was read and what was chosen), not AWS: a green test
here does not replace one against the real thing.
"""

from __future__ import annotations

from upwell.testing.answers import Spelling
from upwell.testing.archive import Counts, Keep, NotKept
from upwell.testing.cloudwatch.fake import FakeCloudWatch
from upwell.testing.cloudwatch.limits import DOCUMENTED, Limits, LogLimits, MetricLimits, TraceLimits
from upwell.testing.script import Failure
from upwell.testing.verdict import Received

__all__ = [
    "DOCUMENTED",
    "Counts",
    "Failure",
    "FakeCloudWatch",
    "Keep",
    "Limits",
    "LogLimits",
    "MetricLimits",
    "NotKept",
    "Received",
    "Spelling",
    "TraceLimits",
]
