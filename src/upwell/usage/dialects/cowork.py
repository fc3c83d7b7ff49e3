"""Claude Cowork: Claude Code's records from another program, logs only.

Traps: no page names its `service.name`, and it may speak under Claude Code's scope. So it is told by its name where it gives
one, else by a hint: its records come from a non-interactive terminal and list the host's folders (`claude -p` has the first,
not the second). Where policy has removed the folders, such records count as Claude Code's.
"""

from __future__ import annotations

from typing import Final

from upwell.usage.dialects import claude_code
from upwell.usage.dialects.base import Dialect, Rows, nothing
from upwell.usage.item import Item

_PREFIX: Final = "cowork."
_NAMES: Final = ("cowork", "claude-cowork", "claude_cowork", "com.anthropic.cowork", "com.anthropic.claude_cowork")


def _is_cowork(item: Item) -> bool:
    if item.origin.scope.startswith(_NAMES) or item.origin.service.startswith(_NAMES) or item.name.startswith(_PREFIX):
        return True
    if claude_code.says_nothing(item.name):
        return False  # it counts nothing with either; half of all records are such, and need not be looked into
    told = item.attributes
    return "workspace.host_paths" in told and told.get("terminal.type") == "non-interactive"


def _read_log(item: Item) -> Rows | None:
    item.name = item.name.removeprefix(_PREFIX)
    return claude_code.read_log(item)


DIALECT: Final = Dialect(
    name="cowork",
    version=1,
    agent="claude-cowork",
    scopes=(*_NAMES, *claude_code.SCOPES),
    names=(_PREFIX, claude_code.PREFIX),
    services=_NAMES,
    keys=claude_code.KEYS,
    only_if=_is_cowork,
    logs=_read_log,
    traces=nothing,
)
