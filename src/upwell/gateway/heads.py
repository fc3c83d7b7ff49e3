"""What a request's head may be, apart from how it arrives: pure functions on its lines."""

from __future__ import annotations

from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from upwell.errors import HeadersTooLarge, Malformed, MethodNotAllowed

Lines: TypeAlias = list[tuple[bytes, bytes]]
"""Header names (in lower case) and values."""

_VERSIONS: Final = frozenset({"1.1", "1.0"})


def check(version: str, method: bytes, lines: Lines, most_lines: int) -> None:
    """Raises Refusal for what the parser lets through and this server doesn't. Ambiguous lengths the parser refuses itself."""
    if version not in _VERSIONS:
        raise Malformed("only HTTP/1.1 and HTTP/1.0 are spoken here")
    if method == b"CONNECT":
        raise MethodNotAllowed("this is not a proxy")
    if version == "1.0" and any(name == b"transfer-encoding" for name, _ in lines):
        raise Malformed("HTTP/1.0 has no Transfer-Encoding")
    if len(lines) > most_lines:
        raise HeadersTooLarge(f"more than {most_lines} header lines")


def size(target: bytes, lines: Lines) -> int:
    """Bytes of the request target and the header lines."""
    return len(target) + sum(len(name) + len(value) + 4 for name, value in lines)


def path(target: bytes) -> str:
    """The path of a request target, which a proxy may send with scheme and host."""
    if not target.startswith(b"/") and b"://" in target:
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    text = target.decode("latin-1")
    return unquote(text) if "%" in text else text


def scope(version: str, method: bytes, target: bytes, lines: Lines) -> dict[str, Any]:
    """What an ASGI app is told of a head; who is connected to whom is for the connection to add."""
    raw, _, query = target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": version,
        "method": method.decode("ascii"),
        "path": path(raw),
        "raw_path": raw,
        "query_string": query,
        "root_path": "",
        "headers": lines,
        "extensions": {},
    }


def without_upgrade(method: bytes, target: bytes, version: str, lines: Lines) -> bytes:
    """The same head on the wire, but for its offer of another protocol."""
    first = b"%b %b HTTP/%b\r\n" % (method, target, version.encode())
    return first + b"".join(b"%b: %b\r\n" % _plain(*line) for line in lines) + b"\r\n"


def _plain(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name == b"connection":
        return name, b"close" if b"close" in value.lower() else b"keep-alive"
    return (b"x-declined", value) if name == b"upgrade" else (name, value)
