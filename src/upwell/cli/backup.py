"""`upwell backup`: one consistent copy of everything in the data directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings


def backup(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write the copy: a folder that does not exist yet, or is empty.")
    ],
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Copy keys, journal and books to DIR, while everything runs on. Started on the copy, Upwell goes on from there."""
    from upwell.service import client

    done = client.ask(settings(config, data_dir), "backup", directory=str(directory.absolute()))
    if json:
        output.as_json(done)
    else:
        output.message(f"{done['files']} files, {done['bytes']:,} bytes are in {directory}.")
