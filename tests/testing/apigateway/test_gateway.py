"""The stack as a whole: its streams, its keys, its updates, and the command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing.apigateway.sending import post
from tests.testing.wire import request
from upwell.aws.template import build
from upwell.config import Serverless, TeamLimit
from upwell.testing.apigateway import FakeApiGateway, TemplateRefused
from upwell.testing.cloudwatch import FakeCloudWatch

ROOT = Path(__file__).parents[3]


def test_a_new_key_needs_time() -> None:
    """AWS speaks of minutes until a key works; an old one works on meanwhile."""
    clock = [0.0]
    with (
        FakeCloudWatch() as cloudwatch,
        FakeApiGateway(build(Serverless()), cloudwatch.url, now=lambda: clock[0], spread=120) as gateway,
    ):
        young = post(gateway, "/v1/metrics").status
        clock[0] = 120
        old = post(gateway, "/v1/metrics").status
        gateway.update(build(Serverless(keys={"platform": [1, 2]})))
        both = [post(gateway, "/v1/metrics", key=key).status for key in ("PlatformKey1", "PlatformKey2")]

    assert (young, old, both) == (403, 200, [200, 403])


def test_a_key_that_is_in_no_plan_does_not_work() -> None:
    """Nor one that is disabled."""
    template = build(Serverless(teams=["platform", "web"]))
    del template["Resources"]["PlatformKey1Member"]
    template["Resources"]["WebKey1"]["Properties"]["Enabled"] = False
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(template, cloudwatch.url) as gateway:
        assert [post(gateway, "/v1/metrics", key=key).status for key in ("PlatformKey1", "WebKey1")] == [403, 403]


def test_a_key_is_in_one_plan_of_a_stage() -> None:
    """API Gateway answers 409 to a second one."""
    template = build(Serverless())
    template["Resources"]["Again"] = template["Resources"]["PlatformKey1Member"]

    with pytest.raises(TemplateRefused, match="two usage plans"):
        FakeApiGateway(template, "http://127.0.0.1:1")


def test_a_key_cannot_move_between_plans_in_an_update() -> None:
    """CloudFormation puts it into the new plan first, which answers 409; a new figure, or a new key with the new limit, is fine."""
    before = Serverless(teams=["platform", "web"])
    own = {"limits": {"web": TeamLimit(rate=5)}}
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(build(before), cloudwatch.url) as gateway:
        with pytest.raises(TemplateRefused, match="409: key"):
            gateway.update(build(before.model_copy(update=own)))
        gateway.update(build(before.model_copy(update={"rate": 1.0})))
        gateway.update(build(before.model_copy(update={**own, "keys": {"web": [2]}})))
        gateway.update(build(before.model_copy(update={"limits": {"web": TeamLimit(rate=7)}, "keys": {"web": [2]}})))

        assert post(gateway, "/v1/metrics", key="WebKey2").status == 200


def test_an_existing_group_must_exist() -> None:
    """The stack fails where it does not; where it does, its streams are made in it."""
    template = build(Serverless(log_group="/shared"), existing_log_group=True)
    with FakeCloudWatch() as cloudwatch:
        with pytest.raises(TemplateRefused, match="/shared does not exist"):
            FakeApiGateway(template, cloudwatch.url).start()

        cloudwatch.create_log_group("/shared", "theirs")
        with FakeApiGateway(template, cloudwatch.url) as gateway:
            assert cloudwatch.log_groups() == {"/shared": sorted(["theirs", gateway.keys["PlatformKey1"].id])}


def test_an_update_that_is_refused_changes_nothing() -> None:
    """The stack rolls back."""
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(build(Serverless()), cloudwatch.url) as gateway:
        broken = build(Serverless(teams=["other"], allow_cidrs=["10.0.0.0/8"]))
        del broken["Resources"]["LogsMethod"]["Properties"]["RequestParameters"]
        with pytest.raises(TemplateRefused, match="not declared"):
            gateway.update(broken)

        assert post(gateway, "/v1/metrics").status == 200


def test_the_command_serves_a_file(tmp_path: Path) -> None:
    """It says where it listens and which keys there are, and ends on SIGTERM."""
    command = [
        sys.executable,
        "-m",
        "upwell.testing.apigateway",
        "--template",
        str(ROOT / "template.yaml"),
        "--parameter",
        "RetentionDays=30",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT / "src")})
    assert process.stdout is not None
    with process:
        said = [process.stdout.readline().split() for _ in range(3)]
        _, key, ready = said
        answer = request(f"{ready[1]}/v1/logs", b"{}", {"content-type": "application/json", "x-api-key": key[3]})
        process.terminate()

    assert [line[0] for line in said] == ["cloudwatch", "key", "ready"]
    assert (key[1], answer.status, process.returncode) == ("PlatformKey1", 200, 0)


def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    """One sentence, exit code 1."""
    file = tmp_path / "template.yaml"
    file.write_text("Resources: {}")
    command = [sys.executable, "-m", "upwell.testing.apigateway", "--template", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT / "src")})

    assert done.returncode == 1
    assert "serves one stage, and the template has 0" in done.stderr
    assert "Traceback" not in done.stderr
