"""The two STS calls (Query protocol, XML answers) that a client with a `role_arn` makes: AssumeRole and GetCallerIdentity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from upwell.testing.answers import Refused, Spelling
from upwell.testing.cloudwatch.credentials import Credential, Credentials
from upwell.testing.cloudwatch.logsapi import ACCOUNT
from upwell.testing.listener import Answer, Request

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_SHORTEST, _LONGEST, _DEFAULT = 900, 43_200, 3_600


class Sts:
    """`roles` maps the ARNs that may be assumed to their external id (None: none asked for); with no `roles`, any may."""

    def __init__(self, credentials: Credentials, roles: Mapping[str, str | None] | None) -> None:
        self._credentials = credentials
        self._roles = roles

    def answer(self, request: Request, caller: Credential) -> Answer:
        params = form(request)
        if params.get("Action") == "AssumeRole":
            return self._assume_role(params)
        if params.get("Action") == "GetCallerIdentity":
            return self._caller_identity(caller)
        raise refused(400, "InvalidAction", f"Could not find operation {params.get('Action')} for version {params.get('Version')}")

    def _assume_role(self, params: Mapping[str, str]) -> Answer:
        arn, session = params.get("RoleArn", ""), params.get("RoleSessionName", "")
        if not arn.startswith("arn:") or not session:
            raise refused(400, "ValidationError", "RoleArn and RoleSessionName are required")
        if self._roles is not None and (arn not in self._roles or self._roles[arn] not in (None, params.get("ExternalId"))):
            raise refused(403, "AccessDenied", f"User is not authorized to perform: sts:AssumeRole on resource: {arn}")
        lent = self._credentials.lend(_seconds(params.get("DurationSeconds", str(_DEFAULT))))
        expires = datetime.fromtimestamp((lent.expires_ns or 0) / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        name = escape(arn.rsplit("/", 1)[-1])
        return _result(
            "AssumeRole",
            f"<Credentials><AccessKeyId>{lent.access_key}</AccessKeyId><SecretAccessKey>{lent.secret_key}</SecretAccessKey>"
            f"<SessionToken>{lent.token}</SessionToken><Expiration>{expires}</Expiration></Credentials>"
            f"<AssumedRoleUser><AssumedRoleId>AROAFAKE:{escape(session)}</AssumedRoleId>"
            f"<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{escape(session)}</Arn></AssumedRoleUser>",
        )

    def _caller_identity(self, caller: Credential) -> Answer:
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/fake/session" if caller.token else f"arn:aws:iam::{ACCOUNT}:user/fake"
        return _result("GetCallerIdentity", f"<Arn>{arn}</Arn><UserId>{caller.access_key}</UserId><Account>{ACCOUNT}</Account>")


def form(request: Request) -> dict[str, str]:
    """The parameters of a Query call."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def refused(status: int, code: str, message: str) -> Refused:
    """A refusal of a Query service."""
    return Refused(status, code, message, spelling=Spelling.XML)


def _seconds(text: str) -> int:
    if not text.isdecimal() or not _SHORTEST <= int(text) <= _LONGEST:
        raise refused(400, "ValidationError", f"DurationSeconds must be between {_SHORTEST} and {_LONGEST}")
    return int(text)


def _result(action: str, inside: str) -> Answer:
    body = (
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{inside}</{action}Result>'
        f"<ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId></ResponseMetadata></{action}Response>"
    )
    return Answer(200, body.encode(), {"Content-Type": "text/xml"})
