"""What goes wrong on the way, in moto's account (`tests.aws.amazon` says what is stubbed): each says what, and what next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from tests.aws.amazon import REGION, Amazon
from tests.cli.conftest import Ran, Run
from upwell.aws import deploy as steps
from upwell.aws import probe
from upwell.otlp.model import Signal
from upwell.sinks.base import Retry
from upwell.sinks.transport import Answer


def deploy(run: Run, *arguments: str) -> Ran:
    """Deploy without questions."""
    return run("deploy", "--region", REGION, "--yes", *arguments)


def _client(service: str) -> Any:
    return botocore.session.Session().create_client(service, region_name=REGION)


# -- before anything is changed ----------------------------------------------------------------------------------------------------


def test_no_credentials(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials nothing is asked, and the next step is to sign in."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = deploy(run)

    assert done.code == 1
    assert "error [aws-credentials]" in done.err
    assert "sign in" in done.err.lower()


def test_expired_credentials(account: Amazon, run: Run) -> None:
    """What STS says is said; the caller's identity is stubbed to be refused."""
    account.refuse["GetCallerIdentity"] = (403, "ExpiredToken", "The security token included in the request is expired")
    done = deploy(run)

    assert "error [aws-credentials]: sts:get_caller_identity: The security token included in the request is expired" in done.err


def test_no_region(account: Amazon, run: Run) -> None:
    """Nobody guesses a Region."""
    done = run("deploy", "--yes")

    assert "error [config-invalid]: no AWS Region is given" in done.err


def test_a_region_without_otlp_metrics(account: Amazon, run: Run) -> None:
    """AWS's list does not name it, so metrics would be refused: said before anything is made, and possible on purpose."""
    done = run("deploy", "--region", "il-central-1", "--yes")

    assert "error [account-unfit]" in done.err
    assert "il-central-1" in done.err
    assert "--unlisted-region" in done.err
    assert account.parameters("CreateChangeSet") == []


def test_a_region_that_is_none(account: Amazon, run: Run) -> None:
    """A typo has the form of a Region, and no service."""
    done = run("deploy", "--region", "us-west-9", "--yes")

    assert "error [account-unfit]: no endpoint of cloudformation is known in us-west-9" in done.err


def test_missing_rights_are_named(account: Amazon, run: Run) -> None:
    """IAM's simulation, which moto lacks and is stubbed, names the actions that the deployer may not do."""
    account.denied = {"iam:CreateRole", "ssm:PutParameter"}
    done = deploy(run)

    assert "error [aws-denied]" in done.err
    assert "may not iam:CreateRole, ssm:PutParameter" in done.err
    assert "--deployer-policy" in done.err
    assert account.parameters("CreateChangeSet") == []


def test_who_may_not_ask_iam_may_still_deploy(account: Amazon, run: Run) -> None:
    """The simulation is a courtesy: where it is denied, deploy says so and goes on."""
    account.refuse["SimulatePrincipalPolicy"] = (403, "AccessDenied", "not authorized to perform: iam:SimulatePrincipalPolicy")
    done = deploy(run)

    assert done.code == 0, done.err
    assert "note: IAM cannot be asked" in done.err


def test_resource_policies_are_used_up(account: Amazon, run: Run) -> None:
    """Transaction Search needs one of ten resource policies of CloudWatch Logs; a full account is told before the stack fails."""
    for number in range(10):
        _client("logs").put_resource_policy(policyName=f"policy-{number}", policyDocument="{}")
    Path("upwell.toml").write_text('[serverless]\ntransaction_search = "on"\n')
    done = deploy(run)

    assert "error [account-unfit]: us-west-2 has all 10 resource policies" in done.err
    assert "policy-3" in done.err


def test_transaction_search_that_may_not_be_seen(account: Amazon, run: Run) -> None:
    """A guess would change the account or lose traces, so it stops; the call is stubbed."""
    account.refuse["GetTraceSegmentDestination"] = (
        403,
        "AccessDeniedException",
        "not authorized to perform: xray:GetTraceSegmentDestination",
    )
    done = deploy(run)

    assert "error [aws-denied]: whether spans go to CloudWatch Logs cannot be seen" in done.err
    assert 'transaction_search = "off"' in done.err


