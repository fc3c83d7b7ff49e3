"""Reads the settings: `upwell.toml`, then `UPWELL_*`, then flags. Every error names its field."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from upwell.config.settings import Settings
from upwell.errors import ConfigError

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def default_paths() -> list[Path]:
    """Where a configuration file is looked for when none is named."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return [Path("upwell.toml"), home / "upwell" / "upwell.toml"]


def find_file(path: Path | None) -> Path | None:
    """The file to read: the one named, else the first default that exists. Raises ConfigError."""
    if path is not None:
        if not path.is_file():
            raise ConfigError(f"there is no configuration file {path}", hint="Check the path given to --config.")
        return path
    return next((candidate for candidate in default_paths() if candidate.is_file()), None)


def load(path: Path | None = None, *, environ: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force. `flags` is shaped like the file, and wins. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    found = find_file(path)
    raw = _read(found) if found else {}
    for layer in (_from_environment(environ), flags or {}):
        raw = _overlay(raw, layer)
    try:
        settings = Settings.model_validate(_expand(raw, environ, ""))
    except ValidationError as error:
        raise ConfigError(_describe(error, found)) from None
    return settings.model_copy(update={"data_dir": settings.data_dir.expanduser().absolute()})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith("UPWELL_"):
            continue
        *sections, field = name.removeprefix("UPWELL_").lower().split("__")
        place = layer
        for section in sections:
            place = place.setdefault(section, {})
        place[field] = _environment_value(name, text)
    return layer


def _environment_value(name: str, text: str) -> Any:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if text.lstrip().startswith("[") and ":" in text:  # an IPv6 address
            return text
        raise ConfigError(f"{name} is not JSON: lists and tables in the environment are written as JSON") from None


def _overlay(base: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in layer.items():
        below = merged.get(key)
        merged[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged


def _expand(value: Any, environ: Mapping[str, str], place: str) -> Any:
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _reference(match[1], environ, place), value)
    if isinstance(value, Mapping):
        return {key: _expand(item, environ, f"{place}.{key}" if place else key) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, environ, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def _reference(name: str, environ: Mapping[str, str], place: str) -> str:
    if name not in environ:
        raise ConfigError(f"{place}: the environment has no variable {name}", hint=f"Export {name}, or write the value itself.")
    return environ[name]


def _describe(error: ValidationError, path: Path | None) -> str:
    where = str(path) if path else "the settings"
    lines = []
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"]) or "upwell.toml"
        reason = "is not a setting" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"{field}: {reason}")
    return f"{where}: " + "; ".join(lines)
