"""The CloudWatch Logs API, asked by a real botocore client."""

import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from tests.testing.wire import LOG_HEADERS, NOW, PROTOBUF, SECOND, export, logs, record, request, signed
from upwell.testing.cloudwatch import Failure, FakeCloudWatch, Spelling

GROUP, STREAM = LOG_HEADERS["x-aws-log-group"], LOG_HEADERS["x-aws-log-stream"]
MS = NOW // 1_000_000


def error_of(call: Any, **params: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_group_and_stream_are_made_and_described(logs_client: Any) -> None:
    """What a client creates it finds again."""
    logs_client.create_log_group(logGroupName="/new", tags={"a": "b"})
    logs_client.create_log_stream(logGroupName="/new", logStreamName="s")
    logs_client.put_retention_policy(logGroupName="/new", retentionInDays=90)
    (group,) = logs_client.describe_log_groups(logGroupNamePrefix="/new")["logGroups"]
    (stream,) = logs_client.describe_log_streams(logGroupName="/new")["logStreams"]

    assert (group["logGroupName"], group["retentionInDays"], group["creationTime"]) == ("/new", 90, MS)
    assert group["logGroupArn"] == "arn:aws:logs:us-west-2:123456789012:log-group:/new"
    assert stream["logStreamName"] == "s"


def test_retention_and_groups_can_be_deleted(logs_client: Any, fake: FakeCloudWatch) -> None:
    """The deleting calls work too."""
    logs_client.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    logs_client.delete_retention_policy(logGroupName=GROUP)
    assert "retentionInDays" not in logs_client.describe_log_groups()["logGroups"][0]
    logs_client.delete_log_stream(logGroupName=GROUP, logStreamName=STREAM)
    assert fake.log_groups() == {GROUP: []}
    logs_client.delete_log_group(logGroupName=GROUP)
    assert fake.log_groups() == {}


def test_exceptions_are_those_of_the_api(logs_client: Any) -> None:
    """botocore finds its exception classes in the answers, all 400."""
    with pytest.raises(logs_client.exceptions.ResourceAlreadyExistsException):
        logs_client.create_log_group(logGroupName=GROUP)
    with pytest.raises(logs_client.exceptions.ResourceNotFoundException):
        logs_client.create_log_stream(logGroupName="/absent", logStreamName="s")
    with pytest.raises(logs_client.exceptions.InvalidParameterException):
        logs_client.put_retention_policy(logGroupName=GROUP, retentionInDays=8)

    assert error_of(logs_client.describe_log_streams, logGroupName="/absent") == ("ResourceNotFoundException", 400)


def test_lists_come_in_pages(logs_client: Any, fake: FakeCloudWatch) -> None:
    """Tokens lead through all groups and streams."""
    for number in range(5):
        fake.create_log_stream(GROUP, f"s{number}")
    found: list[str] = []
    for page in logs_client.get_paginator("describe_log_streams").paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 2}):
        assert len(page["logStreams"]) <= 2
        found += [stream["logStreamName"] for stream in page["logStreams"]]

    assert found == [STREAM, "s0", "s1", "s2", "s3", "s4"]
    assert [
        stream["logStreamName"]
        for stream in logs_client.describe_log_streams(
            logGroupIdentifier=f"arn:aws:logs:us-west-2:123456789012:log-group:{GROUP}", descending=True, limit=1
        )["logStreams"]
    ] == ["s4"]


def test_events_are_stored_flattened(logs_client: Any, fake: FakeCloudWatch) -> None:
    """FilterLogEvents gives back the record in CloudWatch's shape, with its time in milliseconds."""
    export(fake.url, "logs", logs(record(NOW + 1_234_567, body="hi", tool="bash"), team="t"), PROTOBUF)
    (event,) = logs_client.filter_log_events(logGroupName=GROUP)["events"]
    message = json.loads(event["message"])

    assert (event["timestamp"], event["ingestionTime"], event["logStreamName"]) == (MS + 1, MS, STREAM)
    assert (message["body"], message["attributes"], message["resource"]["attributes"]) == ("hi", {"tool": "bash"}, {"team": "t"})


