"""`upwell template`: print the CloudFormation template of the serverless shape, or what belongs to it. Nothing is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from upwell.cli import output
from upwell.cli.options import Config, Json, settings

if TYPE_CHECKING:
    from upwell.aws.cost import Estimate
    from upwell.config import Serverless

Traces = Annotated[
    str | None,
    typer.Option(
        metavar="use|enable|off",
        help="Transaction Search is on already (use), the stack switches it on (enable), or there is no /v1/traces (off).",
    ),
]
Price = Annotated[list[str] | None, typer.Option("--price", metavar="SIGNAL=DOLLARS", help="With --cost: your price of a GB.")]


def template(
    config: Config = None,
    traces: Traces = None,
    existing_log_group: Annotated[
        bool, typer.Option("--existing-log-group", help="The log group is there: use it, do not make it.")
    ] = False,
    account_role: Annotated[
        bool,
        typer.Option("--account-role", help="With access_logs: also make the role that API Gateway needs once per Region to write logs."),
    ] = False,
    one_click: Annotated[bool, typer.Option("--one-click", help="The file with parameters that is checked in as template.yaml.")] = False,
    compact: Annotated[bool, typer.Option("--compact", help="One line of JSON instead of YAML.")] = False,
    deployer_policy: Annotated[bool, typer.Option("--deployer-policy", help="Print instead the IAM policy that a deployer needs.")] = False,
    launch_url: Annotated[
        str | None,
        typer.Option(
            "--launch-url", metavar="BUCKET-URL", help="Print instead a link that opens the console with the template at this URL."
        ),
    ] = None,
    cost: Annotated[bool, typer.Option("--cost", help="Print instead what a month comes to: requests, GB and known dollars.")] = False,
    people: Annotated[int, typer.Option(min=1, help="With --cost: how many people.")] = 60,
    prompts: Annotated[int, typer.Option(min=1, help="With --cost: prompts a day of each.")] = 40,
    price: Price = None,
    json: Json = False,
) -> None:
    """Print the CloudFormation template that [serverless] asks for."""
    found = settings(config).serverless
    if deployer_policy:
        from upwell.aws.deployer import deployer_policy as policy

        output.as_json(policy(found))
    elif launch_url is not None:
        from upwell.aws.launch import launch_url as link

        output.data(link(launch_url, stack=found.stack, region=found.region))
    elif cost:
        _print_cost(found, people, prompts, _prices(price or []), as_json=json)
    else:
        _print_template(found, _traces(traces, found.transaction_search), existing_log_group, account_role, one_click, compact or json)


def _print_template(found: Serverless, traces: TracesName, existing: bool, account_role: bool, one_click: bool, compact: bool) -> None:
    from upwell.aws.template import body, build, build_one_click, to_yaml

    made = build_one_click() if one_click else build(found, traces=traces, existing_log_group=existing, account_role=account_role)
    output.data(body(made) if compact else to_yaml(made).rstrip("\n"))


def _print_cost(found: Serverless, people: int, prompts: int, prices: dict[str, float], *, as_json: bool) -> None:
    from upwell.aws.cost import estimate

    signals = ("metrics", "logs") if found.transaction_search == "off" else ("metrics", "traces", "logs")
    made = estimate(people, signals, prompts=prompts, prices=prices)
    if as_json:
        output.as_json(_document(made))
        return
    rows = [
        (line.what, f"{line.amount:,}", line.unit, "unknown" if line.dollars is None else f"${line.dollars:,.2f}") for line in made.lines
    ]
    output.table(("a month of", "amount", "", "dollars"), rows, empty="")
    for assumption in made.assumptions:
        output.message(f"- {assumption}.")


def _document(made: Estimate) -> dict[str, object]:
    lines = [{"what": line.what, "amount": line.amount, "unit": line.unit, "dollars": line.dollars} for line in made.lines]
    return {"lines": lines, "known_dollars": round(made.known_dollars, 2), "assumptions": list(made.assumptions)}


def _prices(given: list[str]) -> dict[str, float]:
    found = {}
    for one in given:
        signal, _, dollars = one.partition("=")
        if signal not in ("metrics", "traces", "logs") or not dollars.replace(".", "", 1).isdecimal():
            raise typer.BadParameter(f"{one!r} is not like logs=0.50", param_hint="--price")
        found[signal] = float(dollars)
    return found


TracesName = Literal["off", "use", "enable"]


def _traces(given: str | None, setting: str) -> TracesName:
    """What was asked for; else what the setting means where no account can be asked."""
    match given or setting:
        case "off":
            return "off"
        case "enable" | "on":
            return "enable"
        case "use" | "auto":
            return "use"
    raise typer.BadParameter(f"{given!r} is not use, enable or off", param_hint="--traces")
