"""The `[[sinks]]` blocks: one class per kind of destination."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, SecretStr, Tag, model_validator

from upwell.config.quantities import Seconds, Section, SignalName


class Sink(Section):
    """What every destination has."""

    name: str = Field("", pattern=r"^[a-z0-9_-]{0,32}$", description="Name in ledger and metrics; default: the type.")
    required: bool = Field(True, description="Whether a full journal waits for this sink, or lets its batches go.")
    signals: list[SignalName] = Field(["metrics", "traces", "logs"], min_length=1, description="The signals it gets.")
    linger: Seconds = Field(1, description="How long a lane waits for more batches before it sends.")
    in_flight: int = Field(1, ge=1, le=8, description="Requests of one lane under way at once.")
    timeout: Seconds = Field(30, description="Seconds until a request without an answer counts as failed.")
    max_age: Seconds = Field(14 * 86400, description="Items older than this are no longer retried but booked expired.")

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("name"):
            return {**data, "name": data.get("type", "")}
        return data


class Endpoints(Section):
    """One URL per signal, for PrivateLink and tests."""

    metrics: str | None = Field(None, description="Base URL for metrics.")
    traces: str | None = Field(None, description="Base URL for traces.")
    logs: str | None = Field(None, description="Base URL for logs.")


class CloudWatchSink(Sink):
    """Amazon CloudWatch's OTLP endpoints."""

    type: Literal["cloudwatch"] = Field("cloudwatch", description="Amazon CloudWatch.")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS Region, such as us-west-2.")
    log_group: str = Field("/upwell/otlp", description="Log group for the logs signal; created when missing.")
    log_stream: str = Field("gateway", description="Log stream in it; created when missing.")
    profile: str | None = Field(None, description="Named profile of the AWS configuration.")
    role_arn: str | None = Field(None, description="Role to assume for sending.")
    external_id: str | None = Field(None, description="External id for that role.")
    use_fips: bool = Field(False, description="Use FIPS endpoints.")
    endpoint_url: str | None = Field(None, description="One base URL for all signals.")
    endpoints: Endpoints = Field(Endpoints(), description="Base URLs per signal.")


class OtlpSink(Sink):
    """Any OTLP/HTTP endpoint."""

    type: Literal["otlp"] = Field("otlp", description="Any OTLP/HTTP endpoint.")
    endpoint: str = Field(pattern=r"^https?://", description="Base URL; /v1/{signal} is added.")
    headers: dict[str, SecretStr] = Field({}, description="Headers to send, such as a token.")
    encoding: Literal["protobuf", "json"] = Field("protobuf", description="How bodies are written.")


AnySink = Annotated[
    Annotated[CloudWatchSink, Tag("cloudwatch")] | Annotated[OtlpSink, Tag("otlp")],
    Discriminator(lambda value: value.get("type") if isinstance(value, dict) else getattr(value, "type", None)),
]