@pytest.mark.parametrize(
    ("spans", "setting", "traces", "switched"),
    [
        ("XRay", "auto", False, False),
        ("CloudWatchLogs", "auto", True, False),
        ("XRay", "on", True, True),
        ("CloudWatchLogs", "on", True, False),
        ("CloudWatchLogs", "off", False, False),
    ],
)
def test_transaction_search_is_used_where_it_is_on(
    account: Amazon, run: Run, spans: str, setting: str, traces: bool, switched: bool
) -> None:
    """auto never changes the account unasked; on switches it on once; off leaves /v1/traces out. Moto's X-Ray lacks the switch: stubbed."""
    account.spans = spans
    Path("upwell.toml").write_text(f'[serverless]\ntransaction_search = "{setting}"\n')
    done = deploy(run, "--no-probe", "--json")

    assert done.code == 0, done.err
    assert ("traces" in done.json["signals"]) is traces
    assert ("Transaction Search (account-wide)" in done.err) is switched


def test_switched_on_once_it_stays_in_the_stack(account: Amazon, run: Run) -> None:
    """Once this stack switched Transaction Search on, the account has it on: deploying again must not push it out of the stack."""
    Path("upwell.toml").write_text('[serverless]\ntransaction_search = "on"\n')
    deploy(run, "--no-probe")
    account.spans = "CloudWatchLogs"
    again = deploy(run, "--no-probe")

    assert "Nothing to change" in again.err


def test_a_group_of_another_stack(account: Amazon, run: Run) -> None:
    """A log group that another stack owns is not taken from it."""
    deploy(run, "--no-probe")
    other = run("deploy", "--region", REGION, "--yes", "--no-probe", "--stack", "second")
    # moto gives resources of a stack no aws:cloudformation tags: it is stubbed by tagging the group
    arn = f"arn:aws:logs:{REGION}:123456789012:log-group:/upwell/otlp"
    _client("logs").tag_resource(resourceArn=arn, tags={"aws:cloudformation:stack-name": "upwell"})
    refused = run("deploy", "--region", REGION, "--yes", "--no-probe", "--stack", "third")

    assert other.code == 0
    assert "error [account-unfit]: the log group /upwell/otlp belongs to the stack upwell" in refused.err
    assert run("deploy", "--region", REGION, "--yes", "--no-probe", "--stack", "third", "--existing-log-group").code == 0


def test_a_stack_that_uses_a_group_of_others_goes_on_doing_so(account: Amazon, run: Run) -> None:
    """--existing-log-group is said once: the next deployment must not take the group into the stack."""
    _client("logs").create_log_group(logGroupName="/upwell/otlp")
    deploy(run, "--no-probe", "--existing-log-group")
    again = deploy(run, "--no-probe")
    run("destroy", "--region", REGION, "--yes")

    assert "Nothing to change" in again.err
    assert "/upwell/otlp" in account.groups()


def test_a_group_that_is_taken_over_loses_old_events_not_in_silence(account: Amazon, run: Run) -> None:
    """Retention deletes: a group that kept events for ever is named with what is lost, before anything is done."""
    _client("logs").create_log_group(logGroupName="/upwell/otlp")
    done = run("deploy", "--region", REGION)

    assert "note: /upwell/otlp keeps events for ever; from now on those older than 90 days" in done.err


def test_alarms_need_a_confirmation(account: Amazon, run: Run) -> None:
    """An e-mail subscription sends nothing before somebody agrees to it."""
    Path("upwell.toml").write_text('[serverless]\nalarm_email = "ops@example.com"\n')

    assert "asks ops@example.com to confirm" in deploy(run, "--no-probe").err


# -- while it is made --------------------------------------------------------------------------------------------------------------


def test_a_rollback_names_the_first_failure(account: Amazon, run: Run) -> None:
    """Of all that fails only the first is the cause; events and states of a rollback, which moto lacks, are stubbed."""
    account.rollback = ("PlatformKey1", "API Key quota exceeded")
    done = deploy(run)

    assert done.code == 1
    assert "error [stack-failed]: PlatformKey1" in done.err
    assert "API Key quota exceeded; the stack is ROLLBACK_COMPLETE" in done.err
    assert "arrived" not in done.err


