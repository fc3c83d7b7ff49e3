"""The command `python -m upwell.testing.cloudwatch`."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.testing.wire import LOG_HEADERS, export, logs, now_ns, record, request
from upwell.testing.cloudwatch.__main__ import main


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own, and the ready line's URL."""
    command = [sys.executable, "-m", "upwell.testing.cloudwatch", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline().split()
            assert ready[0] == "ready"
            yield process, ready[1]
        finally:
            process.terminate()
            process.wait(20)


def test_command_serves_what_it_is_told() -> None:
    """Region, keys, group and keeping come from the command line; the answers come over HTTP."""
    options = ["--region", "eu-north-1", "--access-key", "AKIDCLI", "--secret-key", "s", "--keep", "ids", "--id-attribute", "n"]
    group = ["--log-group", LOG_HEADERS["x-aws-log-group"], "--log-stream", LOG_HEADERS["x-aws-log-stream"]]
    with running(*options, *group) as (_, url):
        batch = logs(record(now_ns(), n="one"))
        wrong = export(url, "logs", batch)
        right = export(url, "logs", batch, region="eu-north-1", access_key="AKIDCLI", secret_key="s")
        ids = request(f"{url}/_fake/ids?signal=logs", method="GET").body

    assert (wrong.status, right.status, ids) == (403, 200, b"one\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_ends_quietly_when_asked(number: signal.Signals) -> None:
    """SIGTERM and Ctrl-C end it with 0 and without a word."""
    with running() as (process, _):
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """--help names every option."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    shown = capsys.readouterr().out
    assert ended.value.code == 0
    for option in (
        "--port",
        "--host",
        "--region",
        "--access-key",
        "--secret-key",
        "--keep",
        "--id-attribute",
        "--log-group",
        "--log-stream",
    ):
        assert option in shown


def test_wrong_option_is_a_usage_error() -> None:
    """An unknown way of keeping ends with 2."""
    with pytest.raises(SystemExit) as ended:
        main(["--keep", "everything"])

    assert ended.value.code == 2
