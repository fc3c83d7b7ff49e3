"""A template with the faults of the one that this project grew from, written anew from the description of them."""

from __future__ import annotations

import copy
from typing import Any

from upwell.aws.template import build
from upwell.config import Serverless


def first_template() -> dict[str, Any]:
    """One integration response for everything, text conversion, no media types, a fixed deployment, a stream that nobody makes."""
    template = copy.deepcopy(build(Serverless()))
    resources = template["Resources"]
    del resources["Api"]["Properties"]["BinaryMediaTypes"]
    for name in ("MetricsMethod", "TracesMethod", "LogsMethod"):
        properties = resources[name]["Properties"]
        properties["MethodResponses"] = [{"StatusCode": "200"}]
        properties["Integration"]["IntegrationResponses"] = [{"StatusCode": "200", "SelectionPattern": ""}]
        properties["Integration"]["ContentHandling"] = "CONVERT_TO_TEXT"
    resources["LogsMethod"]["Properties"]["Integration"]["RequestParameters"]["integration.request.header.x-aws-log-stream"] = "'otlp'"
    del resources["PlatformKey1Stream"]
    return _with_fixed_deployment(template)


def _with_fixed_deployment(template: dict[str, Any]) -> dict[str, Any]:
    resources = template["Resources"]
    hashed = next(name for name, each in resources.items() if each["Type"] == "AWS::ApiGateway::Deployment")
    for name in [name for name, each in resources.items() if each["Type"] == "AWS::ApiGateway::GatewayResponse"]:
        resources[hashed]["DependsOn"].remove(name)
        del resources[name]
    resources["Deployment"] = resources.pop(hashed)
    resources["Stage"]["Properties"]["DeploymentId"] = {"Ref": "Deployment"}
    return template
