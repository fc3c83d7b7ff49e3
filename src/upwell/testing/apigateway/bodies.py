"""What becomes of a body on its way: inflation, and conversion between binary and text by BinaryMediaTypes and ContentHandling.

The tables are those of AWS's "content type conversion workflow"; its rows were checked against real AWS by others, on gzip bytes.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence

MAX_BODY = 10 * 2**20
"""AWS's quota. Whether it counts bytes before or after inflation is not documented: here both."""


class NotConvertible(Exception):
    """API Gateway answers 500: the body is not what the conversion asks for."""


class NotInflatable(Exception):
    """API Gateway answers 415: an unknown content coding, or a body that is not in it."""


class TooLong(Exception):
    """API Gateway answers 413."""


def is_binary(media_type: str, binary: Sequence[str]) -> bool:
    """Whether a Content-Type or the first of an Accept is one of the API's binary media types."""
    first = media_type.split(",")[0].split(";")[0].strip().lower()
    kinds = {kind.replace("~1", "/").lower() for kind in binary}
    return bool({"*/*", first, f"{first.split('/')[0]}/*"} & kinds - {""})


def inflated(body: bytes, coding: str) -> bytes:
    """The body as API Gateway dispatches it: it inflates gzip and deflate by itself."""
    if len(body) > MAX_BODY:
        raise TooLong
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return body
    bits = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}.get(coding)
    if bits is None:
        raise NotInflatable
    reader = zlib.decompressobj(bits)
    try:
        plain = reader.decompress(body, MAX_BODY + 1)
    except zlib.error:
        raise NotInflatable from None
    if len(plain) > MAX_BODY:
        raise TooLong
    if not reader.eof:
        raise NotInflatable
    return plain


def request_body(body: bytes, *, binary: bool, handling: str | None) -> bytes:
    """What the integration gets; `binary` says whether Content-Type is a binary media type."""
    if binary:
        return base64.b64encode(body) if handling == "CONVERT_TO_TEXT" else body
    return _unpacked(body) if handling == "CONVERT_TO_BINARY" else _text(body)


def response_body(body: bytes, *, binary: bool, wanted: bool, handling: str | None) -> bytes:
    """What the client gets; `binary` goes by the answer's Content-Type, `wanted` by the request's Accept."""
    if handling is None:
        handling = "CONVERT_TO_BINARY" if wanted else "CONVERT_TO_TEXT"
    if handling == "CONVERT_TO_BINARY":
        return body if binary else _unpacked(body)
    return base64.b64encode(body) if binary else _text(body)


def _text(body: bytes) -> bytes:
    """As UTF-8: every invalid byte becomes three others."""
    return body.decode("utf-8", "replace").encode()


def _unpacked(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise NotConvertible from None
