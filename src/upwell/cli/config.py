"""`upwell config`: check the settings, show those in force, print their schema."""

from __future__ import annotations

import json as jsonlib
import re
from typing import Any

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings

app = typer.Typer(name="config", no_args_is_help=True, help="Settings: check them, show them, print their schema.")

_LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")


@app.command("check")
def check(config: Config = None, data_dir: DataDir = None) -> None:
    """Read the settings as `upwell serve` would, and say what is wrong with them."""
    from upwell.config import find_file

    found = settings(config, data_dir)
    output.message(f"{find_file(config) or 'The built-in defaults'}: no errors.")
    if not found.sinks:
        output.message(
            "There is no [[sinks]] block: batches are kept for journal.keep and go nowhere; their usage is counted all the same."
        )


@app.command("show")
def show(config: Config = None, data_dir: DataDir = None, json: Json = False) -> None:
    """Print every setting in force as TOML, secrets masked."""
    document = _masked(settings(config, data_dir).model_dump(mode="json"))
    if json:
        output.as_json(document)
    else:
        output.data("\n".join(_toml(document)).strip())


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of upwell.toml, for editors."""
    from upwell.config import Settings

    output.as_json(Settings.model_json_schema())


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _LOGIN_IN_URL.sub("**********", value)
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _toml(table: dict[str, Any], name: str = "") -> list[str]:
    """A table's lines: its values, then its tables, then its lists of tables."""
    lines = [f"{_key(key)} = {jsonlib.dumps(value, ensure_ascii=False)}" for key, value in table.items() if _is_value(value)]
    for key, value in table.items():
        place = f"{name}.{_key(key)}" if name else _key(key)
        if isinstance(value, dict):
            lines += ["", f"[{place}]", *_toml(value, place)]
        elif _is_tables(value):
            for item in value:
                lines += ["", f"[[{place}]]", *_toml(item, place)]
    return lines


def _is_value(value: Any) -> bool:
    return value is not None and not isinstance(value, dict) and not _is_tables(value)  # TOML has no null: unset is left out


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else jsonlib.dumps(text)