def test_events_are_filtered(logs_client: Any, fake: FakeCloudWatch) -> None:
    """By stream, by time (both ends included) and by words that all occur."""
    fake.create_log_stream(GROUP, "other")
    for second, body in enumerate(["alpha beta", "alpha gamma", "delta"]):
        export(fake.url, "logs", logs(record(NOW + second * SECOND, body=body)))
    export(fake.url, "logs", logs(record(NOW, body="elsewhere alpha")), headers={"x-aws-log-stream": "other"})

    def bodies(**params: Any) -> list[str]:
        return [json.loads(event["message"])["body"] for event in logs_client.filter_log_events(logGroupName=GROUP, **params)["events"]]

    assert sorted(bodies()) == ["alpha beta", "alpha gamma", "delta", "elsewhere alpha"]
    assert bodies(logStreamNames=["other"]) == bodies(logStreamNamePrefix="oth") == ["elsewhere alpha"]
    assert bodies(startTime=MS + 1000, endTime=MS + 2000) == ["alpha gamma", "delta"]
    assert bodies(filterPattern='alpha "a g"') == ["alpha gamma"]
    assert bodies(filterPattern="") == bodies()


def test_event_ids_are_unique_and_lasting(logs_client: Any, fake: FakeCloudWatch) -> None:
    """The same event keeps its id, equal events differ in it."""
    for _ in range(2):
        export(fake.url, "logs", logs(record(), record()))
    first, second = ([event["eventId"] for event in logs_client.filter_log_events(logGroupName=GROUP)["events"]] for _ in range(2))

    assert first == second
    assert len(set(first)) == 4


def test_pattern_that_is_not_understood_is_refused(logs_client: Any) -> None:
    """Rather an error than a wrong answer."""
    assert error_of(logs_client.filter_log_events, logGroupName=GROUP, filterPattern='{ $.body = "x" }') == (
        "InvalidParameterException",
        400,
    )


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 10_001}, {"nextToken": "x"}])
def test_bad_page_is_refused(fake: FakeCloudWatch, params: dict[str, Any]) -> None:
    """A limit or token that cannot be is an InvalidParameterException."""
    body = json.dumps({"logGroupName": GROUP, **params}).encode()
    headers = {"X-Amz-Target": "Logs_20140328.FilterLogEvents", "Content-Type": "application/x-amz-json-1.1"}
    reply = request(f"{fake.url}/", body, signed(f"{fake.url}/", body, headers, "logs"))

    assert (reply.status, reply.json["__type"]) == (400, "InvalidParameterException")


def test_stream_is_read_forwards_and_backwards(logs_client: Any, fake: FakeCloudWatch) -> None:
    """GetLogEvents pages from the head and from the tail, and repeats its token at the end."""
    export(fake.url, "logs", logs(*(record(NOW + number * SECOND, body=str(number)) for number in range(5))))

    def page(**params: Any) -> tuple[list[str], str, str]:
        found = logs_client.get_log_events(logGroupName=GROUP, logStreamName=STREAM, **params)
        return [json.loads(event["message"])["body"] for event in found["events"]], found["nextForwardToken"], found["nextBackwardToken"]

    assert page(limit=2)[0] == ["3", "4"]
    head, forward, _ = page(limit=3, startFromHead=True)
    rest, end, backward = page(limit=3, nextToken=forward)
    assert (head, rest) == (["0", "1", "2"], ["3", "4"])
    assert page(nextToken=end) == ([], end, end.replace("f", "b"))
    assert page(limit=2, nextToken=backward)[0] == ["1", "2"]
    assert page(startTime=MS + 1000, endTime=MS + 3000)[0] == ["1", "2"]
    assert error_of(logs_client.get_log_events, logGroupName=GROUP, logStreamName="absent")[0] == "ResourceNotFoundException"


