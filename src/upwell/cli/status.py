"""`upwell status` and `upwell destroy`: a stack of the serverless shape, looked at, and removed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.aws import Profile, Region, StackName, Yes, confirmed, opened
from upwell.cli.options import Config, Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from upwell.aws.account import Account
    from upwell.aws.status import Status


def status(
    show_keys: Annotated[bool, typer.Option("--show-keys", help="Print the keys' texts too, which agents send as x-api-key.")] = False,
    region: Region = None,
    stack: StackName = None,
    profile: Profile = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show the stack: endpoint, keys, when each last sent logs, and what was refused in the last day."""
    from upwell.aws.status import look

    found, account = opened(config, region, profile, stack)
    seen = look(account, found.serverless.stack)
    secrets = _secrets(account, seen) if show_keys else {}
    if json:
        output.as_json(_document(account, seen, secrets))
        return
    _print(seen, secrets)


def _secrets(account: Account, seen: Status) -> Mapping[str, str]:
    from upwell.aws.keys import secret

    return {key.id: secret(account, key.id) for key in seen.keys if key.live}


def _print(seen: Status, secrets: Mapping[str, str]) -> None:
    output.message(f"{seen.stack.name} is {seen.stack.state}{': ' + seen.stack.reason if seen.stack.reason else ''}")
    output.data(f"endpoint   {seen.stack.endpoint}")
    output.data(f"signals    {', '.join(seen.stack.signals)}")
    output.data(f"log group  {seen.stack.log_group}")
    if seen.refusals is not None:
        told = seen.refusals
        output.data(f"last day   {told.requests:,} requests, {told.refused:,} refused (4XX), {told.failed:,} failed (5XX)")
    output.data("")
    titles = ["team", "key id", "number", "state", "last log event", *(["key"] if secrets else [])]
    rows = [
        [key.team, key.id, key.number, _state(key.live), _moment(key.last_event_ms), *([secrets.get(key.id)] if secrets else [])]
        for key in seen.keys
    ]
    output.table(titles, rows, empty="The stack has no keys.")
    for note in seen.notes:
        output.message(f"note: {note}")


def _document(account: Account, seen: Status, secrets: Mapping[str, str]) -> dict[str, Any]:
    told = seen.refusals
    keys = [
        {"team": key.team, "id": key.id, "number": key.number, "state": _state(key.live), "last_log_event": _moment(key.last_event_ms)}
        | ({"key": secrets.get(key.id)} if secrets else {})
        for key in seen.keys
    ]
    return {
        "stack": seen.stack.name,
        "state": seen.stack.state,
        "region": account.region,
        "endpoint": seen.stack.endpoint,
        "signals": list(seen.stack.signals),
        "log_group": seen.stack.log_group,
        "last_day": None if told is None else {"requests": told.requests, "refused": told.refused, "failed": told.failed},
        "keys": keys,
        "notes": list(seen.notes),
    }


def _state(live: bool) -> str:
    return "live" if live else "removed"


def _moment(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def destroy(region: Region = None, yes: Yes = False, stack: StackName = None, profile: Profile = None, config: Config = None) -> None:
    """Remove the stack. The log group with its events stays, and so does whose each key was."""
    from upwell.aws import deploy as steps
    from upwell.aws import stack as stacks
    from upwell.aws.removal import kept
    from upwell.cli.deploy import say_event

    found, account = opened(config, region, profile, stack)
    standing = stacks.find(account, found.serverless.stack) or stacks.get(account, found.serverless.stack)
    stays = kept(account, standing)
    for line in stays:
        output.message(f"  stays: {line}")
    question = f"All keys of {standing.name} in {account.region} end at once, and its endpoint is gone for good. Remove it"
    if not confirmed(question, yes=yes):
        output.message("Nothing was changed.")
        raise typer.Exit(1)
    for event in steps.destroy(account, standing):
        say_event(event)
    output.message(f"The stack {standing.name} is removed. `upwell deploy` takes the log group back, under a new endpoint with new keys.")
