"""API Gateway's own answers: its defaults, changed by the template's gateway responses."""

from __future__ import annotations

import json
from enum import StrEnum

from upwell.testing.apigateway.model import Snapshot
from upwell.testing.listener import Answer


class Own(StrEnum):
    """The response types that this emulator has a reason for."""

    UNKNOWN_PATH = "MISSING_AUTHENTICATION_TOKEN"
    ACCESS_DENIED = "ACCESS_DENIED"
    INVALID_API_KEY = "INVALID_API_KEY"
    THROTTLED = "THROTTLED"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    INTEGRATION_TIMEOUT = "INTEGRATION_TIMEOUT"
    INTEGRATION_FAILURE = "INTEGRATION_FAILURE"
    API_CONFIGURATION_ERROR = "API_CONFIGURATION_ERROR"


_DEFAULTS = {
    Own.UNKNOWN_PATH: (403, "Missing Authentication Token"),
    Own.ACCESS_DENIED: (403, "User: anonymous is not authorized to perform: execute-api:Invoke"),
    Own.INVALID_API_KEY: (403, "Forbidden"),
    Own.THROTTLED: (429, "Too Many Requests"),
    Own.UNSUPPORTED_MEDIA_TYPE: (415, "Unsupported Media Type"),
    Own.REQUEST_TOO_LARGE: (413, "HTTP content length exceeded 10485760 bytes."),
    Own.INTEGRATION_TIMEOUT: (504, "Endpoint request timed out"),
    Own.INTEGRATION_FAILURE: (504, "Network error communicating with endpoint"),
    Own.API_CONFIGURATION_ERROR: (500, "Internal server error"),
}


def own(kind: Own, snapshot: Snapshot) -> Answer:
    """The answer as the deployed API gives it."""
    status, message = _DEFAULTS[kind]
    headers = {"Content-Type": "application/json"}
    changed = snapshot.answers.get(kind.value) or snapshot.answers.get("DEFAULT_4XX" if status < 500 else "DEFAULT_5XX")
    if changed is not None and kind is not Own.REQUEST_TOO_LARGE:  # which AWS says cannot be customised
        status = changed.status or status
        headers |= {name: text.strip("'") for name, text in changed.headers.items()}
    return Answer(status, json.dumps({"message": message}).encode(), headers)
