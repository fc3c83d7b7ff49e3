"""What clients say about who they are: one table of attribute keys, each with its reason.

A key of the table, and every key below it (`user.email` below `user`), is a claim. Claims are
what the identity step removes; what an agent is and does (`session.id`, `terminal.type`,
`service.instance.id`, `gen_ai.agent.id`) is not one. Content is another step's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import Any, Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Claim:
    """An attribute key, and why a client may not set it. Some names only say who on the resource."""

    name: str
    reason: str
    resource_only: bool = False


CLAIMS: Final = (
    Claim("user", "Claude Code and Codex send user.id, user.email, user.account_uuid and .account_id; VS Code Copilot user.name"),
    Claim("enduser", "OpenTelemetry's older name for the person, enduser.id; Copilot CLI adds enduser.pseudo.id"),
    Claim("user_id", "user.id as SDK users and label rewriting spell it"),
    Claim("user_email", "user.email as SDK users and label rewriting spell it"),
    Claim("user_name", "user.name as SDK users and label rewriting spell it"),
    Claim("username", "user.name as SDK users spell it"),
    Claim("email", "user.email as SDK users spell it"),
    Claim("cursor.user", "Cursor's export puts the person's id, account and e-mail address here"),
    Claim("kiro.user", "Kiro's export puts the person's id here"),
    Claim("langsmith.metadata.user_email", "the Cursor hook project puts the person's e-mail address here"),
    Claim("ai.telemetry.metadata.userId", "OpenCode puts the configured user or login name here"),
    Claim("installation.id", "Gemini CLI's random id of one person's installation: what user.id is to Claude Code, and it would link keys"),
    Claim("process.owner", "the login name, from SDK resource detectors and Cowork"),
    Claim("process.user", "the login name and id, from SDK resource detectors and VS Code Copilot"),
    Claim("process.real_user", "the login name and id, from SDK resource detectors"),
    Claim("process.saved_user", "the login name and id, from SDK resource detectors"),
    Claim("host.name", "machines are named after their owners"),
    Claim("host.id", "the machine's serial number: one person's laptop"),
    Claim("host.ip", "addresses of one person's laptop"),
    Claim("host.mac", "addresses of one person's laptop"),
    Claim("team", "team.id and team.name come from the key"),
    Claim("team_id", "team.id as SDK users and label rewriting spell it"),
    Claim("cursor.team", "Cursor's export puts its own team id here"),
    Claim("department", "comes from the key; CloudWatch's Coding Agent Insights groups by it"),
    Claim("cost_center", "comes from the key; CloudWatch's Coding Agent Insights groups by it"),
    Claim("organization", "comes from the key; Claude Code sends its account's organization.id"),
    Claim("github.org", "VS Code Copilot's organisation, which a reader would take for a team"),
    Claim("manager", "a person, and CloudWatch's Coding Agent Insights groups by it"),
    Claim("location", "CloudWatch's Coding Agent Insights groups people by it", resource_only=True),
    Claim("role", "CloudWatch's Coding Agent Insights groups people by it; on Gemini's records it is the agent's role", resource_only=True),
    Claim("upwell", "what Upwell itself states about a batch"),
)

PERSON_CLAIMS: Final = (
    "user.email",
    "cursor.user.email",
    "langsmith.metadata.user_email",
    "user_email",
    "email",
    "enduser.id",
    "user.account_uuid",
    "user.account_id",
    "cursor.user.account_id",
    "cursor.user.id",
    "kiro.user.id",
    "user.name",
    "user_name",
    "username",
    "user.id",
    "user_id",
    "enduser.pseudo.id",
    "ai.telemetry.metadata.userId",
    "installation.id",
)
"""The claims that can stand for a person under a team's key, best first: an address before an account before an installation."""

_KEY: Final = itemgetter("key")
_MEMORY: Final = 4096  # attribute keys whose verdict is remembered; six agents together use about 530
_KEY_LIMIT: Final = 200  # characters of a key that is remembered
_PLANS: Final = 512  # lists of keys that are remembered; agents repeat some sixty each
_PLAN_LIMIT: Final = 100  # keys of a list that is remembered

Plan: TypeAlias = tuple[bool, ...] | None
"""Which attributes of a list to keep; None is all."""


class Sieve:
    """Tells claims from other attributes, and remembers its verdicts on keys and on whole lists of keys.

    Clients choose the keys, so the memory is bounded; beyond it a verdict is worked out again.
    """

    def __init__(self, *, on_resource: bool) -> None:
        self._names = frozenset(claim.name.casefold() for claim in CLAIMS if on_resource or not claim.resource_only)
        self._verdicts: dict[str | None, bool] = {}
        self._plans: dict[tuple[str, ...], Plan] = {}

    def without_claims(self, attributes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The attributes that are no claims; mostly the very same list."""
        try:
            keys = tuple(map(_KEY, attributes))
            plan = self._plans[keys]
        except KeyError:  # a list not met before, or an attribute without a key, which is allowed
            plan = self._plan(attributes)
        return attributes if plan is None else list(compress(attributes, plan))

    def is_claim(self, key: str | None) -> bool:
        """Whether a name of the table is the key, or stands above it; case and surrounding space don't count."""
        verdict = self._verdicts.get(key)
        if verdict is None:
            verdict = self._stands_above((key or "").strip().casefold())
            if len(self._verdicts) < _MEMORY and len(key or "") <= _KEY_LIMIT:
                self._verdicts[key] = verdict
        return verdict

    def _plan(self, attributes: list[dict[str, Any]]) -> Plan:
        keys = tuple(attribute.get("key", "") for attribute in attributes)
        keep = tuple(not self.is_claim(key) for key in keys)
        plan = None if all(keep) else keep
        if len(keys) <= _PLAN_LIMIT and all(key in self._verdicts for key in keys):
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[keys] = plan
        return plan

    def _stands_above(self, key: str) -> bool:
        end = len(key)
        while end > 0:
            if key[:end] in self._names:
                return True
            end = key.rfind(".", 0, end)
        return False
