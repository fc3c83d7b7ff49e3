"""From an agent's data to a text that can be pasted: JSON, TOML, shell lines or a list of what to enter where."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote, urlsplit

from upwell.agents.catalog import AGENTS
from upwell.agents.model import Agent, Language, Part, Platform
from upwell.errors import AgentError

Shape: TypeAlias = Literal["gateway", "serverless"]

PLACEHOLDER: Final = "YOUR_KEY"
"""Stands where a key would, so that nobody takes it for one."""

_UNREDACTED: Final[Mapping[Shape, str]] = {
    "serverless": "the serverless shape stores what an agent sends, and can remove nothing.",
    "gateway": "the gateway does not remove content yet, so it is stored and sent on.",
}
_HEADER_SAFE: Final = "-._~+/=:@"
"""What OTEL_EXPORTER_OTLP_HEADERS may carry in a value as it is; the rest is percent-encoded, as its specification asks."""


@dataclass(frozen=True, slots=True)
class Block:
    """What to paste, and where. `also` are further parts that the agent needs; `notes` begin with the warnings."""

    text: str
    language: Language
    file: str
    notes: tuple[str, ...] = ()
    also: tuple[Block, ...] = ()


def block(
    agent: str,
    *,
    endpoint: str,
    key: str,
    traces: bool = True,
    shape: Shape = "gateway",
    managed: bool = False,
    team: str | None = None,
    platform: Platform | None = None,
) -> Block:
    """What connects an agent to an endpoint.

    `managed` gives what an administrator distributes. `team` is claimed in the resource, which the serverless shape needs for metrics
    and spans; a gateway's keys know it. Raises AgentError for an agent or endpoint that cannot be used.
    """
    about = find(agent)
    filled = [fill(part, base(endpoint), key, traces, team) for part in parts(agent, managed)]
    notes = _notes(about, base(endpoint), traces, shape, managed)
    first, *rest = [Block(text(part), part.language, place(part, platform)) for part in filled]
    return Block(first.text, first.language, first.file, notes, tuple(rest))


def exports(agent: str, *, endpoint: str, key: str, traces: bool = True) -> str | None:
    """The same as lines for one shell; None for an agent that is not set by variables alone."""
    (first, *rest) = (fill(part, base(endpoint), key, traces, None) for part in find(agent).parts)
    variables = first.settings.get("env") if first.language == "json" else first.settings if first.language == "shell" else None
    return None if rest or variables is None else _shell(variables)


def find(agent: str) -> Agent:
    """An agent's data. Raises AgentError."""
    if agent not in AGENTS:
        raise AgentError(f"there is no agent {agent!r} here: there is {', '.join(AGENTS)}")
    return AGENTS[agent]


def parts(agent: str, managed: bool) -> tuple[Part, ...]:
    """What is to be set for an agent. Raises AgentError where there is nothing to distribute."""
    about = find(agent)
    if managed and not about.managed:
        raise AgentError(f"{about.title} has no settings that an administrator could distribute", hint="Leave --managed out.")
    return about.managed if managed else about.parts


def base(endpoint: str) -> str:
    """An endpoint as agents want it: no slash at its end, no signal's path. Raises AgentError."""
    plain = endpoint.strip().rstrip("/")
    for signal in ("/v1/logs", "/v1/metrics", "/v1/traces", "/v1"):
        plain = plain.removesuffix(signal)
    parsed = urlsplit(plain)
    if parsed.scheme not in {"http", "https"} or not parsed.hostname or parsed.query or parsed.fragment or set(plain) & set(" \"'\\"):
        raise AgentError(f"{endpoint!r} is no endpoint", hint="Give a base URL, such as https://upwell.example.com.")
    return plain


def fill(part: Part, endpoint: str, key: str, traces: bool, team: str | None) -> Part:
    """A part with its values in place. `endpoint` is as `base` returns it."""
    settings = merged(part.settings, part.traces) if traces else part.settings
    if team and (variables := settings.get("env") if part.language == "json" else settings if part.language == "shell" else None):
        named = {**variables, "OTEL_RESOURCE_ATTRIBUTES": f"team.id={quote(team, safe='')}"}
        settings = {**settings, "env": named} if part.language == "json" else named
    values = {"{endpoint}": endpoint, "{key}": key, "{headers}": f"x-api-key={quote(key, safe=_HEADER_SAFE)}"}
    return Part(language=part.language, settings=_filled(settings, values), files=part.files, place=part.place)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables, one laid over another; a list gains what it lacks."""
    result = dict(below)
    for name, value in above.items():
        mine = result.get(name)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            result[name] = merged(mine, value)
        elif isinstance(mine, list) and isinstance(value, list):
            result[name] = [*mine, *(entry for entry in value if entry not in mine)]
        else:
            result[name] = value
    return result


def place(part: Part, platform: Platform | None = None) -> str:
    """Where a part goes, in words or as a path."""
    if part.files:
        return part.files[platform or this_platform()]
    return part.place or "the shell that the agent runs in"


def this_platform() -> Platform:
    """The platform this runs on, as far as agents' files differ."""
    return "macos" if sys.platform == "darwin" else "windows" if sys.platform == "win32" else "linux"


def text(part: Part) -> str:
    """A filled part, written in its language."""
    if part.language == "json":
        return json.dumps(part.settings, indent=2)
    if part.language == "toml":
        return _toml(part.settings)
    if part.language == "shell":
        return _shell(part.settings)
    width = max(map(len, part.settings))
    return "\n".join(f"{name + ':':<{width + 1}} {value}" for name, value in part.settings.items())


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _filled(below, values) for name, below in value.items()}
    if isinstance(value, str):
        for name, said in values.items():
            value = value.replace(name, said)
    return value


def _shell(variables: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())


def _toml(tables: Mapping[str, Any]) -> str:
    return "\n".join(line for name, table in tables.items() for line in (f"[{name}]", *(f"{key} = {_inline(table[key])}" for key in table)))


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_bare(name)} = {_inline(below)}" for name, below in value.items()) + " }"
    return json.dumps(value)  # TOML's strings, booleans and numbers are those of JSON


def _bare(name: str) -> str:
    return name if name.replace("-", "").isalnum() else json.dumps(name)


def _notes(about: Agent, endpoint: str, traces: bool, shape: Shape, managed: bool) -> tuple[str, ...]:
    further = (*(about.serverless_notes if shape == "serverless" else ()), *(about.managed_notes if managed else ()))
    return (*_warnings(about, endpoint, traces, shape), *about.notes, *further)


def _warnings(about: Agent, endpoint: str, traces: bool, shape: Shape) -> Iterator[str]:
    if about.leaks:
        yield f"Warning: with its switches for content off, {about.leaks}; {_UNREDACTED[shape]}"
    if not traces and about.rows_from.startswith("traces"):
        yield f"Warning: what {about.title} does is told by its spans, and traces are not taken here."
    if endpoint.startswith("http://") and not _is_here(endpoint):
        yield f"Warning: to {endpoint} the key travels in clear: use https, or a network that nobody else listens to."
    if about.public and not endpoint.startswith("https://"):
        yield f"Warning: {about.title} sends from its vendor's servers, which reach public https addresses only, and not {endpoint}."


def _is_here(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
