"""How much one request may hold. Bodies are bounded in bytes before they come here; these bound what they unfold to."""

from __future__ import annotations

MAX_ITEMS = 100_000
"""Ten times what CloudWatch takes in one request of logs or spans; agents send at most some thousands."""

MAX_OBJECTS = 1_000_000
"""JSON objects and arrays, or protobuf messages. Ten MiB of the densest real attributes are 0.6 million; each costs some 200 bytes."""

MAX_NESTING = 32
"""`AnyValue`s inside each other: a key-value list costs three messages per level, and protobuf parsers follow 100."""
