"""What botocore raises, in plain words with a next step."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError, ProfileNotFound

from upwell.aws.account import Account, asking
from upwell.errors import AwsCredentials, AwsDenied, AwsError, ConfigError


def _client_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DoIt")


@pytest.mark.parametrize(
    ("raised", "kind", "sentence"),
    [
        (_client_error("ExpiredToken", "it expired"), AwsCredentials, "s3:do_it: it expired"),
        (_client_error("InvalidClientTokenId", "who?"), AwsCredentials, "s3:do_it: who?"),
        (_client_error("AccessDenied", "no"), AwsDenied, "s3:do_it: no"),
        (_client_error("ValidationError", "x is not authorized to perform: iam:PassRole"), AwsDenied, "iam:PassRole"),
        (_client_error("Throttling", "Rate exceeded"), AwsError, "s3:do_it: Rate exceeded"),
        (_client_error("Odd", ""), AwsError, "s3:do_it: Odd"),
        (NoCredentialsError(), AwsCredentials, "Unable to locate credentials"),
        (ProfileNotFound(profile="team"), AwsError, "team"),
        (NoRegionError(), ConfigError, "no AWS Region is given"),
        (EndpointConnectionError(endpoint_url="https://u:secret@x"), AwsError, "AWS cannot be reached (EndpointConnectionError)"),
    ],
)
def test_every_failure_has_its_class(raised: Exception, kind: type[Exception], sentence: str) -> None:
    """Credentials, rights, reach and the rest are told apart, whatever status AWS sends them with."""
    with pytest.raises(kind) as caught, asking("s3:do_it"):
        raise raised

    assert type(caught.value) is kind
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_code_of_aws_is_kept() -> None:
    """Who asks may need to tell one refusal from another."""
    with pytest.raises(AwsError) as caught, asking("it"):
        raise _client_error("ValidationError", "Stack with id x does not exist")

    assert caught.value.aws_code == "ValidationError"


def test_a_region_comes_from_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag, else AWS's own configuration, else an error that says how to name one."""
    for name in ("AWS_REGION", "AWS_PROFILE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(ConfigError, match="no AWS Region"):
        Account()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    assert Account().region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")  # which other SDKs know, and botocore does not
    assert Account().region == "eu-north-1"
    assert Account("us-east-1").region == "us-east-1"


@pytest.mark.parametrize(("region", "there"), [("us-west-2", True), ("cn-north-1", True), ("us-west-9", False), ("nowhere", False)])
def test_what_a_region_hosts(region: str, there: bool) -> None:
    """botocore's own data say it, in every partition."""
    assert Account(region).hosts("logs") is there


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is in the sentence, and where it is looked for in the next step."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(AwsError, match="nobody") as caught:
        Account("us-west-2", "nobody").client("sts")

    assert "AWS configuration" in caught.value.hint
