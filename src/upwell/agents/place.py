"""Puts an agent's settings into its files: keeps what stands there, leaves a copy beside it, changes nothing twice.

A file that cannot be read as what it should be is refused, never repaired: it is somebody's.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from upwell.agents import blocks
from upwell.agents.model import Part, Platform
from upwell.errors import AgentError

_PRIVATE, _READABLE = 0o600, 0o644


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one file. `backup` is the copy of what it was, None where nothing was there or nothing changed."""

    path: Path
    changed: bool
    backup: Path | None = None


def write(agent: str, parts: list[Part], *, managed: bool = False, platform: Platform | None = None) -> list[Written]:
    """Merge an agent's filled parts into their files.

    A user's files become 0600, because a key stands in them; managed ones 0644, because every user's agent reads them. Raises AgentError
    before anything is written, if one of them cannot be.
    """
    by_hand = [part for part in parts if not part.files and part.language != "shell"]
    if by_hand:
        raise AgentError(f"{blocks.find(agent).title} is set by hand: {blocks.place(by_hand[0])}", hint="Leave --write out and follow it.")
    planned = [(_plan(path_of(agent, part, platform), part), _READABLE if managed and part.files else _PRIVATE) for part in parts]
    return [_put(*plan, mode) for plan, mode in planned]


def path_of(agent: str, part: Part, platform: Platform | None = None) -> Path:
    """The file that a part goes to. Variables get one of ours, which a shell's profile then reads."""
    if part.files:
        return Path(part.files[platform or blocks.this_platform()]).expanduser()
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "upwell" / "agents" / f"{agent}.sh"


def _plan(path: Path, part: Part) -> tuple[Path, str | None, str]:
    """A file, what it holds, and what it shall hold."""
    path = path.resolve()  # a linked settings file stays a link
    before = _read(path)
    return path, before, _MERGES[part.language](path, before, part)


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise AgentError(f"{path} is not text", hint=_BY_HAND) from None
    except OSError as error:
        raise AgentError(f"{path} cannot be read: {error.strerror}") from None


def _put(path: Path, before: str | None, after: str, mode: int) -> Written:
    try:
        if before == after:
            path.chmod(mode)
            return Written(path, changed=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = _back_up(path) if before is not None else None
        _replace(path, after, mode)
    except OSError as error:
        raise AgentError(f"{path} cannot be written: {error.strerror}") from None
    return Written(path, changed=True, backup=backup)


def _back_up(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    backup = path.with_name(f"{path.name}.{stamp}.bak")
    number = 1
    while backup.exists():
        number += 1
        backup = path.with_name(f"{path.name}.{stamp}-{number}.bak")
    shutil.copy2(path, backup)
    backup.chmod(_PRIVATE)
    return backup


def _replace(path: Path, text: str, mode: int) -> None:
    """Write beside, then rename: an agent that starts meanwhile reads the old file or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _json(path: Path, before: str | None, part: Part) -> str:
    try:
        found = json.loads(before) if before and before.strip() else {}
    except ValueError:
        raise AgentError(f"{path} is not plain JSON, or has comments, which would be lost", hint=_BY_HAND) from None
    if not isinstance(found, dict):
        raise AgentError(f"{path} is not a JSON object", hint=_BY_HAND)
    if clash := [name for name, ours in part.settings.items() if isinstance(ours, Mapping) and not isinstance(found.get(name, {}), dict)]:
        raise AgentError(f"{path} has something else under {clash[0]}", hint=_BY_HAND)
    result = blocks.merged(found, part.settings)
    if before is not None and result == found:
        return before
    return json.dumps(result, indent=_indent(before), ensure_ascii=False) + "\n"


def _indent(text: str | None) -> int | str:
    """The indentation that a file has, of two spaces where it has none."""
    for line in (text or "").splitlines():
        if (rest := line.lstrip()) and rest != line:
            return line[: len(line) - len(rest)]
    return 2


def _toml(path: Path, before: str | None, part: Part) -> str:
    """Codex' own file, with its comments: each of our keys replaces what stands for it, in whatever form."""
    import tomlkit

    try:
        found = tomllib.loads(before or "")
    except tomllib.TOMLDecodeError as error:
        raise AgentError(f"{path} is not TOML: {error}", hint=_BY_HAND) from None
    if all(_holds(found.get(name), table) for name, table in part.settings.items()):
        return before or ""
    document, ours = tomlkit.parse(before or ""), tomlkit.parse(blocks.text(part) + "\n")
    for name, table in ours.items():
        if not isinstance(found.get(name), dict):
            document[name] = table
            continue
        for key, value in table.items():
            document[name].pop(key, None)
            document[name][key] = value
    written = tomlkit.dumps(document)
    if tomllib.loads(written) != _over(found, part.settings):
        raise AgentError(f"{path} has these settings in a form that cannot be changed safely", hint=_BY_HAND)
    return written


def _holds(found: Any, wanted: Mapping[str, Any]) -> bool:
    return isinstance(found, dict) and all(found.get(key) == value for key, value in wanted.items())


def _over(found: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a file must say afterwards: exporters are replaced whole, because only one kind may stand in each."""
    tables = {name: {**(found[name] if isinstance(found.get(name), dict) else {}), **table} for name, table in settings.items()}
    return {**found, **tables}


def _sh(_path: Path, _before: str | None, part: Part) -> str:
    return "# Written by `upwell connect`; read it from your shell's profile.\n" + blocks.text(part) + "\n"


_MERGES: Final = {"json": _json, "toml": _toml, "shell": _sh}
_BY_HAND: Final = "Correct the file, or leave --write out and put the text in by hand."
