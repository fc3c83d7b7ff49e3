"""Who a sink is to AWS, and which addresses it sends to."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.credentials
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from upwell.config import CloudWatchSink
from upwell.errors import SinkError
from upwell.otlp import Signal
from upwell.sinks.cloudwatch.signing import Signer
from upwell.testing.cloudwatch import Failure, FakeCloudWatch, Spelling

ROLE = "arn:aws:iam::123456789012:role/sender"


def signer(**settings: Any) -> Signer:
    return Signer(CloudWatchSink(**{"region": "us-west-2", **settings}))


# -- addresses -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "metrics"),
    [
        ({"region": "us-west-2"}, "https://monitoring.us-west-2.amazonaws.com/v1/metrics"),
        ({"region": "cn-north-1"}, "https://monitoring.cn-north-1.amazonaws.com.cn/v1/metrics"),
        ({"region": "us-gov-west-1"}, "https://monitoring.us-gov-west-1.amazonaws.com/v1/metrics"),
        ({"region": "us-east-1", "use_fips": True}, "https://monitoring-fips.us-east-1.amazonaws.com/v1/metrics"),
        ({"region": "us-gov-west-1", "use_fips": True}, "https://monitoring.us-gov-west-1.amazonaws.com/v1/metrics"),
        ({"endpoint_url": "http://127.0.0.1:4566/"}, "http://127.0.0.1:4566/v1/metrics"),
        ({"endpoints": {"metrics": "https://vpce-1.monitoring.vpce"}}, "https://vpce-1.monitoring.vpce/v1/metrics"),
        ({"endpoints": {"metrics": "https://a/"}, "endpoint_url": "https://b"}, "https://a/v1/metrics"),
        ({"endpoints": {"logs": "https://a"}, "endpoint_url": "https://b"}, "https://b/v1/metrics"),
    ],
)
def test_metrics_go_to_the_regions_endpoint_or_the_one_given(settings: dict[str, Any], metrics: str) -> None:
    """Partitions, FIPS, one URL for all, one URL for a signal, in botocore's own spelling."""
    assert signer(**settings).urls[Signal.METRICS] == metrics


def test_each_signal_has_its_own_host() -> None:
    """Metrics go to monitoring, traces to xray, logs to logs."""
    assert signer().urls == {
        Signal.METRICS: "https://monitoring.us-west-2.amazonaws.com/v1/metrics",
        Signal.TRACES: "https://xray.us-west-2.amazonaws.com/v1/traces",
        Signal.LOGS: "https://logs.us-west-2.amazonaws.com/v1/logs",
    }


