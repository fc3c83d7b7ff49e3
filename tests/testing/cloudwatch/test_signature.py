"""Signature Version 4: what botocore signs is accepted, and everything near it refused."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from tests.testing.wire import SECOND, now_ns, signed
from upwell.testing.cloudwatch.credentials import Credential, Credentials
from upwell.testing.cloudwatch.signature import BadSignature, verify
from upwell.testing.listener import Request

URL = "http://127.0.0.1:4000/v1/logs"
BODY = b'{"resourceLogs":[]}'
HEADERS = {"Content-Type": "application/json", "x-aws-log-group": "/team/otlp", "x-aws-log-stream": "a  b"}
KEY, SECRET = "AKIDTEST", "secret"


def credentials() -> Credentials:
    return Credentials(Credential(KEY, SECRET), now_ns)


def by_botocore(body: bytes = BODY, service: str = "logs", headers: Mapping[str, str] = HEADERS, url: str = URL, **options: str) -> Request:
    """The request as a server sees it, signed by botocore."""
    options = {"access_key": KEY, "secret_key": SECRET, "region": "us-west-2", **options}
    all_headers = signed(url, body, {**headers, "Host": "127.0.0.1:4000"}, service, **options)
    return Request("POST", url.removeprefix("http://127.0.0.1:4000"), tuple(all_headers.items()), body)


def changed(request: Request, **headers: str) -> Request:
    """The same request with other header values (`_` for `-`); None would be a header gone."""
    names = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    kept = tuple((name, names.pop(name.lower(), value)) for name, value in request.headers)
    return Request(request.method, request.target, (*kept, *names.items()), request.body)


def refused(request: Request, known: Credentials | None = None, now: Callable[[], int] = now_ns) -> tuple[str, str]:
    with pytest.raises(BadSignature) as caught:
        verify(request, known or credentials(), "logs", {"us-west-2"}, now())
    return caught.value.code, str(caught.value)


def test_botocore_is_accepted() -> None:
    """A request signed with the right key for the right service and Region passes."""
    assert verify(by_botocore(), credentials(), "logs", {"us-west-2"}, now_ns()).access_key == KEY


@pytest.mark.parametrize("body", [b"", b"\x00\xff" * 1000])
def test_any_body_can_be_signed(body: bytes) -> None:
    """Empty and binary bodies pass."""
    verify(by_botocore(body), credentials(), "logs", {"us-west-2"}, now_ns())


def test_query_and_odd_paths_are_canonical() -> None:
    """The canonical request covers path and query as sent."""
    request = by_botocore(url="http://127.0.0.1:4000/a%20b/c?z=1&a=%2F")
    verify(request, credentials(), "logs", {"us-west-2"}, now_ns())
    other = Request(request.method, request.target.replace("z=1", "z=2"), request.headers, request.body)

    assert refused(other)[0] == "InvalidSignatureException"


def test_wrong_secret() -> None:
    """A signature made with another secret does not match."""
    code, message = refused(by_botocore(secret_key="wrong"))

    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match")


def test_unknown_access_key() -> None:
    """A key that nobody gave out is not known."""
    assert refused(by_botocore(access_key="AKIDOTHER")) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def test_wrong_region() -> None:
    """A credential scoped to another Region is refused by name."""
    assert refused(by_botocore(region="eu-west-1"))[1] == "Credential should be scoped to a valid region, not 'eu-west-1'. "


def test_wrong_service() -> None:
    """A credential scoped to another service is told the right one."""
    assert refused(by_botocore(service="cloudwatch"))[1] == "Credential should be scoped to correct service: 'logs'. "


@pytest.mark.parametrize("position", [0, 7, len(BODY) - 1])
def test_flipped_body_byte(position: int) -> None:
    """One changed bit anywhere in the body breaks the signature."""
    request = by_botocore()
    body = bytearray(BODY)
    body[position] ^= 1

    assert refused(Request("POST", request.target, request.headers, bytes(body)))[0] == "InvalidSignatureException"


def test_stated_body_hash_is_not_taken_on_trust() -> None:
    """A signed X-Amz-Content-SHA256 of the right body does not cover a changed one."""
    request = AWSRequest("POST", URL, data=BODY, headers={**HEADERS, "X-Amz-Content-SHA256": "0" * 64})
    SigV4Auth(BotoCredentials(KEY, SECRET), "logs", "us-west-2").add_auth(request)
    code, message = refused(Request("POST", "/v1/logs", (("Host", "127.0.0.1:4000"), *request.headers.items()), BODY))

    assert (code, "x-amz-content-sha256" in message) == ("InvalidSignatureException", True)


@pytest.mark.parametrize("seconds", [301, 3600])
def test_old_signature(seconds: int) -> None:
    """More than five minutes after the signature it has expired."""
    code, message = refused(by_botocore(), now=lambda: now_ns() + seconds * SECOND)

    assert (code, message.startswith("Signature expired: ")) == ("InvalidSignatureException", True)


def test_signature_from_the_future() -> None:
    """More than five minutes before the signature it is not yet current."""
    assert refused(by_botocore(), now=lambda: now_ns() - 310 * SECOND)[1].startswith("Signature not yet current: ")


@pytest.mark.parametrize("seconds", [-290, 290])
def test_five_minutes_of_skew_are_allowed(seconds: int) -> None:
    """Clocks may differ by just under five minutes."""
    verify(by_botocore(), credentials(), "logs", {"us-west-2"}, now_ns() + seconds * SECOND)


def test_changed_date_breaks_the_signature() -> None:
    """A date one second off on the same signature is no help."""
    request = by_botocore()
    date = request.header("x-amz-date")
    other = f"{date[:-2]}{(int(date[-2]) + 1) % 10}Z"

    assert refused(changed(request, x_amz_date=other))[1].startswith("The request signature we calculated does not match")


def test_date_and_scope_must_agree() -> None:
    """The day in the scope is the day of the date header."""
    request = by_botocore()
    authorization = request.header("authorization")
    day = request.header("x-amz-date")[:8]

    assert "Date in Credential scope" in refused(changed(request, authorization=authorization.replace(f"/{day}/", "/20200101/")))[1]


def test_unreadable_date() -> None:
    """A date in another format is refused."""
    request = by_botocore()
    odd = request.header("x-amz-date")[:8] + "noon"

    assert refused(changed(request, x_amz_date=odd))[0] == "IncompleteSignatureException"


@pytest.mark.parametrize("header", ["Content-Type", "x-aws-log-group", "x-aws-log-stream"])
def test_signed_header_cannot_change(header: str) -> None:
    """Whoever changes a signed header breaks the signature."""
    assert refused(changed(by_botocore(), **{header.replace("-", "_"): "other"}))[0] == "InvalidSignatureException"


@pytest.mark.parametrize("header", ["Content-Type", "x-aws-log-group", "x-aws-log-stream", "X-Amz-Security-Token"])
def test_header_that_has_to_be_signed(header: str) -> None:
    """A header that was added after signing is refused by name."""
    unsigned = by_botocore(headers={name: value for name, value in HEADERS.items() if name != header})

    assert (
        refused(changed(unsigned, **{header.replace("-", "_"): "x"}))[1]
        == f"'{header.lower()}' must be a 'SignedHeader' in the AWS Authorization."
    )


@pytest.mark.parametrize(("header", "code"), [("host", "InvalidSignatureException"), ("x-amz-date", "IncompleteSignatureException")])
def test_host_and_date_must_be_signed(header: str, code: str) -> None:
    """Without host or date among the signed headers nothing is believed."""
    request = by_botocore()
    authorization = request.header("authorization")
    without = authorization.replace(f";{header};", ";").replace(f"{header};", "")

    assert refused(changed(request, authorization=without))[0] == code


def test_other_headers_may_stay_unsigned() -> None:
    """User-Agent and the like change on the way; nobody minds."""
    verify(changed(by_botocore(), user_agent="x", accept="*/*", x_amzn_trace_id="Root=1"), credentials(), "logs", {"us-west-2"}, now_ns())


def test_white_space_in_values_is_folded() -> None:
    """Runs of blanks count as one, as the standard says."""
    verify(changed(by_botocore(), x_aws_log_stream="  a b "), credentials(), "logs", {"us-west-2"}, now_ns())


@pytest.mark.parametrize("authorization", ["", "Bearer ACWL-token", "Basic eDp5"])
def test_no_signature(authorization: str) -> None:
    """Nothing, a bearer token or a password is no signature."""
    assert refused(changed(by_botocore(), authorization=authorization)) == (
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=" + "0" * 64,
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-west-2/logs/aws5_request, SignedHeaders=host, Signature=" + "0" * 64,
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-west-2/logs/aws4_request, SignedHeaders=host, Signature=short",
    ],
)
def test_half_a_signature(authorization: str) -> None:
    """An Authorization header that lacks a part is incomplete."""
    assert refused(changed(by_botocore(), authorization=authorization))[0] == "IncompleteSignatureException"


# -- temporary credentials -----------------------------------------------------------------------------------------------------------


def test_temporary_credentials_need_their_token() -> None:
    """A lent key works with its own session token, and neither without one nor with another."""
    known = credentials()
    lent = known.lend(900)
    keys: dict[str, Any] = {"access_key": lent.access_key, "secret_key": lent.secret_key}

    assert verify(by_botocore(**keys, token=lent.token or ""), known, "logs", {"us-west-2"}, now_ns()) == lent
    assert refused(by_botocore(**keys), known)[0] == "UnrecognizedClientException"
    assert refused(by_botocore(**keys, token="other"), known)[0] == "UnrecognizedClientException"
    assert refused(by_botocore(token=lent.token or ""), known)[0] == "UnrecognizedClientException"


def test_temporary_credentials_expire() -> None:
    """After their time they are expired, by the clock that they were lent by."""
    ahead = 0
    known = Credentials(Credential(KEY, SECRET), lambda: now_ns() + ahead)
    lent = known.lend(900)
    request = by_botocore(access_key=lent.access_key, secret_key=lent.secret_key, token=lent.token or "")
    verify(request, known, "logs", {"us-west-2"}, now_ns())
    ahead = 900 * SECOND

    assert refused(request, known) == ("ExpiredTokenException", "The security token included in the request is expired")
