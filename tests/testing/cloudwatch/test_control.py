"""The fake's own pages, for a test in another process."""

import json
from typing import Any

import pytest

from tests.testing.wire import LOG_HEADERS, NOW, SECOND, Reply, export, logs, record, request, traces, with_id
from upwell.testing.cloudwatch import FakeCloudWatch, control

GROUP, STREAM = LOG_HEADERS["x-aws-log-group"], LOG_HEADERS["x-aws-log-stream"]


def get(fake: FakeCloudWatch, page: str) -> Reply:
    return request(f"{fake.url}/_fake/{page}", method="GET")


def post(fake: FakeCloudWatch, page: str, order: Any) -> Reply:
    return request(f"{fake.url}/_fake/{page}", json.dumps(order).encode())


def test_questions_have_the_same_answers_as_the_methods(fake: FakeCloudWatch) -> None:
    """counts, items, ids, requests and log groups over HTTP."""
    export(fake.url, "logs", logs(*(record(body=str(n), **with_id(n)) for n in range(3))))

    assert get(fake, "counts").json["logs"] == {"requests": 1, "refused": 0, "items": 3, "rejected": 0}
    assert get(fake, "items?signal=logs").json["items"] == fake.items("logs")
    assert [item["body"] for item in get(fake, "items?signal=logs&first=1&limit=1").json["items"]] == ["1"]
    assert get(fake, "ids?signal=logs").body == b"0\n1\n2\n"
    (figures,) = get(fake, "requests?signal=logs").json["requests"]
    assert (figures["items"], figures["status"], figures["encoding"]) == (3, 200, "application/json")
    assert get(fake, "log-groups").json == {GROUP: [STREAM]}


def test_wait_answers_when_the_items_are_there(fake: FakeCloudWatch) -> None:
    """200 once they are, 408 when they are not in time."""
    assert get(fake, "wait?signal=logs&items=1&seconds=0.01").status == 408
    export(fake.url, "logs", logs(record()))
    assert get(fake, "wait?signal=logs&items=1").status == 200


def test_script_comes_as_json(fake: FakeCloudWatch) -> None:
    """A list of failures with the fields of `Failure`."""
    assert post(fake, "script", [{"at": "logs", "status": 503, "headers": {"Retry-After": "2"}}]).status == 200
    reply = export(fake.url, "logs", logs(record()))

    assert (reply.status, reply.headers["retry-after"]) == (503, "2")
    assert export(fake.url, "logs", logs(record())).status == 200


def test_clocks_move(fake: FakeCloudWatch) -> None:
    """Item time and signature time are moved apart."""
    moved = post(fake, "clock", {"advance": 60}).json
    assert moved["now_ns"] == fake.clock.now_ns() == NOW + 60 * SECOND
    post(fake, "clock", {"wall": 600})
    assert export(fake.url, "logs", logs(record())).status == 403


def test_credentials_expire_and_come_back(fake: FakeCloudWatch) -> None:
    """As the methods do."""
    post(fake, "credentials", {"expire": True})
    assert export(fake.url, "traces", traces()).status == 403
    post(fake, "credentials", {"restore": True})
    assert export(fake.url, "traces", traces()).status == 200
    post(fake, "credentials", {"expire": True, "temporary_only": True})
    assert export(fake.url, "traces", traces()).status == 200


def test_log_groups_are_made(fake: FakeCloudWatch) -> None:
    """A group with a stream and a retention, or a stream for a group that is there."""
    post(fake, "log-groups", {"group": "/new", "stream": "s", "retention_days": 7})
    post(fake, "log-groups", {"group": "/new", "stream": "t"})

    post(fake, "log-groups", {"group": "/bare"})

    assert fake.log_groups() == {"/bare": [], "/new": ["s", "t"], GROUP: [STREAM]}
    assert post(fake, "log-groups", {"group": "/new", "stream": "t"}).json["__type"] == "ResourceAlreadyExistsException"


def test_reset_forgets(fake: FakeCloudWatch) -> None:
    """Everything is gone."""
    export(fake.url, "logs", logs(record()))
    post(fake, "reset", {})

    assert get(fake, "counts").json["logs"]["items"] == 0
    assert get(fake, "log-groups").json == {}


@pytest.mark.parametrize(
    ("page", "order"),
    [
        ("script", {"status": 503}),
        ("script", [{"stauts": 503}]),
        ("clock", []),
        ("clock", {"advance": "far"}),
        ("log-groups", {}),
    ],
)
def test_wrong_order_is_400_with_a_sentence(fake: FakeCloudWatch, page: str, order: Any) -> None:
    """A slip is told, not swallowed."""
    reply = post(fake, page, order)

    assert reply.status == 400
    assert reply.json["message"]


@pytest.mark.parametrize("page", ["items", "items?signal=rumours", "ids?signal=", "wait?signal=logs&items=x"])
def test_wrong_question_is_400(fake: FakeCloudWatch, page: str) -> None:
    """So is a question that lacks its signal or misspells it."""
    assert get(fake, page).status == 400


def test_unknown_page_is_404(fake: FakeCloudWatch) -> None:
    """There is nothing else."""
    assert get(fake, "secrets").status == post(fake, "counts", {}).status == 404


def test_every_page_is_in_the_table() -> None:
    """The module's own table lists each page that there is."""
    assert control.__doc__ is not None
    for method, page in control._PAGES:
        assert f"`{method} /_fake/{page}" in control.__doc__
