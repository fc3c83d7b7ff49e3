"""The doctor at a real gateway: healthy, sending, and with one link broken at a time."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.running import Serving, command, serving
from upwell.otlp.model import Signal
from upwell.testing.cloudwatch import FakeCloudWatch
from upwell.testing.otlp import OtlpReceiver

GROUP = "/upwell/otlp"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _settings(fake: FakeCloudWatch, other: str, port: int) -> str:
    return f"""
[gateway]
listen = "127.0.0.1:{port}"
[[sinks]]
type = "cloudwatch"
region = "{fake.region}"
endpoint_url = "{fake.url}"
linger = 0
[[sinks]]
type = "otlp"
endpoint = "{other}"
signals = ["logs"]
linger = 0
"""


@pytest.fixture(scope="module")
def far() -> Iterator[tuple[FakeCloudWatch, OtlpReceiver]]:
    """Both far ends."""
    with FakeCloudWatch() as fake, OtlpReceiver() as receiver:
        yield fake, receiver


@pytest.fixture(scope="module")
def running(far: tuple[FakeCloudWatch, OtlpReceiver], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A gateway with a worker, a fake CloudWatch and an OTLP receiver."""
    fake, receiver = far
    port, credentials = _free_port(), {"AWS_ACCESS_KEY_ID": fake.access_key, "AWS_SECRET_ACCESS_KEY": fake.secret_key}
    settings = _settings(fake, receiver.url, port)
    with serving(tmp_path_factory.mktemp("gateway"), "serve", "--listen", f"127.0.0.1:{port}", settings=settings, **credentials) as made:
        made.ready()
        yield made


def _doctor(running: Serving, fake: FakeCloudWatch | None, *arguments: str) -> tuple[int, dict[str, Any]]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    if fake is not None:
        environment |= {"AWS_ACCESS_KEY_ID": fake.access_key, "AWS_SECRET_ACCESS_KEY": fake.secret_key}
    ran = command("doctor", "--json", *arguments, "--data-dir", str(running.data), cwd=running.folder, env=environment)
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def _told(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["link"]: finding for finding in found["findings"]}


def test_every_link_is_named_and_holds(running: Serving, far: tuple[FakeCloudWatch, OtlpReceiver]) -> None:
    """A healthy gateway: each link ok, in the way that telemetry takes, and exit code 0."""
    code, found = _doctor(running, far[0])
    links = [finding["link"] for finding in found["findings"]]

    assert (code, found["ok"]) == (0, True)
    assert [finding for finding in found["findings"] if finding["state"] != "ok"] == []
    expected = ["config", "data_dir", "keys", links[3], "refusals", "journal", "disk", "worker"]
    assert links[: len(expected)] == expected
    assert links[3].startswith("gateway 127.0.0.1:")
    assert {"lane cloudwatch/logs", "lane otlp/logs", "lane usage/traces", "ledger", "sink cloudwatch", "sink otlp"} <= set(links)


def test_a_marked_event_is_found_at_every_far_end(running: Serving, far: tuple[FakeCloudWatch, OtlpReceiver]) -> None:
    """--send: each signal in CloudWatch, the other sink and the usage store; the key made for it is gone afterwards."""
    fake, receiver = far
    code, found = _doctor(running, fake, "--send")
    events = {finding["link"]: finding["state"] for finding in found["findings"] if finding["link"].startswith("event ")}

    assert code == 0, found
    assert events == {
        **{f"event {signal} in {end}": "ok" for signal in Signal for end in ("cloudwatch", "usage store")},
        "event logs in otlp": "ok",
    }
    assert len(receiver.items(Signal.LOGS)) == 1
    (usage,) = (lane for lane in running.ledger()["usage"] if lane["lane"] == "usage/logs")
    assert (usage["not_usage"], usage["unrecognised"]) == (1, 0)
    keys = json.loads(running.upwell("keys", "list", "--json").stdout)["keys"]
    assert [(key["team"], key["state"]) for key in keys] == [("default", "live"), ("upwell-doctor", "revoked")]


def test_a_wrong_key_is_told_as_such(running: Serving, far: tuple[FakeCloudWatch, OtlpReceiver]) -> None:
    """--send --key with a key that nobody knows fails with the gateway's answer, and shows among the refusals."""
    code, found = _doctor(running, far[0], "--send", "--key", "uw_nobody00_wrong")
    told = _told(found)

    assert code == 1
    assert "the gateway answers 401" in told["event logs"]["message"]
    assert told["event logs"]["code"] == "probe-lost"
    after = _told(_doctor(running, far[0])[1])
    assert "requests without a valid key" in after["refusals"]["message"]


def test_missing_credentials_here_are_no_broken_gateway(running: Serving) -> None:
    """The shell of whoever asks may have none; that is to watch, and says where to look."""
    environment = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    ran = command("doctor", "--json", "--data-dir", str(running.data), cwd=running.folder, env=_without_keys(environment))
    told = [finding for finding in json.loads(ran.stdout)["findings"] if finding["link"] == "sink cloudwatch"]

    assert ran.returncode == 0
    assert [finding["state"] for finding in told] == ["warn", "ok"]


def _without_keys(more: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), **more}


def test_a_held_lane_carries_its_own_next_step(running: Serving, far: tuple[FakeCloudWatch, OtlpReceiver]) -> None:
    """What the lane says is what the doctor says: state, code and hint, and --send does not wait for an event that cannot come."""
    fake, _ = far
    fake.expire_credentials()
    try:
        code, found = _doctor(running, None, "--send")
    finally:
        fake.restore_credentials()
    told = _told(found)

    assert code == 1
    assert told["event metrics in cloudwatch"]["message"].startswith("the lane is held: ")
    assert told["event metrics in cloudwatch"]["hint"]


def test_nothing_runs(tmp_path: Path, far: tuple[FakeCloudWatch, OtlpReceiver]) -> None:
    """Without any gateway the first broken link is the data directory, and nothing after it is guessed at."""
    ran = command("doctor", "--data-dir", str(tmp_path / "none"), cwd=tmp_path)

    assert ran.returncode == 1
    assert ran.stdout.splitlines()[1].startswith("fail  data_dir")
    assert "upwell serve" in ran.stdout
    assert ran.stderr == "1 broken, 0 to watch.\n"


def test_settings_that_do_not_hold_are_the_first_finding(tmp_path: Path) -> None:
    """A typo in the file is told like any other link, with the field's name."""
    (tmp_path / "upwell.toml").write_text('[gateway]\nlisten_on = "x"\n')
    ran = command("doctor", "--json", cwd=tmp_path)
    (finding,) = json.loads(ran.stdout)["findings"]

    assert ran.returncode == 1
    assert (finding["link"], finding["code"]) == ("config", "config-invalid")
    assert "gateway.listen_on" in finding["message"]
