"""What the serverless shape does not promise: said at every deployment, and the settings that it cannot keep.

Only what a person wrote counts: a default is no promise that somebody asked for.
"""

from __future__ import annotations

from upwell.config import Settings
from upwell.errors import NotInThisShape

NOT_PROMISED = (
    "no buffer: while CloudWatch does not answer, agents retry for seconds (Codex never), and what they drop is gone",
    "nothing is removed on the way: prompts and tool output arrive if an agent sends them, so its own switches decide",
    "people are whom the agents say they are; for logs the team is the key's stream, for metrics and spans it is claimed too",
)

_HONOURED = {("content", "full"): "nothing is removed here either", ("drop", ()): "nothing is dropped here either"}


def check(settings: Settings) -> None:
    """Raise NotInThisShape for the first `[policy]` setting that was written and that nobody here would keep."""
    for name in sorted(settings.policy.model_fields_set):
        value = getattr(settings.policy, name)
        if (name, tuple(value) if isinstance(value, list) else value) not in _HONOURED:
            raise NotInThisShape(f"policy.{name} is set, and nothing runs in this shape that could honour it")