def test_new_stream_of_an_old_name_is_empty(logs_client: Any, boto: botocore.session.Session) -> None:
    """Deleting a stream deletes its events."""
    now = NOW
    with FakeCloudWatch(clock_ns=lambda: now) as fake:
        fake.create_log_group(GROUP, STREAM)
        export(fake.url, "logs", logs(record()))
        assert len(fake.log_events(GROUP, STREAM)) == 1
        fake.delete_log_stream(GROUP, STREAM)
        assert fake.log_events(GROUP, STREAM) == []
        now += SECOND
        fake.create_log_stream(GROUP, STREAM)
        assert fake.log_events(GROUP, STREAM) == []


def test_events_that_were_not_kept_cannot_be_read(boto: botocore.session.Session) -> None:
    """A fake that keeps only ids says so instead of answering that there is nothing."""
    with FakeCloudWatch(keep="ids") as fake:
        fake.create_log_group(GROUP, STREAM)
        client = boto.create_client(
            "logs", region_name=fake.region, endpoint_url=fake.url, aws_access_key_id=fake.access_key, aws_secret_access_key=fake.secret_key
        )
        assert error_of(client.filter_log_events, logGroupName=GROUP) == ("InvalidOperationException", 400)
        client.close()


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("PutLogEvents", b"{}", "UnknownOperationException"),
        ("CreateLogGroup", b"{", "SerializationException"),
        ("CreateLogGroup", b"[]", "SerializationException"),
        ("CreateLogGroup", b"{}", "InvalidParameterException"),
        ("PutRetentionPolicy", b'{"logGroupName":"/a"}', "InvalidParameterException"),
    ],
)
def test_broken_call_is_refused(fake: FakeCloudWatch, target: str, body: bytes, code: str) -> None:
    """Unknown operations and unreadable or empty parameters have their exceptions."""
    headers = {"X-Amz-Target": f"Logs_20140328.{target}", "Content-Type": "application/x-amz-json-1.1"}
    reply = request(f"{fake.url}/", body, signed(f"{fake.url}/", body, headers, "logs"))

    assert (reply.status, reply.json["__type"]) == (400, code)


def test_call_must_be_signed(fake: FakeCloudWatch, boto: botocore.session.Session) -> None:
    """A wrong secret is refused as the JSON services do it: 400, the code in `__type`."""
    client = boto.create_client(
        "logs", region_name=fake.region, endpoint_url=fake.url, aws_access_key_id=fake.access_key, aws_secret_access_key="wrong"
    )
    assert error_of(client.describe_log_groups) == ("InvalidSignatureException", 400)
    client.close()


def test_call_can_fail_by_script(logs_client: Any, fake: FakeCloudWatch) -> None:
    """One operation can fail once; the others go on; after `after` the group is there nonetheless."""
    denied = Failure("api", operation="CreateLogGroup", status=400, code="AccessDeniedException", spelling=Spelling.JSON)
    fake.script([denied, replace(denied, after=True)])
    logs_client.describe_log_groups()

    assert error_of(logs_client.create_log_group, logGroupName="/one") == ("AccessDeniedException", 400)
    assert error_of(logs_client.create_log_group, logGroupName="/two") == ("AccessDeniedException", 400)
    assert set(fake.log_groups()) == {GROUP, "/two"}


def test_call_can_be_cut_by_script(fake: FakeCloudWatch) -> None:
    """A cut call was not made."""
    fake.script([Failure("api", cut=True)])
    body, headers = b'{"logGroupName":"/new"}', {"X-Amz-Target": "Logs_20140328.CreateLogGroup"}
    with pytest.raises(ConnectionError):
        request(f"{fake.url}/", body, signed(f"{fake.url}/", body, headers, "logs"))

    assert "/new" not in fake.log_groups()
