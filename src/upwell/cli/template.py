"""`upwell template`: print the CloudFormation template of the serverless shape, or what belongs to it. Nothing is called."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from upwell.cli import output
from upwell.cli.options import Config, settings


def template(
    config: Config = None,
    traces: Annotated[
        str | None,
        typer.Option(metavar="use|enable|off", help="Transaction Search is on already; switch it on; or leave /v1/traces out."),
    ] = None,
    existing_log_group: Annotated[
        bool, typer.Option("--existing-log-group", help="The log group is there: use it, do not make it.")
    ] = False,
    account_role: Annotated[
        bool,
        typer.Option("--account-role", help="With access_logs: also make the role that API Gateway needs once per Region to write logs."),
    ] = False,
    one_click: Annotated[bool, typer.Option("--one-click", help="The file with parameters that is checked in as template.yaml.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="One line of JSON instead of YAML.")] = False,
) -> None:
    """Print the CloudFormation template that [serverless] asks for."""
    from upwell.aws.template import body, build, build_one_click, to_yaml

    made = (
        build_one_click()
        if one_click
        else build(
            (found := settings(config).serverless),
            traces=_traces(traces, found.transaction_search),
            existing_log_group=existing_log_group,
            account_role=account_role,
        )
    )
    output.data(body(made) if compact else to_yaml(made).rstrip("\n"))


def _traces(given: str | None, setting: str) -> Literal["off", "use", "enable"]:
    """What was asked for; else what the setting means where no account can be asked."""
    match given or setting:
        case "off":
            return "off"
        case "enable" | "on":
            return "enable"
        case "use" | "auto":
            return "use"
    raise typer.BadParameter(f"{given!r} is not use, enable or off", param_hint="--traces")
