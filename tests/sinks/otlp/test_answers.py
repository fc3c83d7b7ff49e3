"""What a lane does after an answer of an OTLP server."""

from __future__ import annotations

import pytest

from upwell.otlp import Encoding, Signal, status, success
from upwell.sinks.base import Delivered, Hold, Oversize, Refused, Retry
from upwell.sinks.otlp.answers import outcome
from upwell.sinks.transport import Answer


def read(http: int, body: bytes = b"", **headers: str) -> object:
    return outcome(Answer(http, {name.replace("_", "-"): value for name, value in headers.items()}, body), Signal.LOGS, 0)


@pytest.mark.parametrize("http", [200, 202, 204])
def test_success_in_every_form(http: int) -> None:
    """Any 2xx, in either encoding, or without a body."""
    for encoding in Encoding:
        assert read(http, success(encoding, Signal.LOGS), content_type=encoding.value) == Delivered()
    assert read(http) == Delivered()


@pytest.mark.parametrize("encoding", Encoding)
def test_partial_success_is_delivered_with_what_was_rejected(encoding: Encoding) -> None:
    """It must not be sent again (OTLP specification)."""
    body = success(encoding, Signal.LOGS, 3, "too old")

    assert read(200, body, content_type=encoding.value) == Delivered(3, "too old")


@pytest.mark.parametrize("http", [408, 425, 429, 500, 502, 503, 504, 507, 599])
def test_what_passes_is_tried_again(http: int) -> None:
    """500 as well, which the specification forbids to clients that have nowhere to keep the data."""
    assert read(http, status(Encoding.JSON, 14, "busy"), retry_after="2") == Retry(f"http-{http}", "busy", 2.0)


@pytest.mark.parametrize("http", [301, 308, 401, 403, 404, 405, 407, 501])
def test_what_somebody_must_mend_holds(http: int) -> None:
    """A token, an address, a proxy: with the next step."""
    found = read(http, b"no")

    assert isinstance(found, Hold)
    assert (found.code, found.message) == (f"http-{http}", "no")
    assert found.hint
    assert "{" not in found.hint


def test_the_hint_of_a_missing_path_names_it() -> None:
    """The usual mistake is an endpoint with the path in it already."""
    found = read(404)

    assert isinstance(found, Hold)
    assert "/v1/logs" in found.hint


@pytest.mark.parametrize(
    ("http", "body"),
    [
        (413, b""),
        (400, b"http: request body too large"),
        (400, status(Encoding.PROTOBUF, 3, "http: request body too large")),
        (400, b"the message is too big"),
    ],
)
def test_too_much_is_to_be_cut(http: int, body: bytes) -> None:
    """413, and the Collector's 400."""
    assert isinstance(read(http, body), Oversize)


@pytest.mark.parametrize("http", [400, 409, 415, 422])
@pytest.mark.parametrize("encoding", Encoding)
def test_other_refusals_are_about_the_data(http: int, encoding: Encoding) -> None:
    """The lane finds the item."""
    assert read(http, status(encoding, 3, "bad span")) == Refused(f"http-{http}", "bad span")
