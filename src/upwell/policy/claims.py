"""What clients say about who they are: one table of attribute keys, each with its reason.

A key of the table, and every key below it (`user.email` below `user`), is a claim. Claims are
what the identity step removes; what an agent is and does (`session.id`, `terminal.type`,
`service.instance.id`, `gen_ai.agent.id`) is not one. Content is another step's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final


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


class Sieve:
    """Tells claims from other attributes, and remembers its verdict on each key.

    Clients choose the keys, so the memory is bounded; beyond it a verdict is worked out again.
    """

    def __init__(self, *, on_resource: bool) -> None:
        self._names = frozenset(claim.name.casefold() for claim in CLAIMS if on_resource or not claim.resource_only)
        self._known: set[Any] = set()
        self._harmless: set[Any] = set()

    def without_claims(self, attributes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The attributes that are no claims; mostly the very same list."""
        try:
            kept = [attribute for attribute in attributes if attribute["key"] in self._harmless]
            if len(kept) == len(attributes):
                return attributes
            if self._known.issuperset(map(_KEY, attributes)):
                return kept
        except KeyError:  # an attribute without a key is allowed, and rare
            pass
        return [attribute for attribute in attributes if not self.is_claim(attribute.get("key"))]

    def is_claim(self, key: str | None) -> bool:
        """Whether a name of the table is the key, or stands above it; case and surrounding space don't count."""
        if key in self._known:
            return key not in self._harmless
        verdict = self._stands_above((key or "").strip().casefold())
        if len(self._known) < _MEMORY and len(key or "") <= _KEY_LIMIT:
            self._known.add(key)
            if not verdict:
                self._harmless.add(key)
        return verdict

    def _stands_above(self, key: str) -> bool:
        end = len(key)
        while end > 0:
            if key[:end] in self._names:
                return True
            end = key.rfind(".", 0, end)
        return False
