"""What moto's CloudFormation lacks, taught to it: models of resources, outputs of change sets, retention, import of a group."""

from __future__ import annotations

import uuid
from typing import Any

import moto.cloudformation.parsing as parsing
from moto.apigateway.models import apigateway_backends
from moto.cloudformation.models import ChangeSet
from moto.core.common_models import CloudFormationModel
from moto.logs.models import LogGroup, logs_backends


class _Gap(CloudFormationModel):
    """A resource that moto has no model of: it has an id, and nothing else."""

    def __init__(self, physical_resource_id: str) -> None:
        self.physical_resource_id = physical_resource_id

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return ""

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str) -> None:
        """`delete` is asked first."""

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return f"{self.physical_resource_id}-{attribute_name}"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Any:
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> Any:
        return original_resource

    def delete(self, account_id: str, region_name: str) -> None:
        """Nothing was made."""

    def is_created(self) -> bool:
        return True


class _ApiKey(_Gap):
    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::ApiGateway::ApiKey"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        payload = {"name": properties["Name"], "enabled": True, "value": uuid.uuid4().hex * 2}
        return cls(apigateway_backends[account_id][region_name].create_api_key(payload).id)

    def delete(self, account_id: str, region_name: str) -> None:
        apigateway_backends[account_id][region_name].delete_api_key(self.physical_resource_id)


class _LogStream(_Gap):
    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Logs::LogStream"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Any:
        properties = cloudformation_json["Properties"]
        logs_backends[account_id][region_name].create_log_stream(properties["LogGroupName"], properties["LogStreamName"])
        return cls(properties["LogStreamName"])


def _gap(kind: str) -> type[_Gap]:
    return type(kind, (_Gap,), {"cloudformation_type": staticmethod(lambda: kind)})


_NAMES = (
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::UsagePlanKey",
    "AWS::CloudWatch::Alarm",
    "AWS::XRay::TransactionSearchConfig",
)
_MADE: tuple[type[_Gap], ...] = (_ApiKey, _LogStream, *map(_gap, _NAMES))
_GAPS: dict[str, type[CloudFormationModel]] = {made.cloudformation_type(): made for made in _MADE}


def fill() -> None:
    """Teach moto's CloudFormation what it lacks; once per process is enough."""
    models = dict(parsing.get_model_map())
    models.update(_GAPS)
    parsing.get_model_map = lambda: models  # type: ignore[assignment]
    delete, create = parsing.ResourceMap._delete_resource, LogGroup.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def delete_unless_kept(self: Any, parsed_resource: Any, resource_json: Any) -> None:
        if not str(resource_json.get("DeletionPolicy", "")).startswith("Retain"):
            delete(self, parsed_resource, resource_json)

    def create_or_import(
        cls: Any, /, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Any:
        found = logs_backends[account_id][region_name].groups.get(resource_name)
        return found or create(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs)

    apply = ChangeSet.apply

    def apply_with_outputs(self: Any) -> None:
        apply(self)
        self.stack.template_dict = self.template_dict
        self.stack.output_map = self.stack._create_output_map()

    ChangeSet.apply = apply_with_outputs  # type: ignore[method-assign]
    parsing.ResourceMap._delete_resource = delete_unless_kept  # type: ignore[method-assign]
    LogGroup.create_from_cloudformation_json = classmethod(create_or_import)  # type: ignore[method-assign, assignment]
