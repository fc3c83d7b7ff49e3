"""What API Gateway would not make, and what it answers 500 to at run time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.testing.apigateway.sending import post
from upwell.aws.template import build
from upwell.config import Serverless
from upwell.testing.apigateway import FakeApiGateway, TemplateRefused
from upwell.testing.cloudwatch import Failure, FakeCloudWatch

Change = Callable[[dict[str, Any]], None]


def _changed(change: Change) -> dict[str, Any]:
    """Our template, one method of it changed."""
    template = copy.deepcopy(build(Serverless()))
    change(template["Resources"]["LogsMethod"]["Properties"])
    return template


def _unknown_variable(method: dict[str, Any]) -> None:
    method["Integration"]["RequestParameters"]["integration.request.header.x-aws-log-stream"] = "context.identity.nonsense"


def _undeclared_request_header(method: dict[str, Any]) -> None:
    del method["RequestParameters"]


def _undeclared_answer_header(method: dict[str, Any]) -> None:
    del method["MethodResponses"][0]["ResponseParameters"]


def _two_replies_of_one_status(method: dict[str, Any]) -> None:
    method["Integration"]["IntegrationResponses"].append({"StatusCode": "503", "SelectionPattern": "501"})


def _foreign_pattern(method: dict[str, Any]) -> None:
    method["Integration"]["IntegrationResponses"][0]["SelectionPattern"] = r"\p{Digit}{3}"


def _mapping_template(method: dict[str, Any]) -> None:
    method["Integration"]["RequestTemplates"] = {"application/json": "$input.body"}


def _answer_template(method: dict[str, Any]) -> None:
    method["Integration"]["IntegrationResponses"][0]["ResponseTemplates"] = {"application/json": ""}


def _another_kind(method: dict[str, Any]) -> None:
    method["Integration"]["Type"] = "MOCK"


def _another_region(method: dict[str, Any]) -> None:
    method["Integration"]["Uri"] = "arn:aws:apigateway:eu-west-1:logs:path/v1/logs"


def _odd_place(method: dict[str, Any]) -> None:
    method["Integration"]["RequestParameters"]["header.X"] = "'1'"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_unknown_variable, "Invalid mapping expression specified: context.identity.nonsense"),
        (_undeclared_request_header, "not declared in the method's RequestParameters"),
        (_undeclared_answer_header, "200 maps Content-Type, which the method response does not declare"),
        (_two_replies_of_one_status, "two integration responses have one status"),
        (_foreign_pattern, "not the same in Java"),
        (_mapping_template, "runs no mapping templates"),
        (_answer_template, "runs no mapping templates"),
        (_another_kind, "integrations of type AWS"),
        (_another_region, "goes to eu-west-1"),
        (_odd_place, "header.X is no place to map to"),
    ],
)
def test_a_method_is_refused(change: Change, said: str) -> None:
    """Each of these passes a linter."""
    with pytest.raises(TemplateRefused, match=said.replace("(", r"\(")):
        FakeApiGateway(_changed(change), "http://127.0.0.1:1")


def _restricted_header(method: dict[str, Any]) -> None:
    method["Integration"]["RequestParameters"]["integration.request.header.Authorization"] = "'mine'"


def _answer_without_method_response(method: dict[str, Any]) -> None:
    del method["MethodResponses"][3]
    method["Integration"]["IntegrationResponses"][3].pop("ResponseParameters")


def _no_default(method: dict[str, Any]) -> None:
    method["Integration"]["IntegrationResponses"] = [{"StatusCode": "200", "SelectionPattern": "200"}]


def _no_role(method: dict[str, Any]) -> None:
    method["Integration"]["Credentials"] = "arn:aws:iam::123456789012:role/elsewhere"


@pytest.mark.parametrize("change", [_restricted_header, _answer_without_method_response, _no_default, _no_role])
def test_a_method_fails_at_run_time(change: Change) -> None:
    """API Gateway takes it, and then answers 500 by itself."""
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(_changed(change), cloudwatch.url) as gateway:
        cloudwatch.script([Failure("logs", status=429)])

        assert post(gateway, "/v1/logs").status == 500
        assert gateway.lines[-1].error == "API_CONFIGURATION_ERROR"


def test_a_role_that_may_not_is_what_upstream_would_say() -> None:
    """403 at CloudWatch, which our patterns turn into 500: ours to mend, and not the client's key."""
    template = build(Serverless())
    template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"].pop()
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(template, cloudwatch.url) as gateway:
        got = post(gateway, "/v1/logs")

    assert (got.status, gateway.lines[-1].upstream) == (500, 403)
    assert b"not authorized to perform: logs:PutLogEvents" in got.body


def test_only_what_a_deployment_depends_on_is_served() -> None:
    """Without a dependency, a method may come after the snapshot."""
    template = build(Serverless())
    deployment = next(each for each in template["Resources"].values() if each["Type"] == "AWS::ApiGateway::Deployment")
    deployment["DependsOn"].remove("LogsMethod")
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(template, cloudwatch.url) as gateway:
        assert [post(gateway, path).status for path in ("/v1/metrics", "/v1/logs")] == [200, 404]

    deployment["DependsOn"] = []
    with pytest.raises(TemplateRefused, match="doesn't contain any methods"):
        FakeApiGateway(template, "http://127.0.0.1:1")


def test_a_misspelt_access_log_is_refused() -> None:
    """As API Gateway does when the stage is made."""
    template = build(Serverless(access_logs=True))
    setting = template["Resources"]["Stage"]["Properties"]["AccessLogSetting"]
    setting["Format"] = setting["Format"].replace("$context.status", "$context.statuss")

    with pytest.raises(TemplateRefused, match=r"no \$context.statuss"):
        FakeApiGateway(template, "http://127.0.0.1:1")
