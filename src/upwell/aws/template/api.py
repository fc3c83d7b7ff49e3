"""The REST API around the methods: media types, API Gateway's own answers, deployment and stage.

A deployment is a snapshot, and CloudFormation makes a new one only under a new logical id: so that id carries a hash of all it shows.
"""

from __future__ import annotations

import hashlib
import json

from upwell.aws.names import ACCESS_LOG_GROUP_RESOURCE, API, DEPLOYMENT_PREFIX, LOG_GROUP_VARIABLE, STAGE, STAGE_RESOURCE
from upwell.aws.template.intrinsics import Resource, Resources, get, ref, tags
from upwell.aws.template.methods import RETRY_AFTER, methods
from upwell.aws.template.plan import Plan

_BUSY = {"Throttled": "THROTTLED", "TimedOut": "INTEGRATION_TIMEOUT", "Unreachable": "INTEGRATION_FAILURE"}

_ACCESS_LINE = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "path": "$context.path",
    "keyId": "$context.identity.apiKeyId",
    "sourceIp": "$context.identity.sourceIp",
    "userAgent": "$context.identity.userAgent",
    "status": "$context.status",
    "upstreamStatus": "$context.integration.status",
    "error": "$context.error.responseType",
    "milliseconds": "$context.responseLatency",
    "answerBytes": "$context.responseLength",
}


def api(plan: Plan) -> Resources:
    """Everything of API Gateway but keys."""
    shown: Resources = {API: _api(plan), **methods(plan), **_answers()}
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:10]
    snapshot = f"{DEPLOYMENT_PREFIX}{digest}"
    return {**shown, snapshot: _deployment(shown), STAGE_RESOURCE: _stage(plan, snapshot)}


def _api(plan: Plan) -> Resource:
    properties: Resource = {
        "Name": ref("AWS::StackName"),
        "Description": "OTLP from coding agents to CloudWatch (Upwell)",
        "EndpointConfiguration": {"Types": ["REGIONAL"]},
        "BinaryMediaTypes": ["*/*"],
    }
    if plan.allow_cidrs:
        properties["Policy"] = _only_from(plan.allow_cidrs)
    if plan.tags:
        properties["Tags"] = tags(dict(plan.tags))
    return {"Type": "AWS::ApiGateway::RestApi", "Properties": properties}


def _only_from(networks: tuple[str, ...]) -> Resource:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "execute-api:Invoke",
                "Resource": "execute-api:/*",
                "Condition": {"IpAddress": {"aws:SourceIp": list(networks)}},
            }
        ],
    }


def _answers() -> Resources:
    """API Gateway's own: what may be retried says when; an unknown path is 404, since 403 is for keys."""
    retry = {"ResponseParameters": {"gatewayresponse.header.Retry-After": RETRY_AFTER}}
    found = {f"{name}Answer": _answer(kind, retry) for name, kind in _BUSY.items()}
    return {**found, "UnknownPathAnswer": _answer("MISSING_AUTHENTICATION_TOKEN", {"StatusCode": "404"})}


def _answer(kind: str, more: Resource) -> Resource:
    return {"Type": "AWS::ApiGateway::GatewayResponse", "Properties": {"RestApiId": ref(API), "ResponseType": kind, **more}}


def _deployment(shown: Resources) -> Resource:
    needs = [name for name, resource in shown.items() if resource["Type"].endswith(("::Method", "::GatewayResponse"))]
    return {"Type": "AWS::ApiGateway::Deployment", "DependsOn": needs, "Properties": {"RestApiId": ref(API)}}


def _stage(plan: Plan, snapshot: str) -> Resource:
    properties: Resource = {
        "RestApiId": ref(API),
        "DeploymentId": ref(snapshot),
        "StageName": STAGE,
        "Variables": {LOG_GROUP_VARIABLE: plan.group},
    }
    if plan.access_logs:
        properties["AccessLogSetting"] = {"DestinationArn": get(ACCESS_LOG_GROUP_RESOURCE, "Arn"), "Format": json.dumps(_ACCESS_LINE)}
    if plan.tags:
        properties["Tags"] = tags(dict(plan.tags))
    return {"Type": "AWS::ApiGateway::Stage", "Properties": properties}
