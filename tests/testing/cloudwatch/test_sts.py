"""STS, asked by a real botocore client, and what its credentials open."""

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import botocore.session
import pytest
from botocore.exceptions import ClientError

from tests.testing.wire import SECOND, export, logs, now_ns, record, request, signed
from upwell.testing.cloudwatch import Failure, FakeCloudWatch, Spelling

ROLE = "arn:aws:iam::123456789012:role/upwell"


def assume(client: Any, **params: Any) -> dict[str, str]:
    """Credentials of the role, as the options of `export`."""
    lent = client.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "test", **params})["Credentials"]
    return {"access_key": lent["AccessKeyId"], "secret_key": lent["SecretAccessKey"], "token": lent["SessionToken"]}


def error_of(call: Any, **params: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_assumed_role_may_send(fake: FakeCloudWatch, sts_client: Any) -> None:
    """Temporary credentials sign export requests."""
    lent = assume(sts_client)

    assert export(fake.url, "logs", logs(record()), **lent).status == 200


def test_assumed_role_ends(fake: FakeCloudWatch, sts_client: Any) -> None:
    """Expired temporary credentials are 403 ExpiredTokenException; fresh ones work."""
    lent = assume(sts_client)
    fake.expire_credentials(temporary_only=True)
    reply = export(fake.url, "logs", logs(record()), **lent)

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (403, "ExpiredTokenException")
    assert export(fake.url, "logs", logs(record()), **assume(sts_client)).status == 200


def test_expiration_is_stated(boto: botocore.session.Session) -> None:
    """The answer says when the credentials end, and by then they do."""
    now = now_ns()
    with FakeCloudWatch(wall_ns=lambda: now) as fake:
        client = boto.create_client(
            "sts", region_name=fake.region, endpoint_url=fake.url, aws_access_key_id=fake.access_key, aws_secret_access_key=fake.secret_key
        )
        answer = client.assume_role(RoleArn=ROLE, RoleSessionName="test", DurationSeconds=1000)
        client.close()

    assert answer["Credentials"]["Expiration"].timestamp() == now // SECOND + 1000
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/upwell/test"


def test_caller_identity_tells_users_from_roles(fake: FakeCloudWatch, sts_client: Any, boto: botocore.session.Session) -> None:
    """GetCallerIdentity knows which credentials asked."""
    lent = sts_client.assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    as_role = boto.create_client(
        "sts",
        region_name=fake.region,
        endpoint_url=fake.url,
        aws_access_key_id=lent["AccessKeyId"],
        aws_secret_access_key=lent["SecretAccessKey"],
        aws_session_token=lent["SessionToken"],
    )

    assert sts_client.get_caller_identity()["Arn"].endswith(":user/fake")
    assert ":assumed-role/" in as_role.get_caller_identity()["Arn"]
    as_role.close()


@pytest.mark.parametrize("seconds", [900, 43_200])
def test_session_may_last_15_minutes_to_12_hours(sts_client: Any, seconds: int) -> None:
    """The documented bounds are allowed."""
    assert sts_client.assume_role(RoleArn=ROLE, RoleSessionName="test", DurationSeconds=seconds)["Credentials"]


@pytest.mark.parametrize(
    "wrong",
    [{"DurationSeconds": "899"}, {"DurationSeconds": "43201"}, {"DurationSeconds": "x"}, {"RoleArn": "role"}, {"RoleSessionName": ""}],
)
def test_parameters_are_checked(fake: FakeCloudWatch, wrong: dict[str, str]) -> None:
    """What botocore would not even send is a ValidationError."""
    url = f"{fake.url}/"
    body = urlencode({"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "test", **wrong}).encode()
    reply = request(url, body, signed(url, body, {"Content-Type": "application/x-www-form-urlencoded"}, "sts"))

    assert reply.status == 400
    assert ElementTree.fromstring(reply.body).findtext("Error/Code") == "ValidationError"


def test_roles_and_external_ids_can_be_demanded(boto: botocore.session.Session) -> None:
    """With named roles only those may be assumed, and only with their external id."""
    with FakeCloudWatch(roles={ROLE: "ext", f"{ROLE}-open": None}) as fake:
        client = boto.create_client(
            "sts", region_name=fake.region, endpoint_url=fake.url, aws_access_key_id=fake.access_key, aws_secret_access_key=fake.secret_key
        )
        assert assume(client, ExternalId="ext")
        assert assume(client, RoleArn=f"{ROLE}-open")
        assert error_of(client.assume_role, RoleArn=ROLE, RoleSessionName="test") == ("AccessDenied", 403)
        assert error_of(client.assume_role, RoleArn=ROLE, RoleSessionName="test", ExternalId="no") == ("AccessDenied", 403)
        assert error_of(client.assume_role, RoleArn=f"{ROLE}-other", RoleSessionName="test") == ("AccessDenied", 403)
        client.close()


def test_wrong_secret_is_refused_in_xml(fake: FakeCloudWatch, boto: botocore.session.Session) -> None:
    """The Query services call it SignatureDoesNotMatch, 403."""
    client = boto.create_client(
        "sts", region_name=fake.region, endpoint_url=fake.url, aws_access_key_id=fake.access_key, aws_secret_access_key="no"
    )
    assert error_of(client.get_caller_identity) == ("SignatureDoesNotMatch", 403)
    client.close()


def test_unknown_action_is_refused(sts_client: Any) -> None:
    """Only two calls are known."""
    assert error_of(sts_client.get_session_token) == ("InvalidAction", 400)


def test_call_can_fail_by_script(fake: FakeCloudWatch, sts_client: Any) -> None:
    """AssumeRole can be told to fail."""
    fake.script([Failure("sts", operation="AssumeRole", status=403, code="AccessDenied", spelling=Spelling.XML)])

    assert error_of(sts_client.assume_role, RoleArn=ROLE, RoleSessionName="test") == ("AccessDenied", 403)
    assert assume(sts_client)