def test_dual_stack_and_fips_may_come_from_the_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What AWS tools read from the environment holds here as well."""
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    assert signer().urls[Signal.LOGS] == "https://logs.us-west-2.api.aws/v1/logs"
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    assert signer().urls[Signal.LOGS] == "https://logs-fips.us-west-2.api.aws/v1/logs"


def test_an_unknown_region_is_refused_at_start() -> None:
    """No address is guessed."""
    with pytest.raises(SinkError, match="no endpoint of monitoring is known for the Region xx-nowhere-1"):
        signer(region="xx-nowhere-1")


def test_a_profile_that_is_not_there_is_refused_at_start() -> None:
    """A misspelled profile is found before the first batch."""
    with pytest.raises(SinkError, match="no-such-profile"):
        signer(profile="no-such-profile")


def test_ca_bundle_comes_from_the_environment_or_the_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """AWS_CA_BUNDLE first, then the profile's ca_bundle, then the usual certificates."""
    assert signer().verify is True
    config = tmp_path / "config"
    config.write_text("[default]\nca_bundle = /etc/corporate.pem\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert signer().verify == "/etc/corporate.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", "/etc/other.pem")
    assert signer().verify == "/etc/other.pem"


# -- signatures --------------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("signal", "service"), [(Signal.METRICS, "monitoring"), (Signal.TRACES, "xray"), (Signal.LOGS, "logs")])
def test_requests_are_signed_for_the_signals_service(signal: Signal, service: str) -> None:
    """The scope names date, Region and service; every header that matters is signed."""
    made = signer().sign(signal, {"Content-Type": "application/json", "x-aws-log-group": "g"}, b"body")

    authorization = made.headers["Authorization"]
    text = authorization.decode() if isinstance(authorization, bytes) else authorization
    assert f"/us-west-2/{service}/aws4_request" in text
    assert "SignedHeaders=content-type;host;x-amz-date;x-aws-log-group" in text


def test_without_credentials_nothing_is_signed() -> None:
    """The chain found none."""
    with pytest.raises(NoCredentialsError):
        signer().sign(Signal.LOGS, {}, b"")


def test_a_profile_names_the_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`profile` picks them from the AWS configuration."""
    path = tmp_path / "credentials"
    path.write_text("[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))

    assert signer(profile="team").credentials().access_key == "AKIATEAM"


@pytest.mark.usefixtures("keys")
def test_tokens_are_not_logged(fake: FakeCloudWatch, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """At DEBUG botocore would write the canonical request, and STS's answer, into the log."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fake.url)

    made = signer(region=fake.region, role_arn=ROLE).sign(Signal.LOGS, {}, b"body")

    token = str(made.headers["X-Amz-Security-Token"])
    assert len(token) > 20
    assert token not in caplog.text
    assert fake.secret_key not in caplog.text


# -- renewal -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("keys")
def test_renewing_finds_keys_that_were_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are looked for anew; whether they are others is told."""
    found = signer()
    found.credentials()

    assert found.renew() is False
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANEW")
    assert found.renew() is True
    assert found.credentials().access_key == "AKIANEW"


def test_renewing_with_nothing_to_find_changes_nothing() -> None:
    """No credentials before and after is no success, and no error."""
    assert signer().renew() is False


def test_renewing_finds_keys_that_were_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A credentials file written later is read without a restart."""
    found = signer()
    with pytest.raises(NoCredentialsError):
        found.credentials()
    path = tmp_path / "no-credentials"
    path.write_text("[default]\naws_access_key_id = AKIALATE\naws_secret_access_key = s\n")

    assert found.renew() is True
    assert found.credentials().access_key == "AKIALATE"


def test_renewing_when_the_profile_has_gone_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile deleted under a running worker does not raise."""
    path = tmp_path / "credentials"
    path.write_text("[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    found = signer(profile="team")
    path.unlink()

    assert found.renew() is False


# -- roles -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def role_fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    with FakeCloudWatch(region="us-west-2", roles={ROLE: "let-me-in"}) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", running.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", running.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", running.secret_key)
        yield running


def test_a_role_is_assumed_with_its_external_id(role_fake: FakeCloudWatch) -> None:
    """STS is asked once, and its keys are used until shortly before they end."""
    found = signer(role_arn=ROLE, external_id="let-me-in")

    first, second = found.credentials(), found.credentials()

    assert first.access_key.startswith("ASIA")
    assert first == second


@pytest.mark.parametrize("external_id", [None, "wrong"])
def test_a_role_with_the_wrong_external_id_is_not_assumed(role_fake: FakeCloudWatch, external_id: str | None) -> None:
    """STS's refusal comes through."""
    with pytest.raises(ClientError, match="AccessDenied"):
        signer(role_arn=ROLE, external_id=external_id).credentials()


class Ahead:
    """How far botocore's clock is moved."""

    by = timedelta()


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Ahead:
    """botocore asks its own clock whether keys are near their end; this moves it."""
    moved = Ahead()

    def now() -> datetime:
        return datetime.now(UTC) + moved.by

    monkeypatch.setattr(botocore.credentials, "_local_now", now)
    monkeypatch.setattr(botocore.credentials.DeferredRefreshableCredentials.__init__, "__defaults__", (now,))
    return moved


def test_a_role_is_assumed_again_before_it_ends(role_fake: FakeCloudWatch, ahead: Ahead) -> None:
    """Keys of an hour are replaced in their last minutes, while they are still good."""
    found = signer(role_arn=ROLE, external_id="let-me-in")

    first = found.credentials()
    ahead.by = timedelta(minutes=40)
    later = found.credentials()
    ahead.by = timedelta(minutes=51)
    renewed = found.credentials()

    assert first == later
    assert renewed.access_key != first.access_key


def test_an_sts_that_fails_late_leaves_good_keys_in_use(role_fake: FakeCloudWatch, ahead: Ahead) -> None:
    """Between 15 and 10 minutes before the end a failed renewal is no trouble yet."""
    found = signer(role_arn=ROLE, external_id="let-me-in")
    first = found.credentials()
    role_fake.script([Failure(at="sts", status=403, code="AccessDenied", spelling=Spelling.XML, times=None)])

    ahead.by = timedelta(minutes=47)
    assert found.credentials() == first
    ahead.by = timedelta(minutes=51)
    with pytest.raises(ClientError, match="AccessDenied"):
        found.credentials()


def test_renewing_a_role_asks_sts_anew(role_fake: FakeCloudWatch) -> None:
    """Other keys come back, so sending again may do."""
    found = signer(role_arn=ROLE, external_id="let-me-in")
    first = found.credentials()

    assert found.renew() is True
    assert found.credentials() != first
