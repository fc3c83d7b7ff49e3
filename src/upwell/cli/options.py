"""The options that commands share, and the settings that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from upwell.config import Settings  # pydantic takes a quarter of a second, and `--help` needs none of it

# `readable=False`: what cannot be read is an error of ours, with its code and next step, and not wrong usage.
Config: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        readable=False,
        help="Settings file; default: ./upwell.toml, then the one in the user's configuration folder.",
    ),
]
DataDir: TypeAlias = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", readable=False, help="Use this data directory, whatever the settings say.")
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Listen: TypeAlias = Annotated[
    list[str] | None, typer.Option("--listen", metavar="HOST:PORT", help="Take OTLP/HTTP here; may be given several times.")
]
Console: TypeAlias = Annotated[str | None, typer.Option("--console", metavar="HOST:PORT", help="Serve the console here.")]
Orders: TypeAlias = Annotated[int | None, typer.Option("--orders", hidden=True)]


def settings(config: Path | None, data_dir: Path | None = None, **flags: Mapping[str, Any]) -> Settings:
    """The settings in force. `flags` holds sections, shaped as in the file; what is None in them was not given. Raises ConfigError."""
    from upwell.config import load

    sections = {section: {name: value for name, value in given.items() if value is not None} for section, given in flags.items()}
    layer: dict[str, Any] = {section: given for section, given in sections.items() if given}
    if data_dir is not None:
        layer["data_dir"] = str(data_dir)
    return load(config, flags=layer)
