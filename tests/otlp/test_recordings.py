"""Every recorded agent's payload, through the door and back."""

from pathlib import Path

import pytest

from upwell.otlp import Encoding, Signal, decode, encode, from_message, survey, to_message

AGENTS = Path(__file__).parents[1] / "fixtures" / "agents"
BODIES = [path for path in sorted(AGENTS.glob("*/*/[0-9]*")) if path.name.count(".") == 2]


def recorded(path: Path) -> tuple[bytes, Signal, Encoding]:
    return path.read_bytes(), Signal(path.name.split(".")[1]), Encoding.JSON if path.suffix == ".json" else Encoding.PROTOBUF


@pytest.mark.parametrize("path", BODIES, ids=lambda path: str(path.relative_to(AGENTS)))
def test_recorded_payload_survives_both_encodings(path: Path) -> None:
    """What a real agent sent decodes, says when it happened, and comes back from JSON and from protobuf as it was."""
    body, signal, encoding = recorded(path)
    decoded = decode(body, signal, encoding)
    assert decoded.unknown_fields == 0
    assert survey(decoded.batch, signal).items > 0

    again = decode(encode(decoded.batch, signal, Encoding.JSON), signal, Encoding.JSON)
    assert again.batch == decoded.batch

    message = to_message(decoded.batch, signal)
    assert to_message(from_message(message), signal) == message
