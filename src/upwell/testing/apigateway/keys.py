"""API keys and usage plans: who may come in, and how fast.

A key works when it is enabled, is in a plan of the stage, and has had time to spread: AWS speaks of minutes, so `spread` seconds.
A plan's throttle is a bucket for each of its keys. AWS calls its throttles best effort; this one is exact.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from upwell.testing.apigateway.stack import Stack, TemplateRefused


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key as the console shows it; `value` is what clients send."""

    logical_id: str
    id: str
    value: str


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Keys:
    """The keys of one stage, over all updates of its stack. Thread-safe."""

    def __init__(self, now: Callable[[], float], spread: float = 0) -> None:
        self._now = now
        self._spread = spread
        self._made: dict[str, float] = {}
        self._by_value: dict[str, ApiKey] = {}
        self._limits: dict[str, tuple[float, float] | None] = {}
        self._plans: dict[str, str] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()
        self.listed: Mapping[str, ApiKey] = {}
        """Every key by its logical id, usable or not."""

    def load(self, stack: Stack, api_id: str, stage: str) -> None:
        """Take the stack's keys and plans as they are now. Raises TemplateRefused."""
        keys = {
            each.physical_id: ApiKey(each.logical_id, each.physical_id, _value(each.properties, each.physical_id))
            for each in stack.of("AWS::ApiGateway::ApiKey")
        }
        enabled = {each.physical_id for each in stack.of("AWS::ApiGateway::ApiKey") if each.properties.get("Enabled", False) is True}
        limits, plans = _memberships(stack, api_id, stage)
        if moved := sorted(key_id for key_id, plan in self._plans.items() if plans.get(key_id, plan) != plan):
            raise TemplateRefused(f"409: key {moved[0]} is in another usage plan of the stage, and an update adds before it removes")
        with self._lock:
            self._plans = plans
            self.listed = {key.logical_id: key for key in keys.values()}
            self._made = {key_id: self._made.get(key_id, self._now()) for key_id in limits}
            self._limits = limits
            self._by_value = {key.value: key for key in keys.values() if key.id in enabled and key.id in limits}

    def find(self, value: str) -> ApiKey | None:
        """The key of this value, where it works by now."""
        with self._lock:
            key = self._by_value.get(value)
            return key if key is not None and self._now() >= self._made[key.id] + self._spread else None

    def take(self, key: ApiKey) -> bool:
        """Whether the key may send one request more just now."""
        with self._lock:
            limit, now = self._limits[key.id], self._now()
            if limit is None:
                return True
            rate, burst = limit
            bucket = self._buckets.setdefault(key.id, _Bucket(burst, now))
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True


def _memberships(stack: Stack, api_id: str, stage: str) -> tuple[dict[str, tuple[float, float] | None], dict[str, str]]:
    """The limit of each key that is in a plan of the stage, and the plan's id."""
    limits: dict[str, tuple[float, float] | None] = {}
    plans: dict[str, str] = {}
    for member in stack.of("AWS::ApiGateway::UsagePlanKey"):
        plan = stack.by_id("AWS::ApiGateway::UsagePlan", member.properties["UsagePlanId"])
        if plan is None or {"ApiId": api_id, "Stage": stage} not in plan.properties.get("ApiStages", []):
            continue
        key_id = member.properties["KeyId"]
        if key_id in limits:
            raise TemplateRefused(f"{member.logical_id}: a key cannot be in two usage plans of one stage")
        throttle = plan.properties.get("Throttle")
        limits[key_id] = None if throttle is None else (float(throttle["RateLimit"]), float(throttle["BurstLimit"]))
        plans[key_id] = plan.physical_id
    return limits, plans


def _value(properties: Mapping[str, object], key_id: str) -> str:
    given = properties.get("Value")
    return str(given) if given else hashlib.sha256(f"value of {key_id}".encode()).hexdigest()[:40]
