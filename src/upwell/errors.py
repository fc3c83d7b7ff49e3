"""Every error Upwell raises on purpose.

    UpwellError
    ├── ConfigError                 the settings do not hold together
    ├── DataDirError                the data directory cannot be used
    │   ├── DataDirLocked           another process of the same kind runs on it
    │   └── SchemaTooNew            a newer Upwell wrote it
    ├── Refusal                     a request the door does not take (carries its HTTP status)
    │   ├── Malformed               400
    │   ├── Unauthenticated         401
    │   ├── NotFound                404
    │   ├── MethodNotAllowed        405
    │   ├── RequestTimeout          408
    │   ├── TooLarge                413
    │   ├── UnsupportedMediaType    415
    │   ├── Throttled               429
    │   ├── HeadersTooLarge         431
    │   └── Unavailable             503
    ├── JournalError                the journal cannot take or give
    │   ├── JournalFull             its bound, or the disk's reserve, is reached
    │   ├── JournalUnwritable       the commit failed
    │   └── BooksDamaged            relay.db cannot be read
    ├── SinkError                   a destination is misconfigured
    ├── ListenError                 an address cannot be listened on
    ├── WorkerError                 the worker's API could not be asked
    ├── AwsError                    AWS could not be asked, or did not do what it was asked
    │   ├── AwsCredentials          there are no credentials, or AWS does not take them
    │   ├── AwsDenied               the identity may not do this
    │   ├── AccountUnfit            account or Region lack something that the stack needs
    │   ├── NotDeployed             there is no such stack
    │   ├── StackFailed             CloudFormation did not carry the change through
    │   └── NotInThisShape          a setting was written that the serverless shape cannot honour
    ├── ProbeLost                   a marked event did not arrive at its far end
    ├── AgentError                  an agent could not be connected
    ├── PersonWithheld              a question about one person, from somebody else
    └── NoSuchEntry                 a key, sink or quarantined batch that is not there

Each class has a stable `code`; each instance a sentence and, in `hint`, the next step.
"""

from __future__ import annotations


class UpwellError(Exception):
    """The root. `str(error)` is the sentence, `error.hint` the next step."""

    code = "upwell-error"
    hint = "Run `upwell --help`, or see docs/errors.md."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint


class ConfigError(UpwellError):
    code = "config-invalid"
    hint = "Run `upwell config check`; docs/configuration.md lists every setting."


class DataDirError(UpwellError):
    code = "data-dir-unfit"
    hint = "Point data_dir at a local or block disk that this user can write."


class DataDirLocked(DataDirError):
    code = "data-dir-locked"
    hint = "Stop the process named, or give this one another data_dir."


class SchemaTooNew(DataDirError):
    code = "schema-too-new"
    hint = "Install the Upwell version that wrote it, or a newer one."


class Refusal(UpwellError):
    """A request the door does not take.

    `status` is the HTTP status, `rpc` the google.rpc.Code of the answer's body,
    `retry_after` the seconds for a Retry-After header, or None.
    """

    code = "refused"
    status = 400
    rpc = 3

    def __init__(self, message: str, *, hint: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Malformed(Refusal):
    code = "malformed"
    status, rpc = 400, 3
    hint = "Send one OTLP export request, as JSON or protobuf, as the Content-Type says."


class Unauthenticated(Refusal):
    code = "unauthenticated"
    status, rpc = 401, 16
    hint = "Send a key of `upwell keys add` as `x-api-key: uw_...` or `Authorization: Bearer uw_...`."


class NotFound(Refusal):
    code = "not-found"
    status, rpc = 404, 5
    hint = "Post to /v1/metrics, /v1/traces or /v1/logs."


class MethodNotAllowed(Refusal):
    code = "method-not-allowed"
    status, rpc = 405, 12
    hint = "OTLP over HTTP is POST only."


class RequestTimeout(Refusal):
    code = "request-timeout"
    status, rpc = 408, 4
    hint = "Send the headers within 10 s and the body within 30 s."


class TooLarge(Refusal):
    code = "too-large"
    status, rpc = 413, 3
    hint = "Send smaller batches, or raise gateway.max_body_bytes."


class UnsupportedMediaType(Refusal):
    code = "unsupported-media-type"
    status, rpc = 415, 3
    hint = "Use application/json or application/x-protobuf, with gzip or no content encoding."


class Throttled(Refusal):
    code = "throttled"
    status, rpc = 429, 8
    hint = "Wait for the seconds in Retry-After; gateway.rate_per_second is the limit of one key."


class HeadersTooLarge(Refusal):
    code = "headers-too-large"
    status, rpc = 431, 3
    hint = "Keep the request line and headers under 32 KiB."


class Unavailable(Refusal):
    code = "unavailable"
    status, rpc = 503, 14
    hint = "Try again after the seconds in Retry-After."


class JournalError(UpwellError):
    code = "journal-error"
    hint = "See `upwell ledger` and docs/operations.md."


class JournalFull(JournalError):
    code = "journal-full"
    hint = "Free the disk, repair the held sink, or raise journal.max_bytes."


class JournalUnwritable(JournalError):
    code = "journal-unwritable"
    hint = "Check the disk under data_dir: space, permissions, errors in the system's log."


class BooksDamaged(JournalError):
    code = "books-damaged"
    hint = "The worker makes it anew from what can be read, and books the damage: see docs/operations.md."


class SinkError(UpwellError):
    code = "sink-misconfigured"
    hint = "Check the [[sinks]] block in upwell.toml with `upwell config check`."


class ListenError(UpwellError):
    code = "cannot-listen"
    hint = "Set gateway.listen or console.listen to a free address."


class WorkerError(UpwellError):
    code = "worker-unreachable"
    hint = "Start `upwell serve`, or stop the process that holds worker.lock."


class AwsError(UpwellError):
    """What AWS did not do. `aws_code` is AWS's own name for the reason, where it gave one."""

    code = "aws-failed"
    hint = "Read what AWS says; run it again once that is mended."

    def __init__(self, message: str, *, hint: str | None = None, aws_code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.aws_code = aws_code


class AwsCredentials(AwsError):
    code = "aws-credentials"
    hint = "Sign in (`aws sso login`, or AWS_PROFILE and its like) until `aws sts get-caller-identity` answers."


class AwsDenied(AwsError):
    code = "aws-denied"
    hint = "Ask for the action named; `upwell template --deployer-policy` prints all that a deployer needs."


class AccountUnfit(AwsError):
    code = "account-unfit"
    hint = "Change the setting named, or choose another Region with --region."


class NotDeployed(AwsError):
    code = "not-deployed"
    hint = "Check --region, --profile and serverless.stack, or run `upwell deploy`."


class StackFailed(AwsError):
    code = "stack-failed"
    hint = "Mend the first failure named, then run `upwell deploy` again; CloudFormation has put back what was there."


class NotInThisShape(AwsError):
    code = "not-in-this-shape"
    hint = "Remove the setting for this shape, or run the gateway (`upwell serve`), which honours it."


class ProbeLost(UpwellError):
    code = "probe-lost"
    hint = "Run `upwell doctor --send`: it says which link of the chain is broken."


class AgentError(UpwellError):
    code = "agent-not-connected"
    hint = "`upwell connect` lists the agents; docs/agents.md says what each of them needs."


class PersonWithheld(UpwellError):
    code = "person-withheld"
    hint = "Ask for yourself with --me, or say with --reveal --reason why you must know: that is written down."


class NoSuchEntry(UpwellError):
    code = "no-such-entry"
    hint = "List what there is: `upwell keys list`, `upwell quarantine list`, `upwell ledger`."
