"""What the commands of the serverless shape share: their options, the settings that follow, and how arrivals are printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from upwell.cli import output
from upwell.cli.options import settings

if TYPE_CHECKING:
    from upwell.aws.account import Account
    from upwell.aws.probe import Arrival
    from upwell.config import Settings

Region: TypeAlias = Annotated[str | None, typer.Option("--region", "-r", metavar="REGION", help="AWS Region, such as us-west-2.")]
Profile: TypeAlias = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="Named profile of the AWS configuration.")]
StackName: TypeAlias = Annotated[str | None, typer.Option("--stack", metavar="NAME", help="Name of the stack; default: serverless.stack.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def opened(
    config: Path | None, region: str | None, profile: str | None, stack: str | None, teams: Sequence[str] | None = None
) -> tuple[Settings, Account]:
    """The settings with the flags laid over them, and the account that they name."""
    from upwell.aws.account import Account

    flags = {"region": region, "profile": profile, "stack": stack, "teams": list(teams) if teams else None}
    found = settings(config, serverless=flags)
    return found, Account(found.serverless.region, found.serverless.profile)


def confirmed(question: str, *, yes: bool) -> bool:
    """Whether to go on. Raises ConfigError where there is nobody to ask."""
    import sys

    from upwell.errors import ConfigError

    if yes:
        return True
    if not sys.stdin.isatty():
        raise ConfigError("this asks before it changes anything, and there is no terminal to ask on", hint="Give --yes.")
    return typer.confirm(f"{question}?", err=True)


def say_arrival(found: Arrival) -> None:
    """One line for one event: when it was there, or what is wrong."""
    if found.ok:
        output.message(f"arrived: {found.signal} after {found.arrived_after:.0f} s")
        return
    output.message(f"not arrived: {found.signal}: {found.problem}\n  next step: {found.hint}")


def arrival(found: Arrival) -> dict[str, Any]:
    """The same as JSON."""
    times = {"taken_after_seconds": _rounded(found.taken_after), "arrived_after_seconds": _rounded(found.arrived_after)}
    return {"signal": found.signal.value, "mark": found.mark, "ok": found.ok, **times, "problem": found.problem, "hint": found.hint}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
