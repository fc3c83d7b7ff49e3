"""What a held lane can mend by itself: fresh credentials, the log group and stream it writes to.

Both are idempotent, and neither touches data. A group made here keeps its events for ever:
retention is the account's decision.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError

from upwell.config import CloudWatchSink
from upwell.otlp import Signal
from upwell.sinks.base import Hold
from upwell.sinks.cloudwatch.answers import cause_of_hold
from upwell.sinks.cloudwatch.causes import Cause
from upwell.sinks.cloudwatch.signing import CREDENTIAL_ERRORS, Signer

RENEWAL_PAUSE_NS = 30 * 10**9
"""Between two looks for credentials: a role has new ones each time, and they need not be better."""

_NOT_MENDED_BY_CREDENTIALS = frozenset({Cause.SWITCH, Cause.CLOCK})
_ALREADY = frozenset({"ResourceAlreadyExistsException", "OperationAbortedException"})

_log = logging.getLogger(__name__)


class Workshop:
    """Repairs for one sink."""

    def __init__(self, config: CloudWatchSink, signer: Signer, clock_ns: Callable[[], int]) -> None:
        self._config = config
        self._signer = signer
        self._clock_ns = clock_ns
        self._renewed_ns: int | None = None

    def mend(self, signal: Signal, hold: Hold) -> bool:
        """Try. True when something has changed, so that sending again may do."""
        cause = cause_of_hold(hold, signal)
        if cause is Cause.MISSING:
            return self._create()
        return cause not in _NOT_MENDED_BY_CREDENTIALS and self._renew()

    def _renew(self) -> bool:
        now_ns = self._clock_ns()
        if self._renewed_ns is not None and 0 <= now_ns - self._renewed_ns < RENEWAL_PAUSE_NS:
            return False
        self._renewed_ns = now_ns
        return self._signer.renew()

    def _create(self) -> bool:
        group, stream = self._config.log_group, self._config.log_stream
        try:
            with closing(self._signer.client("logs", self._signer.override(Signal.LOGS))) as client:
                made_group = _make(client.create_log_group, logGroupName=group)
                made_stream = _make(client.create_log_stream, logGroupName=group, logStreamName=stream)
        except ClientError as error:
            _log.warning("log group %s with stream %s could not be created: %s", group, stream, error.response["Error"]["Code"])
            return False
        except CREDENTIAL_ERRORS as error:
            _log.warning("log group %s with stream %s could not be created: %s", group, stream, type(error).__name__)
            return False
        return made_group or made_stream


def _make(create: Callable[..., Any], **names: str) -> bool:
    """Create something. False when it was there, or somebody else is creating it."""
    try:
        create(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] in _ALREADY:
            return False
        raise
    return True
