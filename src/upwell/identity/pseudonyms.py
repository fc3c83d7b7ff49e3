"""Stands a short keyed name in for a person's.

The same person gets the same pseudonym in one installation; without its salt nobody can
compute or guess-and-check one. There is no way back: who is revealed is another module's business.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

_CLAIMED = 0x80  # the first bit of eight bytes tells an enrolled person from a claimed one

_SHAPE: Final = re.compile(r"p-[0-9a-f]{16}")


def is_pseudonym(name: str) -> bool:
    """Whether a name looks like one of ours."""
    return _SHAPE.fullmatch(name) is not None


class Pseudonyms:
    """Makes pseudonyms under one salt (32 bytes, `Keys.salt`)."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def of(self, person: str, within: str = "") -> str:
        """`"p-"` and 16 hex digits for a name, which is trimmed and compared without case.

        `within` confines a name that a client merely claims to one line of keys: it then differs between
        lines, and from every pseudonym of an enrolled person (made without `within`), whatever the name.
        """
        name = person.strip().casefold().encode("utf-8", "surrogatepass")
        digest = bytearray(blake2b(b"%b\0%b" % (within.encode(), name), key=self._salt, digest_size=8, person=b"upwell-person").digest())
        digest[0] = digest[0] | _CLAIMED if within else digest[0] & ~_CLAIMED
        return "p-" + digest.hex()
