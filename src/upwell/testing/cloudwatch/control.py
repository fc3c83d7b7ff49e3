"""The fake's own pages under `/_fake/`, unsigned: what the Python methods answer and do, for a test in another process.

| call | what |
|---|---|
| `GET /_fake/counts` | per signal: requests, refused, items, rejected |
| `GET /_fake/items?signal=S[&first=0&limit=1000]` | `{"items": [...]}`, flattened |
| `GET /_fake/ids?signal=S` | text, one id per line |
| `GET /_fake/requests?signal=S` | `{"requests": [...]}`: the figures of every export request |
| `GET /_fake/wait?signal=S&items=N[&seconds=10]` | 200 once so many items are there, 408 when they are not in time |
| `GET /_fake/log-groups` | names of groups and streams |
| `POST /_fake/log-groups` `{"group", "stream"?, "retention_days"?}` | make one (an existing group gets the stream) |
| `POST /_fake/script` `[{...}, ...]` | the failures to come, with the fields of `Failure` |
| `POST /_fake/clock` `{"advance"?: seconds, "wall"?: seconds}` | move the clock of items, that of signatures |
| `POST /_fake/credentials` `{"expire": true, "temporary_only"?}` or `{"restore": true}` | as the methods |
| `POST /_fake/reset` | forget everything |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from upwell.otlp.model import Encoding, Signal
from upwell.testing.answers import Refused, Spelling
from upwell.testing.archive import NotKept
from upwell.testing.listener import Answer, Request
from upwell.testing.script import Failure

if TYPE_CHECKING:
    from upwell.testing.cloudwatch.fake import FakeCloudWatch

PREFIX = "/_fake/"


def answer(fake: FakeCloudWatch, request: Request) -> Answer:
    """The page asked for; 404 where there is none, 400 with a sentence where the question is wrong."""
    page = _PAGES.get((request.method, request.path.removeprefix(PREFIX)), _nothing)
    try:
        return page(fake, request)
    except Refused as refusal:
        return refusal.answer(Encoding.JSON)
    except (ValueError, TypeError, KeyError, NotKept) as error:
        return Refused(400, "BadRequest", f"{type(error).__name__}: {error}", spelling=Spelling.HEADER).answer(Encoding.JSON)


def _nothing(_: FakeCloudWatch, request: Request) -> Answer:
    raise Refused(404, "NotFound", f"the fake has no {request.method} {request.path}", spelling=Spelling.HEADER)


def _counts(fake: FakeCloudWatch, _: Request) -> Answer:
    return _json({signal.value: fake.counts(signal) for signal in Signal})


def _items(fake: FakeCloudWatch, request: Request) -> Answer:
    first, limit = int(request.query.get("first", "0")), int(request.query.get("limit", "1000"))
    return _json({"items": fake.items(request.query["signal"])[first : first + limit]})


def _ids(fake: FakeCloudWatch, request: Request) -> Answer:
    text = "".join(f"{each}\n" for each in fake.ids(request.query["signal"]))
    return Answer(200, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _requests(fake: FakeCloudWatch, request: Request) -> Answer:
    return _json({"requests": fake.requests(request.query["signal"])})


def _wait(fake: FakeCloudWatch, request: Request) -> Answer:
    there = fake.wait(request.query["signal"], int(request.query["items"]), float(request.query.get("seconds", "10")))
    return Answer(200 if there else 408, b"{}", {"Content-Type": "application/json"})


def _log_groups(fake: FakeCloudWatch, _: Request) -> Answer:
    return _json(fake.log_groups())


def _create_log_group(fake: FakeCloudWatch, request: Request) -> Answer:
    order = _order(request)
    if order["group"] not in fake.log_groups():
        fake.create_log_group(order["group"], retention_days=order.get("retention_days"))
    if "stream" in order:
        fake.create_log_stream(order["group"], order["stream"])
    return _json({})


def _script(fake: FakeCloudWatch, request: Request) -> Answer:
    failures = orjson.loads(request.body)
    if not isinstance(failures, list):
        raise TypeError("the script is a list of failures")
    fake.script([Failure.from_json(failure) for failure in failures])
    return _json({})


def _clock(fake: FakeCloudWatch, request: Request) -> Answer:
    order = _order(request)
    fake.clock.advance(float(order.get("advance", 0)))
    fake.wall.advance(float(order.get("wall", 0)))
    return _json({"now_ns": fake.clock.now_ns(), "wall_ns": fake.wall.now_ns()})


def _credentials(fake: FakeCloudWatch, request: Request) -> Answer:
    order = _order(request)
    if order.get("expire"):
        fake.expire_credentials(temporary_only=bool(order.get("temporary_only")))
    if order.get("restore"):
        fake.restore_credentials()
    return _json({})


def _reset(fake: FakeCloudWatch, _: Request) -> Answer:
    fake.reset()
    return _json({})


_PAGES: Mapping[tuple[str, str], Callable[[FakeCloudWatch, Request], Answer]] = {
    ("GET", "counts"): _counts,
    ("GET", "items"): _items,
    ("GET", "ids"): _ids,
    ("GET", "requests"): _requests,
    ("GET", "wait"): _wait,
    ("GET", "log-groups"): _log_groups,
    ("POST", "log-groups"): _create_log_group,
    ("POST", "script"): _script,
    ("POST", "clock"): _clock,
    ("POST", "credentials"): _credentials,
    ("POST", "reset"): _reset,
}


def _order(request: Request) -> Mapping[str, Any]:
    order = orjson.loads(request.body)
    if not isinstance(order, dict):
        raise TypeError("the order is not an object")
    return order


def _json(value: Any) -> Answer:
    return Answer(200, orjson.dumps(value), {"Content-Type": "application/json"})
