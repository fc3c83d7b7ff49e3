"""What IAM says a deployer may do, asked of its policy simulator before anything is changed.

The actions and resources are those of the deployer's policy, so that somebody who has just that passes. A denial that hangs on
something the simulator was not told (an address, a second factor) counts as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from upwell.aws.account import Account, Identity
from upwell.aws.deployer import deployer_policy
from upwell.config import Serverless
from upwell.errors import AwsDenied, AwsError

_ASSUMED = re.compile(r"^arn:[^:]+:sts::[0-9]+:assumed-role/([^/]+)/")
_ANYTHING = "upwell"  # in place of what a pattern leaves open


def check(account: Account, identity: Identity, serverless: Serverless) -> str | None:
    """Raise AwsDenied for what the identity may not do; a sentence where IAM cannot be asked."""
    try:
        refused = denied(account, identity, serverless)
    except AwsError:
        return "IAM cannot be asked what this identity may do: a missing right shows when the stack is made, which then goes back."
    if refused:
        hint = "`upwell template --deployer-policy` prints what a deployer needs. If IAM is wrong here, go on with --no-check-rights."
        raise AwsDenied(f"IAM says that {identity.arn} may not {', '.join(refused)}", hint=hint)
    return None


def denied(account: Account, identity: Identity, serverless: Serverless) -> list[str]:
    """Actions of the deployer's policy that IAM does not allow, sorted. Raises AwsError where that cannot be asked."""
    source = _source(account, identity)
    if source is None:
        return []
    settled = serverless.model_copy(update={"region": account.region, "transaction_search": "off"})
    found: set[str] = set()
    for statement in deployer_policy(settled)["Statement"]:
        found |= set(_refused(account, identity, source, statement))
    return sorted(found)


def _source(account: Account, identity: Identity) -> str | None:
    """Whose policies to simulate: of a session its role's. The account's own root user has none, and may everything."""
    assumed = _ASSUMED.match(identity.arn)
    if assumed:  # the session's ARN leaves out the role's path, which single sign-on gives it
        return str(account.call("iam", "get_role", RoleName=assumed[1])["Role"]["Arn"])
    return None if identity.arn.endswith(":root") else identity.arn


def _refused(account: Account, identity: Identity, source: str, statement: Mapping[str, Any]) -> Iterator[str]:
    resources = statement["Resource"]
    asked = {"ResourceArns": [_concrete(resources[0] if isinstance(resources, list) else resources, identity.account)]}
    context = [_context("aws:RequestedRegion", account.region)]
    context += [_context(key, value) for key, value in statement.get("Condition", {}).get("StringEquals", {}).items()]
    found = account.pages(
        "iam",
        "simulate_principal_policy",
        "EvaluationResults",
        PolicySourceArn=source,
        ActionNames=statement["Action"],
        ContextEntries=context,
        **(asked if resources != "*" else {}),
    )
    for entry in found:
        if entry["EvalDecision"] != "allowed" and not entry.get("MissingContextValues"):
            yield entry["EvalActionName"]


def _concrete(pattern: str, account: str) -> str:
    """An ARN that a pattern of the policy covers."""
    if pattern == "*":
        return pattern
    head, service, region, owner, resource = pattern.split(":", 5)[1:]
    return ":".join(("arn", head, service, region, account if owner == "*" else owner, resource.replace("*", _ANYTHING)))


def _context(key: str, value: str) -> dict[str, Any]:
    return {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
