"""Who we are to AWS, and where its endpoints are: credentials, role, URLs, signatures.

All of it is botocore's: the default credential chain, profiles, assumed roles refreshed before they
expire, endpoint names of every partition, SigV4. Nothing here sends a batch.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials, ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.regions import EndpointResolver

from upwell.config import CloudWatchSink
from upwell.errors import SinkError
from upwell.otlp import Signal
from upwell.sinks.transport import ca_bundle

SERVICES = {Signal.METRICS: "monitoring", Signal.TRACES: "xray", Signal.LOGS: "logs"}
"""Names in SigV4 scopes and in host names. A wrong one is answered with 403."""

_SESSION_NAME = "upwell"
_TRIES = 2  # of a call to STS or CloudWatch Logs; a lane tries again by itself

CREDENTIAL_ERRORS = (BotoCoreError, ClientError, OSError, RuntimeError, ValueError)
"""What looking for credentials may raise; providers are many, and raise what they like."""

# At DEBUG botocore logs canonical requests and STS's answers: session tokens among them.
logging.getLogger("botocore").setLevel(logging.WARNING)
# What this one warns of with a traceback comes back as an exception, and from here as a Hold.
logging.getLogger("botocore.credentials").setLevel(logging.ERROR)


class Signer:
    """One sink's identity at AWS. Threads may share it."""

    def __init__(self, config: CloudWatchSink) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._session = self._new_session()
        self._credentials: Any = None
        self._last: ReadOnlyCredentials | None = None
        self.urls = {signal: self._url(signal) for signal in Signal}
        """Where each signal goes. Raises SinkError when made for a Region that botocore doesn't know."""

    @property
    def verify(self) -> bool | str:
        """The CA bundle of AWS_CA_BUNDLE or the AWS configuration, else True."""
        configured: str | None = self._session.get_config_variable("ca_bundle")
        return configured or ca_bundle()

    def sign(self, signal: Signal, headers: Mapping[str, str], body: bytes) -> AWSPreparedRequest:
        """A POST of the body. Raises one of CREDENTIAL_ERRORS where there are no usable credentials."""
        request = AWSRequest(method="POST", url=self.urls[signal], data=body, headers=dict(headers))
        SigV4Auth(self.credentials(), SERVICES[signal], self._config.region).add_auth(request)
        return request.prepare()

    def credentials(self) -> ReadOnlyCredentials:
        """Credentials that are good now; botocore refreshes those with an end 10 to 15 minutes before it."""
        with self._lock:
            if self._credentials is None:
                self._credentials = self._resolve()
            self._last = self._credentials.get_frozen_credentials()
            return self._last

    def renew(self) -> bool:
        """Forget the credentials and look for them again. True when others were found."""
        before = self._last
        try:
            session = self._new_session()
            with self._lock:
                self._session, self._credentials = session, None
            return bool(self.credentials() != before)
        except (SinkError, *CREDENTIAL_ERRORS):
            return False

    def client(self, service: str, url: str | None) -> Any:
        """A botocore client of the same identity."""
        keys = self.credentials()
        return self._session.create_client(
            service,
            region_name=self._config.region,
            endpoint_url=url,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
            config=self._client_config(),
        )

    def override(self, signal: Signal) -> str | None:
        """The base URL that the settings give for a signal."""
        given: str | None = getattr(self._config.endpoints, signal.value) or self._config.endpoint_url
        return given.rstrip("/") if given else None

    def _new_session(self) -> Any:
        session = botocore.session.Session(profile=self._config.profile)
        try:
            session.get_scoped_config()
        except BotoCoreError as error:
            raise SinkError(f"sink {self._config.name}: the AWS configuration cannot be used: {error}") from error
        return session

    def _resolve(self) -> Any:
        found = self._session.get_credentials()
        if found is None:
            raise NoCredentialsError
        if self._config.role_arn is None:
            return found
        extra = {"RoleSessionName": _SESSION_NAME}
        if self._config.external_id:
            extra["ExternalId"] = self._config.external_id
        creator = functools.partial(self._session.create_client, region_name=self._config.region, config=self._client_config())
        fetcher = AssumeRoleCredentialFetcher(creator, found, self._config.role_arn, extra_args=extra)
        return DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)

    def _client_config(self) -> Config:
        return Config(
            connect_timeout=self._config.timeout,
            read_timeout=self._config.timeout,
            retries={"total_max_attempts": _TRIES},
            use_fips_endpoint=self._config.use_fips or None,
        )

    def _url(self, signal: Signal) -> str:
        base = self.override(signal) or self._endpoint(SERVICES[signal])
        return f"{base}/v1/{signal.value}"

    def _endpoint(self, service: str) -> str:
        # The resolver itself: making a client to read its address off would load the whole model of each service.
        found = EndpointResolver(self._session.get_data("endpoints")).construct_endpoint(
            service,
            self._config.region,
            use_dualstack_endpoint=bool(self._session.get_config_variable("use_dualstack_endpoint")),
            use_fips_endpoint=self._config.use_fips or bool(self._session.get_config_variable("use_fips_endpoint")),
        )
        if found is None:
            raise SinkError(f"sink {self._config.name}: no endpoint of {service} is known for the Region {self._config.region}")
        return f"https://{found['hostname']}"
