"""What a child is told arrives whole, secrets included, and its end of file ends the child."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from upwell.config import OtlpSink, Settings
from upwell.service import orders
from upwell.service.orders import Orders


def _settings() -> Settings:
    return Settings.model_validate(
        {
            "data_dir": "/somewhere/else",
            "gateway": {"listen": ["127.0.0.1:0", "[::1]:0"], "tls_cert": "cert.pem", "tls_key": "key.pem"},
            "sinks": [
                {"type": "otlp", "endpoint": "http://127.0.0.1:1", "headers": {"authorization": "Bearer abc"}},
                {"type": "cloudwatch", "region": "us-west-2", "endpoints": {"logs": "http://127.0.0.1:2"}},
            ],
        }
    )


def _sent(told: Orders) -> int:
    theirs, ours = os.pipe()
    os.write(ours, orders.encode(told))
    os.close(ours)
    return theirs


def test_orders_arrive_as_they_were_given() -> None:
    """Every setting, also a sink's token, is the same on the child's side."""
    told = Orders(_settings(), (5, 6), 7, terminal=True)
    pipe = _sent(told)

    received = orders.receive(pipe)

    assert received == told
    sink = received.settings.sinks[0]
    assert isinstance(sink, OtlpSink)
    assert sink.headers["authorization"] == SecretStr("Bearer abc")
    assert received.settings.gateway.tls_cert == Path("cert.pem")
    os.close(pipe)


def test_orders_are_one_line() -> None:
    """The end of the line is the end of the orders; what follows on the pipe is only its end of file."""
    assert orders.encode(Orders(_settings(), (), 3, terminal=False)).count(b"\n") == 1


def test_a_supervisor_that_died_first_is_noticed() -> None:
    """No orders, no run."""
    theirs, ours = os.pipe()
    os.write(ours, b'{"half": ')
    os.close(ours)

    with pytest.raises(EOFError):
        orders.receive(theirs)
    os.close(theirs)


def test_the_end_of_the_pipe_ends_the_process() -> None:
    """However the supervisor dies, the kernel closes its end, and the child gets SIGTERM."""
    theirs, ours = os.pipe()
    ended = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: ended.set())
    try:
        watcher = orders.end_with(theirs)
        assert not ended.is_set()
        os.close(ours)
        watcher.join()
        assert ended.wait(10)
    finally:
        signal.signal(signal.SIGTERM, before)
        os.close(theirs)
