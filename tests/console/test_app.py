"""Pages, reports, health, metrics and the ledger over HTTP, under this machine's own names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.answers import Worker
from tests.console.figures import lane, vitals
from tests.service.places import get, get_json, served
from upwell import console
from upwell.config import Settings
from upwell.console.app import ENDPOINTS
from upwell.service import sockets

TROUBLE = lane("broken", state="failed")


class _Served:
    """The application on a port; `lanes` are what it sees, `worker` what it asks."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.lanes = [lane("fine")]
        self.worker = Worker()

    def vitals(self) -> console.Vitals:
        return vitals(*self.lanes)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[_Served]:
    (listening,) = sockets.open_all(["127.0.0.1:0"], "console.listen")
    made = _Served(listening.getsockname()[1])
    settings = Settings.model_validate({"data_dir": tmp_path})
    with served(console.build(settings, vitals=made.vitals, perform=made.worker, secret=b"s" * 32), listening):
        yield made


def test_every_endpoint_answers(app: _Served) -> None:
    """What is listed is there."""
    paths = [path.replace("{name}", "overview").replace("{session}", "1").replace("{prompt}", "2") for path in ENDPOINTS]
    assert {path: get(app.port, path)[0] for path in paths} == dict.fromkeys(paths, 200)


def test_a_live_worker_is_healthy(app: _Served) -> None:
    """Answering at all is the whole of it."""
    assert get(app.port, "/healthz")[2] == b"ok"


def test_a_failed_lane_makes_it_unready(app: _Served) -> None:
    """A lane that cannot work is told with its reason; one that is only held is not the worker's fault."""
    app.lanes = [lane("fine"), lane("waiting", state="held")]
    assert get(app.port, "/readyz")[0] == 200

    app.lanes = [TROUBLE]

    assert get(app.port, "/readyz")[::2] == (503, b"broken/logs: no luck")


def test_metrics_are_prometheus_text(app: _Served) -> None:
    """The content type is the one that scrapers ask for."""
    status, kind, body = get(app.port, "/metrics")

    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b"upwell_accepted_items_total" in body


def test_the_ledger_is_json(app: _Served) -> None:
    """The same document as `upwell ledger --json`."""
    assert get_json(app.port, "/api/ledger") == app.worker.ledger()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8318", "127.0.0.1:1", "[::1]", "[::1]:8318"])
def test_own_names_are_served(app: _Served, host: str) -> None:
    """However a person on this machine spells it."""
    assert get(app.port, "/healthz", host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "localhost.evil.example:8318"])
def test_foreign_names_are_refused(app: _Served, host: str) -> None:
    """A page that points its own name at this machine cannot read the ledger."""
    assert get(app.port, "/api/ledger", host=host)[0] == 421


def test_nothing_can_be_changed_here(app: _Served) -> None:
    """Reading only: other methods are refused, unknown paths unknown."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    connection.request("POST", "/api/ledger", b"{}")
    assert connection.getresponse().status == 405
    connection.close()

    assert get(app.port, "/operations/ledger")[0] == 404
