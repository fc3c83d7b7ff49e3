"""The checked-in file."""

from __future__ import annotations

from pathlib import Path

from tests.testing.apigateway.sending import post
from tests.testing.wire import JSON, encoded, logs, now_ns, record
from upwell.aws.template import build_one_click, to_yaml
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.apigateway.stack import Ids, make
from upwell.testing.cloudwatch import FakeCloudWatch

ROOT = Path(__file__).parents[2]


def test_the_checked_in_file_is_what_would_be_made() -> None:
    """`upwell template --one-click > template.yaml` was run after the last change."""
    assert (ROOT / "template.yaml").read_text("utf-8") == to_yaml(build_one_click())


def test_what_its_parameters_change_needs_no_new_deployment() -> None:
    """A deployment is a snapshot: nothing in it may hang on a parameter, since no parameter changes its name."""
    template = build_one_click()

    shown = {name: each for name, each in template["Resources"].items() if each["Type"] in _SHOWN}
    assert len(shown) == 12
    assert not any(f"'Ref': '{parameter}'" in str(shown) for parameter in template["Parameters"])
    assert not any("Condition" in each for each in shown.values())


_SHOWN = {f"AWS::ApiGateway::{kind}" for kind in ("RestApi", "Resource", "Method", "GatewayResponse")}


def test_it_serves_without_any_settings() -> None:
    """As it lies there: one key, its stream, three signals."""
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(ROOT / "template.yaml", cloudwatch.url) as gateway:
        assert [post(gateway, f"/v1/{signal}").status for signal in ("metrics", "traces", "logs")] == [200, 200, 200]
        assert cloudwatch.log_groups() == {"/upwell/otlp": [gateway.keys["PlatformKey1"].id]}
        assert gateway.outputs["Signals"] == "metrics,traces,logs"


def test_its_parameters_take_effect_on_an_update() -> None:
    """Another log group and another limit, under the same deployment."""
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(ROOT / "template.yaml", cloudwatch.url, now=lambda: 0.0) as gateway:
        cloudwatch.create_log_group("/theirs")
        gateway.update(ROOT / "template.yaml", {"ExistingLogGroup": "/theirs", "Burst": 1, "AlarmEmail": "ops@example.com"})

        body = encoded("logs", logs(record(now_ns())), JSON)
        assert [post(gateway, "/v1/logs", body).status for _ in range(2)] == [200, 429]
        assert len(cloudwatch.log_events("/theirs", gateway.keys["PlatformKey1"].id)) == 1
        assert gateway.outputs["LogGroup"] == "/theirs"


def test_transaction_search_goes_where_there_is_any() -> None:
    """A Region condition: CloudFormation knows no such resource in some."""
    for region, expected in (("eu-west-1", True), ("mx-central-1", False)):
        stack = make(build_one_click(), name="s", region=region, parameters={"TransactionSearchMode": "enable"}, ids=Ids())
        assert ("TransactionSearch" in stack.resources) is expected
    left = make(build_one_click(), name="s", region="eu-west-1", parameters={}, ids=Ids())
    assert not {"TransactionSearch", "TransactionSearchPolicy", "AlarmTopic"} & set(left.resources)
