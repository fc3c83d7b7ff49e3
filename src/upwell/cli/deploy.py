"""`upwell deploy`: the serverless shape made or changed in an AWS account, and proven by an event of each signal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.aws import Profile, Region, StackName, Yes, arrival, confirmed, opened, say_arrival
from upwell.cli.options import Config, Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from upwell.aws.account import Account
    from upwell.aws.deploy import Draft, Key
    from upwell.aws.probe import Arrival
    from upwell.aws.stack import Stack
    from upwell.aws.template import Traces

AGENTS = ("claude-code", "codex", "copilot-cli")
"""The agents whose blocks are printed; `upwell connect` knows more."""


def deploy(
    region: Region = None,
    yes: Yes = False,
    bucket: Annotated[
        str | None, typer.Option("--bucket", metavar="NAME", help="S3 bucket for the template, where it is too large for a request.")
    ] = None,
    team: Annotated[list[str] | None, typer.Option("--team", "-t", help="A team, instead of serverless.teams; may be repeated.")] = None,
    rotate: Annotated[
        list[str] | None, typer.Option("--rotate", metavar="TEAM", help="Give this team one more key; the old ones go on working.")
    ] = None,
    retire: Annotated[
        list[str] | None, typer.Option("--retire", metavar="TEAM", help="Remove all keys of this team but its newest.")
    ] = None,
    existing_log_group: Annotated[
        bool, typer.Option("--existing-log-group", help="Use the log group as it is there; it stays whose it is.")
    ] = False,
    unlisted_region: Annotated[
        bool, typer.Option("--unlisted-region", help="Go on in a Region that AWS's list of OTLP metrics does not name.")
    ] = False,
    probe: Annotated[bool, typer.Option("--probe/--no-probe", help="Send one marked event per signal at the end, and find it.")] = True,
    check_rights: Annotated[
        bool, typer.Option("--check-rights/--no-check-rights", help="Ask IAM beforehand whether this identity may do what it must.")
    ] = True,
    show_keys: Annotated[bool, typer.Option("--show-keys", help="Print the key's text also where stdout is no terminal.")] = False,
    stack: StackName = None,
    profile: Profile = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make or change the serverless shape in AWS, prove it, and print what agents need. Needs no settings file."""
    from upwell.aws import checks, keys, promises, rights
    from upwell.aws import deploy as steps

    found, account = opened(config, region, profile, stack, team)
    promises.check(found)
    footing = checks.footing(account, found.serverless, unlisted_region=unlisted_region, existing_group=existing_log_group)
    output.message(f"{footing.identity.arn} deploys to account {footing.identity.account}, {account.region}.")
    if check_rights and (unknown := rights.check(account, footing.identity, found.serverless)):
        output.message(f"note: {unknown}")
    for note in footing.notes:
        output.message(f"note: {note}")
    traces = _traces(account, found.serverless, footing.owned, yes)
    before = footing.stack.key_ids if footing.stack else {}
    wanted = keys.settled(found.serverless, before, rotate=rotate or (), retire=retire or ())
    if not _removal_agreed(footing.stack, yes):
        raise typer.Exit(1)
    made = steps.draft(account, wanted, footing, traces, bucket=bucket)
    _carry_out(account, made, yes)
    _finish(account, made, probe, json=json, show=show_keys or sys.stdout.isatty())


def _traces(account: Account, serverless: Any, owned: frozenset[str], yes: bool) -> Traces:
    from upwell.aws import checks

    def ask(question: str) -> bool:
        if yes or not sys.stdin.isatty():  # consent to this stack is not consent to change the account
            output.message(
                'note: Transaction Search is off, so there is no /v1/traces; serverless.transaction_search = "on" switches it on.'
            )
            return False
        return confirmed(question, yes=False)

    return checks.traces(account, serverless, owned, ask)


def _removal_agreed(stack: Stack | None, yes: bool) -> bool:
    """Whether what a failed making left may go: CloudFormation takes no change on top of it."""
    from upwell.aws import stack as stacks

    if stack is None or stack.state not in stacks.DEAD:
        return True
    return confirmed(f"The stack {stack.name} is {stack.state}, and can only be removed. Do that first", yes=yes)


