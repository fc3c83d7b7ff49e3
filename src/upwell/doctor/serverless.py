"""The links of the serverless shape, as far as AWS tells: who we are, the stack, its door, its keys, what was refused, where spans go."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from upwell.aws import deploy
from upwell.aws import keys as key_store
from upwell.aws import stack as stacks
from upwell.aws.account import Account
from upwell.aws.probe import Arrival
from upwell.aws.status import Refusals, Status, look
from upwell.config import Serverless
from upwell.doctor.finding import Finding, fail, failed, ok, warn
from upwell.doctor.sinks import reachable
from upwell.errors import NotDeployed, UpwellError
from upwell.sinks.transport import ca_bundle

_MANY = 0.05  # of a day's requests; a removed key or an agent gone wild is more, a mistyped key is less


def serverless(account: Account, name: str) -> Iterator[Finding]:
    """Look at a stack, link after link."""
    try:
        identity = account.identity()
        yield ok("aws", f"{identity.arn} in account {identity.account}, {account.region}")
        seen = look(account, name)
    except UpwellError as error:
        yield failed("stack" if isinstance(error, NotDeployed) else "aws", error)
        return
    yield _state(seen.stack)
    yield from _door(seen)
    yield from _keys(seen)
    if seen.refusals is not None:
        yield from _refusals(seen.refusals)
    if "traces" in seen.stack.signals:
        yield _search(account)
    for note in seen.notes:
        yield warn("stack", f"cannot be seen: {note}", "Allow what is named; `upwell template --deployer-policy` prints all of it.")


def _state(stack: stacks.Stack) -> Finding:
    link = f"stack {stack.name}"
    if stack.busy:
        return warn(link, f"{stack.state}: a change is under way", "Look again when it has ended.")
    if stack.state in stacks.DEAD or stack.state == stacks.STUCK:
        return fail(link, f"{stack.state}: {stack.reason or 'no reason given'}", "Run `upwell deploy`, or end it in the AWS console.")
    return ok(link, stack.state)


def _door(seen: Status) -> Iterator[Finding]:
    try:
        yield reachable("endpoint", seen.stack.endpoint, ca_bundle())
    except UpwellError as error:
        yield failed("endpoint", error)


def _keys(seen: Status) -> Iterator[Finding]:
    live = [key for key in seen.keys if key.live]
    if not live:
        yield fail("keys", "the stack has none: every agent gets 403", "Run `upwell deploy`.")
        return
    silent = [key.team for key in live if key.last_event_ms is None]
    if silent:
        hint = "If they should be sending: `upwell doctor --send` proves the way, `upwell connect` prints their block."
        yield warn("keys", f"{len(live)} live; no log event yet from {', '.join(sorted(set(silent)))}", hint)
    else:
        yield ok("keys", f"{len(live)} live, each has sent logs")


def _refusals(found: Refusals) -> Iterator[Finding]:
    told = f"last day: {found.requests:,} requests, {found.refused:,} refused (4XX), {found.failed:,} failed (5XX)"
    if found.failed:
        hint = "5XX is CloudWatch or this stack: see the alarm and access logs, and `upwell doctor --send` for what it says now."
        yield warn("answers", told, hint)
    elif found.refused > _MANY * max(1, found.requests):
        yield warn("answers", told, "403 is a removed or wrong key, 429 a key over its rate, 400 data that CloudWatch does not take.")
    else:
        yield ok("answers", told)


def _search(account: Account) -> Finding:
    link = "Transaction Search"
    try:
        found = account.call("xray", "get_trace_segment_destination")
    except UpwellError as error:
        return failed(link, error)
    told = f"spans go to {found.get('Destination')}, {found.get('Status')}"
    if found.get("Destination") != "CloudWatchLogs":
        command = f"aws xray update-trace-segment-destination --destination CloudWatchLogs --region {account.region}"
        return fail(link, told, f"Run `{command}`, or deploy without traces.")
    if found.get("Status") != "ACTIVE":
        return warn(link, told, "It becomes active within minutes; until then spans may not be found.")
    return ok(link, told)


def prove(account: Account, settings: Serverless, say: Callable[[str], None]) -> Iterator[Arrival]:
    """Send marked events with the newest key of the first team, and find them in CloudWatch. Raises NotDeployed, and what AWS refuses."""
    stack = stacks.get(account, settings.stack)
    wanted = key_store.settled(settings, stack.key_ids)
    chosen = key_store.newest(wanted, stack, stack.key_ids)
    if chosen.logical_id not in stack.key_ids:
        raise NotDeployed(
            f"the stack {stack.name} has no key of team {chosen.team}", hint="Check serverless.teams, or run `upwell deploy`."
        )
    key_id = stack.key_ids[chosen.logical_id]
    key = deploy.Key(chosen.team, chosen.number, key_id, key_store.secret(account, key_id))
    yield from deploy.prove(account, stack, key, say=say)
