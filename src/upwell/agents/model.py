"""What is known of one agent, as data. Texts may hold `{endpoint}`, `{key}` and `{headers}`, which blocks fill in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Language: TypeAlias = Literal["json", "toml", "shell", "steps"]
Platform: TypeAlias = Literal["linux", "macos", "windows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing to set.

    `settings` are nested tables for json and toml, variables for shell, and what to enter in which field for steps; `traces` is laid
    over them where spans are wanted. `files` says where it goes per platform; a part without files is set by hand, at `place`.
    """

    language: Language
    settings: Mapping[str, Any]
    traces: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[Platform, str] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent: what it sends, what Upwell's rows are made of, how one person or a whole fleet connects it.

    `sends` and `rows_from` name signals; `encodings` are those seen on the wire or documented. `cost` says whether it states dollars,
    `retries` what becomes of a batch that is not taken, `leaks` what content it sends with its own switches off. `public` agents send from
    their vendor's servers, which reach public https addresses only.
    """

    title: str
    sends: tuple[str, ...]
    rows_from: str
    encodings: str
    cost: str
    retries: str = "not known"
    parts: tuple[Part, ...]
    managed: tuple[Part, ...] = ()
    leaks: str | None = None
    public: bool = False
    notes: tuple[str, ...] = ()
    managed_notes: tuple[str, ...] = ()
    serverless_notes: tuple[str, ...] = ()


def everywhere(path: str) -> dict[Platform, str]:
    """A path that is the same on Linux and macOS, and below the user's folder on Windows."""
    return {"linux": path, "macos": path, "windows": path.replace("~", "%USERPROFILE%").replace("/", "\\")}
