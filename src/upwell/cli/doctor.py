"""`upwell doctor`: every link of the chain, each finding with its next step; with --send, proven by marked events."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from upwell.cli import output
from upwell.cli.aws import Profile, Region, StackName
from upwell.cli.options import Config, DataDir, Json, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from upwell.doctor import Finding

_WIDTH = 30  # of the column of links


def doctor(
    send: Annotated[bool, typer.Option("--send", help="Also send one marked event per signal, and find it at the far ends.")] = False,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="Send to the gateway with this key; default: one that lives meanwhile.")
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="Send to the gateway here, as agents do; default: on this machine.")
    ] = None,
    stack: StackName = None,
    region: Region = None,
    profile: Profile = None,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Look at every link from an agent to the far end, and say what to do about each that does not hold."""
    findings: list[Finding] = []
    named = {"stack": stack, "region": region, "profile": profile}
    for found in _looked(config, data_dir, named, (key, endpoint) if send else None):
        findings.append(found)
        if not json:
            _print(found)
    broken, watched = (sum(found.state == state for found in findings) for state in ("fail", "warn"))
    if json:
        output.as_json({"ok": not broken, "findings": [asdict(found) for found in findings]})
    else:
        output.message(f"{broken} broken, {watched} to watch." if broken or watched else "Every link holds.")
    if broken:
        raise typer.Exit(1)


def _looked(
    config: Path | None, data_dir: Path | None, named: dict[str, str | None], sending: tuple[str | None, str | None] | None
) -> Iterator[Finding]:
    from upwell.config import find_file
    from upwell.doctor import Finding, State, examine, sent, shapes
    from upwell.errors import ConfigError

    try:
        found = settings(config, data_dir, serverless=named)
    except ConfigError as error:
        yield Finding("config", State.FAIL, error.message, error.hint, error.code)
        return
    yield Finding("config", State.OK, f"{find_file(config) or 'the built-in defaults'}: no errors")
    of = shapes(found, stack_named=any(named.values()))
    yield from examine(found, of)
    if sending is not None:
        yield from sent(found, of, key=sending[0], endpoint=sending[1], say=output.message)


def _print(found: Finding) -> None:
    code = f" [{found.code}]" if found.code else ""
    output.data(f"{found.state.value:5} {found.link:{_WIDTH}} {found.message}{code}")
    if found.hint:
        output.data(f"{'':5} {'':{_WIDTH}} next step: {found.hint}")