def _carry_out(account: Account, made: Draft, yes: bool) -> None:
    from upwell.aws import changes, names, words
    from upwell.aws import deploy as steps

    if made.change_set is None:
        output.message("Nothing to change: the stack is as the settings say.")
        return
    for line in words.lines(made.change_set.changes):
        output.message(f"  {line}")
    if not _agreed(account, made, yes):
        changes.discard(account, made.change_set, empty=made.footing.stack is None)
        output.message("Nothing was changed.")
        raise typer.Exit(1)
    try:
        for event in steps.carry_out(account, made):
            say_event(event)
    except KeyboardInterrupt:
        output.message("CloudFormation goes on by itself; `upwell status` says how far it is.")
        raise
    if any(change.logical_id == names.ALARM_TOPIC and change.action == "Add" for change in made.change_set.changes):
        output.message(f"AWS asks {made.serverless.alarm_email} to confirm that it wants the alarms: without that none is sent.")


def _agreed(account: Account, made: Draft, yes: bool) -> bool:
    from upwell.aws import changes
    from upwell.errors import ConfigError

    try:
        return confirmed(f"Do this to the stack {made.serverless.stack}", yes=yes)
    except ConfigError:
        if made.change_set is not None:
            changes.discard(account, made.change_set, empty=made.footing.stack is None)
        raise


def say_event(event: Any) -> None:
    """One line for one step of CloudFormation that has ended."""
    if event.state.endswith(("_COMPLETE", "_FAILED")) or event.kind == "AWS::CloudFormation::Stack":
        reason = f": {event.reason}" if event.failed else ""
        output.message(f"  {event.state.lower().replace('_', ' ')}  {event.logical_id}{reason}")


def _finish(account: Account, made: Draft, probe: bool, *, json: bool, show: bool) -> None:
    from upwell.aws import deploy as steps
    from upwell.aws import stack as stacks

    stack = stacks.get(account, made.serverless.stack)
    key = steps.proving_key(account, made.serverless, stack, made.before)
    arrivals = _proven(account, stack, key) if probe else []
    if json:
        output.as_json(_document(account, stack, key, arrivals, show))
    else:
        _print(stack, key, show)
    lost = [found.signal.value for found in arrivals if not found.ok]
    if lost:
        from upwell.errors import ProbeLost

        raise ProbeLost(f"the stack {stack.name} stands, but {', '.join(lost)} did not arrive")


def _proven(account: Account, stack: Stack, key: Key) -> Sequence[Arrival]:
    from upwell.aws import deploy as steps

    output.message(f"Sending one marked event per signal with the key of {key.team} to {stack.endpoint} ...")
    found = []
    for one in steps.prove(account, stack, key, say=output.message):
        say_arrival(one)
        found.append(one)
    return found


def _document(account: Account, stack: Stack, key: Key, arrivals: Sequence[Arrival], show: bool) -> dict[str, Any]:
    about = {"stack": stack.name, "region": account.region, "endpoint": stack.endpoint, "log_group": stack.log_group}
    used = {"team": key.team, "number": key.number, "id": key.id} | ({"key": key.secret} if show else {})
    return {**about, "signals": list(stack.signals), "key": used, "arrivals": [arrival(found) for found in arrivals]}


def _print(stack: Stack, key: Key, show: bool) -> None:
    from upwell.agents import AGENTS as KNOWN
    from upwell.agents import PLACEHOLDER, block
    from upwell.aws.promises import NOT_PROMISED

    output.message("\nThis shape does not promise:")
    for sentence in NOT_PROMISED:
        output.message(f"- {sentence}")
    output.message(f"\nAgents of team {key.team} send to {stack.endpoint}. Paste for:")
    for agent in AGENTS:
        text, traces = key.secret if show else PLACEHOLDER, "traces" in stack.signals
        found = block(agent, endpoint=stack.endpoint, key=text, traces=traces, shape="serverless", team=key.team)
        output.message(f"\n# {KNOWN[agent].title}")
        for one in (found, *found.also):
            output.message(f"# {one.file}")
            output.data(one.text)
    output.message(f"\nOther agents: `upwell connect AGENT --stack {stack.name}`. Keys: `upwell status --show-keys`.")
