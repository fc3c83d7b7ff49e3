"""The gateway of this machine, as the settings name it."""

from __future__ import annotations

import socket

import pytest

from upwell.config import Settings
from upwell.service import local


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:4318", "http://127.0.0.1:4318"),
        ("0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:2", "http://[::1]:2"),
        ("[::1]:3", "http://[::1]:3"),
    ],
)
def test_its_address_is_one_that_a_client_can_reach(listen: str, url: str) -> None:
    """Wildcards become loopback, IPv6 gets its brackets."""
    assert local.endpoint(Settings.model_validate({"gateway": {"listen": listen, "insecure": True}})) == url


def test_tls_shows_in_the_address() -> None:
    """An agent that speaks plain HTTP to it would be cut off."""
    settings = Settings.model_validate({"gateway": {"tls_cert": "c", "tls_key": "k"}})

    assert local.endpoint(settings) == "https://127.0.0.1:4318"


def test_it_answers_while_somebody_listens() -> None:
    """And no longer afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings = Settings.model_validate({"gateway": {"listen": f"127.0.0.1:{listening.getsockname()[1]}"}})
        assert local.answers(settings)

    assert not local.answers(settings)
