"""Listening addresses: opened once, handed on by descriptor, refused with the next step."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from upwell.errors import ListenError
from upwell.service import sockets


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_several_addresses_are_opened() -> None:
    """Each address of a list gets its own listening socket."""
    opened = sockets.open_all(["127.0.0.1:0", "127.0.0.1:0"], "gateway.listen")

    assert len({one.getsockname() for one in opened}) == 2
    sockets.close_all(opened)


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
def test_ipv6_and_ipv4_share_a_port() -> None:
    """An IPv6 wildcard does not take the IPv4 port, so that both can be listed."""
    four = sockets.open_all(["127.0.0.1:0"], "gateway.listen")
    port = four[0].getsockname()[1]
    six = sockets.open_all([f"[::1]:{port}"], "gateway.listen")

    assert sockets.url(six[0]) == f"http://[::1]:{port}"
    sockets.close_all(four + six)


def test_a_name_listens_wherever_it_points() -> None:
    """`localhost` is reachable under every address it has here."""
    opened = sockets.open_all(["localhost:0"], "gateway.listen")

    with socket.create_connection(opened[0].getsockname()[:2]):
        pass
    sockets.close_all(opened)


def test_a_taken_port_is_named_with_a_next_step() -> None:
    """The sentence says which address, the hint who could know and which setting helps."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ListenError) as caught:
            sockets.open_all([address], "gateway.listen")

    assert caught.value.message == f"{address} is taken by another program"
    assert "gateway.listen" in caught.value.hint
    assert address.split(":")[1] in caught.value.hint


def test_one_failure_closes_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second address is taken, the first is free again."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with socket.create_server(("127.0.0.1", 0)) as probe:
            free = f"127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(ListenError):
            sockets.open_all([free, taken], "gateway.listen")

    sockets.close_all(sockets.open_all([free], "gateway.listen"))


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(errno.EACCES, "may not be listened on"), (errno.EADDRNOTAVAIL, "no interface"), (errno.ENOBUFS, "cannot be listened on")],
)
def test_other_failures_are_sentences(number: int, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A low port, a foreign address and anything else name the address and the setting."""

    def refuse(family: int, name: object) -> socket.socket:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(sockets, "_bind", refuse)

    with pytest.raises(ListenError, match=sentence) as caught:
        sockets.open_all(["127.0.0.1:80"], "console.listen")

    assert "console.listen" in caught.value.hint


def test_an_unknown_host_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to nothing is the setting's fault, and said so."""

    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(ListenError, match=r"gateway\.listen nowhere:1: nowhere is no address here"):
        sockets.open_all(["nowhere:1"], "gateway.listen")


def test_a_handed_on_socket_accepts() -> None:
    """A child that knows only the descriptor takes the connections of the socket."""
    (opened,) = sockets.open_all(["127.0.0.1:0"], "gateway.listen")
    (adopted,) = sockets.adopt([os.dup(opened.fileno())])
    adopted.setblocking(True)

    with socket.create_connection(opened.getsockname()) as client:
        accepted, peer = adopted.accept()
        assert peer == client.getsockname()
        accepted.close()
    sockets.close_all([opened, adopted])


def test_wildcards_become_an_address_to_use() -> None:
    """Nobody can send to 0.0.0.0: the URL shown is the loopback one."""
    (opened,) = sockets.open_all(["0.0.0.0:0"], "gateway.listen")
    port = opened.getsockname()[1]

    assert sockets.url(opened, "https") == f"https://127.0.0.1:{port}"
    sockets.close_all([opened])
