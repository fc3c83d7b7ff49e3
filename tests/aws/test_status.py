"""status, destroy and doctor on a stack in moto's account (`tests.aws.amazon` says what is stubbed)."""

from __future__ import annotations

from tests.aws.amazon import REGION, Amazon
from tests.cli.conftest import Run

HERE = ("--region", REGION)


def test_status_shows_keys_by_team_and_no_text(account: Amazon, run: Run) -> None:
    """Endpoint, keys with their last events, refusals of the last day; the texts only when asked for."""
    run("deploy", *HERE, "--yes", "--no-probe", "--team", "platform", "--team", "web")
    plain, shown = run("status", *HERE), run("status", *HERE, "--show-keys")

    assert plain.code == 0, plain.err
    assert "upwell is CREATE_COMPLETE" in plain.err
    assert "0 requests, 0 refused (4XX), 0 failed (5XX)" in plain.out
    assert [line.split()[:4:3] for line in plain.out.splitlines()[-2:]] == [["platform", "live"], ["web", "live"]]
    for secret in account.keys().values():
        assert secret not in plain.out + plain.err
        assert secret in shown.out


def test_status_as_json(account: Amazon, run: Run) -> None:
    """The document of docs/cli.md."""
    run("deploy", *HERE, "--yes", "--no-probe")
    found = run("status", *HERE, "--json").json

    assert set(found) == {"stack", "state", "region", "endpoint", "signals", "log_group", "last_day", "keys", "notes"}
    (key,) = found["keys"]
    assert (key["team"], key["number"], key["state"], key["id"]) == ("platform", 1, "live", next(iter(account.keys())))
    assert found["last_day"] == {"requests": 0, "refused": 0, "failed": 0}


def test_status_says_what_it_may_not_see(account: Amazon, run: Run) -> None:
    """Missing rights leave a gap with its reason, not an error; the refusals are stubbed."""
    run("deploy", *HERE, "--yes", "--no-probe")
    account.refuse["DescribeLogStreams"] = (400, "AccessDeniedException", "not authorized to perform: logs:DescribeLogStreams")
    done = run("status", *HERE)

    assert done.code == 0
    assert "note: logs:describe_log_streams: not authorized" in done.err


def test_no_stack(account: Amazon, run: Run) -> None:
    """status and destroy of what is not there say where they looked."""
    for command in (("status",), ("destroy", "--yes")):
        done = run(*command, *HERE)
        assert done.code == 1
        assert "error [not-deployed]: there is no stack upwell in us-west-2" in done.err


def test_destroy_asks(account: Amazon, run: Run) -> None:
    """Off a terminal and without --yes nothing is removed."""
    run("deploy", *HERE, "--yes", "--no-probe")
    done = run("destroy", *HERE)

    assert done.code == 1
    assert "no terminal to ask on" in done.err
    assert len(account.keys()) == 1


def test_the_doctor_looks_at_a_stack(account: Amazon, run: Run) -> None:
    """Identity, stack, keys, answers, Transaction Search: each a finding; --send proves it as deploy does.

    The endpoint is a name that does not resolve here, so that this one link is broken.
    """
    account.spans = "CloudWatchLogs"
    run("deploy", *HERE, "--yes", "--no-probe")
    done = run("doctor", *HERE, "--send", "--json")
    told = {finding["link"]: finding for finding in done.json["findings"]}

    assert {link: told[link]["state"] for link in told} == {
        "config": "ok",
        "aws": "ok",
        "stack upwell": "ok",
        "endpoint": "fail",
        "keys": "warn",
        "answers": "ok",
        "Transaction Search": "ok",
        **{f"event {signal} in cloudwatch": "ok" for signal in ("logs", "metrics", "traces")},
    }


def test_the_doctor_without_a_stack(account: Amazon, run: Run) -> None:
    """The first broken link is the stack, and the next step its deployment."""
    done = run("doctor", *HERE)

    assert done.code == 1
    assert "fail  stack" in done.out
    assert "[not-deployed]" in done.out


def test_connect_knows_the_stack(account: Amazon, run: Run) -> None:
    """`connect --stack` prints a block for the stack's endpoint, without traces where it takes none."""
    run("deploy", *HERE, "--yes", "--no-probe")
    done = run("connect", "claude-code", "--stack", "upwell", *HERE, "--json").json

    assert ".execute-api.us-west-2." in done["endpoint"]
    assert "OTEL_TRACES_EXPORTER" not in done["blocks"][0]["text"]
