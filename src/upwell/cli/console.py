"""`upwell console`: the address of the console, with the link that signs in where one is needed."""

from __future__ import annotations

from typing import Annotated

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings


def console(
    viewer: Annotated[bool, typer.Option("--viewer", help="The link of somebody who may look and change nothing.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print the console's address; with `auth = "token"`, the link that signs in."""
    from upwell.service import consolesecret, datadir

    found = settings(config, data_dir)
    datadir.existing(found.data_dir)
    link = consolesecret.link(found, f"http://{found.console.listen}", "viewer" if viewer else "admin")
    if json:
        output.as_json({"url": link, "auth": found.console.auth})
    else:
        output.data(link)
