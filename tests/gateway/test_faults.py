"""How unexpected faults are told without telling what was in them."""

from __future__ import annotations

import logging

import pytest

from upwell.gateway.faults import Faults, place_of


def fail(message: str) -> Exception:
    try:
        int(message)
    except ValueError as error:
        return error
    raise AssertionError


def test_the_first_of_a_kind_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """Type and place once; message and traceback never; all counted."""
    faults = Faults()
    with caplog.at_level(logging.ERROR, "upwell.gateway"):
        for number in range(3):
            faults.note(fail(f"secret prompt {number}"), "handling a request")

    (record,) = caplog.records
    assert "ValueError while handling a request, at " in record.getMessage()
    assert "test_faults.fail:" in record.getMessage()
    assert record.exc_info is None
    assert "secret" not in caplog.text
    assert faults.count == 3


def test_the_loops_own_errors_come_the_same_way(caplog: pytest.LogCaptureFixture) -> None:
    """What the event loop would print with a traceback is noted like any fault; its notices without an exception are not."""
    faults = Faults()
    with caplog.at_level(logging.ERROR, "upwell.gateway"):
        faults.on_loop_error(None, {"message": "Fatal error: data b'secret'", "exception": fail("secret")})
        faults.on_loop_error(None, {"message": "secret notice"})

    assert faults.count == 1
    assert "secret" not in caplog.text


def test_places_remembered_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A fault with ever new types can't fill memory or log."""
    faults = Faults()
    with caplog.at_level(logging.ERROR, "upwell.gateway"):
        for number in range(500):
            faults.note(type(f"E{number}", (Exception,), {})(), "testing")

    assert (len(caplog.records), faults.count) == (100, 500)


def test_an_exception_never_raised_has_no_place() -> None:
    """A missing traceback is no reason to fail while telling of a failure."""
    assert place_of(ValueError()) == "an unknown place"