def test_deploying_after_a_rollback(account: Amazon, run: Run) -> None:
    """A stack whose making failed can only be removed, so that is done first."""
    account.rollback = ("PlatformKey1", "API Key quota exceeded")
    deploy(run)
    account.rollback = None
    again = deploy(run)

    assert again.code == 0, again.err
    assert len(account.keys()) == 1
    assert [stack.status for stack in account.stacks().stacks.values()] == ["CREATE_COMPLETE"]


def test_a_right_that_is_missed_midway(account: Amazon, run: Run) -> None:
    """CloudFormation's words hold the action; it comes out as the next step."""
    reason = "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: y"
    account.rollback = ("Role", reason)
    done = deploy(run)

    assert "error [aws-denied]: Role" in done.err
    assert "Ask for iam:PassRole" in done.err


def test_a_change_under_way(account: Amazon, run: Run) -> None:
    """Two deployments at once are one too many."""
    deploy(run, "--no-probe")
    next(iter(account.stacks().stacks.values())).status = "UPDATE_IN_PROGRESS"
    done = deploy(run)

    assert "error [account-unfit]: the stack upwell is UPDATE_IN_PROGRESS" in done.err


def test_aws_is_out_of_reach(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that does not answer is said as such."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    done = deploy(run)

    assert "error [aws-failed]: sts:get_caller_identity: AWS cannot be reached" in done.err


# -- when it is proven -------------------------------------------------------------------------------------------------------------


class _Minutes:
    """A clock of which each look takes a while, so that patience runs out at once."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def monotonic(self) -> float:
        """Seconds, more each time."""
        self.now += self.step
        return self.now

    def __getattr__(self, name: str) -> Any:
        import time

        return getattr(time, name)

    def sleep(self, _: float) -> None:
        """No time is lost."""


def _answering(answer: Answer | Retry) -> Any:
    return lambda *_, **__: lambda signal, body: answer


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes pass between two looks."""
    clock = _Minutes(100)
    init = probe.Probe.__init__

    def hurry(self: probe.Probe, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **{**options, "monotonic": clock.monotonic})

    monkeypatch.setattr(probe.Probe, "__init__", hurry)


def test_a_key_that_never_gets_active(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch, hurried: None) -> None:
    """403 beyond the minutes that a new key may take: deploy fails, and the stack stands. The door is stubbed."""
    monkeypatch.setattr(steps, "over_http", _answering(Answer(403, {}, b'{"message":"Forbidden"}')))
    done = deploy(run)

    assert done.code == 1
    assert "logs: the key is not active yet (403); trying for up to 300 s" in done.err
    assert "not arrived: logs: the key is not active yet (403)" in done.err
    assert "error [probe-lost]: the stack upwell stands, but logs, metrics did not arrive" in done.err


def test_a_signal_that_is_not_found(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch, hurried: None) -> None:
    """Taken with 200 and never shown: named by signal, and the other is proven all the same. Metrics are swallowed by a stub."""
    door = account.door

    def swallowing(endpoint: str, secret: str) -> Any:
        send = door(endpoint, secret)
        return lambda signal, body: Answer(200, {}, b"{}") if signal is Signal.METRICS else send(signal, body)

    monkeypatch.setattr(steps, "over_http", swallowing)
    done = deploy(run)

    assert done.code == 1
    assert "arrived: logs" in done.err
    assert "not arrived: metrics: it was taken, and is not to be found after" in done.err
    assert "Query Studio" in done.err
    assert "but metrics did not arrive" in done.err


def test_who_may_not_read_what_arrived(account: Amazon, run: Run) -> None:
    """Missing rights at the far end are no lost event; FilterLogEvents is stubbed to be refused."""
    account.refuse["FilterLogEvents"] = (400, "AccessDeniedException", "not authorized to perform: logs:FilterLogEvents")
    done = deploy(run)

    assert "not arrived: logs: it was taken, but cannot be looked for" in done.err
    assert "logs:FilterLogEvents" in done.err
