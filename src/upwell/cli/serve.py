"""`upwell serve`: gateway and worker together, watched over; on a terminal with a quiet live view."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import typer

from upwell.cli import output
from upwell.cli.options import Config, Console, DataDir, Listen, settings

if TYPE_CHECKING:
    from upwell.config import Settings
    from upwell.service.serve import House

_log = logging.getLogger("upwell.service")


def serve(config: Config = None, data_dir: DataDir = None, listen: Listen = None, console: Console = None) -> None:
    """Run the gateway and the worker until Ctrl-C or SIGTERM. Needs no settings file."""
    from upwell.service import logs
    from upwell.service.serve import opened

    found = settings(config, data_dir, gateway={"listen": listen}, console={"listen": console})
    logs.configure("serve")
    with opened(found) as house:
        code = _watched(found, house) if _is_terminal() else _unwatched(found, house)
    raise typer.Exit(code)


def _is_terminal() -> bool:
    return sys.stdout.isatty() and sys.stderr.isatty()


def _unwatched(found: Settings, house: House) -> int:
    import asyncio

    from upwell.service import firstkey
    from upwell.service.supervisor import Supervisor

    _log.info("listening on %s, console on %s, data in %s", ", ".join(house.endpoints), house.console, found.data_dir)
    if found.console.auth == "token":
        _log.info("`upwell console` prints the link that signs in to the console")
    if house.first_key:
        _log.info("the first key is in %s", firstkey.keep(found.data_dir, house.first_key))
    if not found.sinks:
        _log.warning(
            "there are no sinks: batches are kept for %g hours and go nowhere; usage is counted all the same", found.journal.keep / 3600
        )
    return asyncio.run(Supervisor(house.children).run())


def _watched(found: Settings, house: House) -> int:
    import asyncio

    from upwell.cli.live import LiveView
    from upwell.cli.welcome import greeting
    from upwell.service import consolesecret
    from upwell.service.supervisor import Supervisor

    key = house.first_key.secret_text if house.first_key else None
    link = consolesecret.link(found, house.console)
    output.data(greeting(house.endpoints, link, key, [sink.name for sink in found.sinks], found.journal.keep / 3600))
    with LiveView(found.data_dir) as view:
        return asyncio.run(Supervisor(house.children, say=view.say).run())
