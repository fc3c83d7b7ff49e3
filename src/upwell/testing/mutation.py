"""Makes bad input from good, the same for the same seed.

Mutations of bytes don't care what they change; mutations of JSON keep it JSON and change what
it says. Meant for the HTTP door: whatever comes out must be answered, never crash.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import orjson

JUNK: Final[tuple[bytes, ...]] = (
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"[[]]",
    b'""',
    b'"\\ud800"',
    b'"\\u0000"',
    b'"NaN"',
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"-1",
    b"18446744073709551616",
    b'"18446744073709551615"',
    b"9" * 400,
    b"1.5",
    b'"abc"',
    b'"0xZZ"',
    b'"=="',
    b'{"stringValue":7}',
    b'{"intValue":"x"}',
    b'{"kvlistValue":{"values":[{"key":"user.id"}]}}',
    b'{"arrayValue":{"values":[null]}}',
    b'{"arrayValue":' * 40 + b"{}" + b"}" * 40,
    b'[{"key":"user.id","value":{"stringValue":"x"}},{"key":null},{"value":null},{}]',
)
"""Values to put where others stood; some of them are not JSON."""

_HOLE: Final = "\x7fhole\x7f"


def mutated(seed: bytes, others: tuple[bytes, ...], chance: random.Random) -> bytes:
    """`seed` after one to four mutations of its bytes, at times with a piece of another."""
    body = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        chance.choice(_OF_BYTES)(body, others, chance)
    return bytes(body)


def mutated_json(seed: bytes, chance: random.Random) -> bytes:
    """`seed` (JSON) with one to three of its values replaced by junk, or its fields renamed, doubled or dropped."""
    document = orjson.loads(seed)
    junk = [_change(document, chance) for _ in range(chance.randint(1, 3))]
    body = orjson.dumps(document)
    for value in filter(None, junk):
        body = body.replace(orjson.dumps(_HOLE), value, 1)
    return body


def _change(document: Any, chance: random.Random) -> bytes | None:
    """Change one place of a document; what is to stand in its hole, if it got one."""
    holder, key = document, None
    while isinstance(holder, dict | list) and holder:
        place = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if key is not None and (chance.random() < 0.15 or not isinstance(holder[place], dict | list)):
            key = place
            break
        if not isinstance(holder[place], dict | list) or not holder[place]:
            key = place
            break
        holder, key = holder[place], place
    if key is None or not isinstance(holder, dict | list) or not holder:
        return None
    return _change_at(holder, chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder))), chance)


def _change_at(holder: Any, key: Any, chance: random.Random) -> bytes | None:
    match chance.randrange(6):
        case 0 if isinstance(holder, dict):
            holder[key + "X"] = holder.pop(key)
        case 1:
            del holder[key]
        case 2 if isinstance(holder, list):
            holder.extend([holder[key]] * chance.choice((1, 3, 50)))
        case _:
            holder[key] = _HOLE
            return chance.choice(JUNK)
    return None


def _flip(body: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    for _flipped in range(chance.choice((1, 1, 2, 8, 64))):
        if body:
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)


def _overwrite(body: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    start = chance.randrange(len(body) + 1)
    junk = chance.choice((chance.randbytes(chance.randint(1, 12)), b"\xff" * 10, bytes(8), chance.choice(JUNK)))
    body[start : start + len(junk)] = junk


def _insert(body: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    start = chance.randrange(len(body) + 1)
    body[start:start] = chance.choice((chance.randbytes(chance.randint(1, 12)), chance.choice(JUNK), b"\xef\xbb\xbf", b"\\"))


def _cut(body: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    start = chance.randrange(len(body) + 1)
    del body[start : start + chance.choice((1, 2, 5, 40, len(body)))]


def _repeat(body: bytearray, _: tuple[bytes, ...], chance: random.Random) -> None:
    start = chance.randrange(len(body) + 1)
    piece = bytes(body[start : start + chance.randint(1, 60)])
    body[start:start] = piece * chance.choice((1, 2, 30))


def _splice(body: bytearray, others: tuple[bytes, ...], chance: random.Random) -> None:
    other = chance.choice(others)
    body[chance.randrange(len(body) + 1) :] = other[chance.randrange(len(other) + 1) :]


_OF_BYTES: Final[tuple[Callable[[bytearray, tuple[bytes, ...], random.Random], None], ...]] = (
    _flip,
    _overwrite,
    _insert,
    _cut,
    _repeat,
    _splice,
)
