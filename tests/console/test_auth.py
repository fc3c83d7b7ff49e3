"""Who may look and who may act: nobody on this machine by default, a link, or a proxy's word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from tests.console.answers import Worker
from tests.console.figures import lane, vitals
from upwell import console
from upwell.config import Console, Settings
from upwell.console.auth import COOKIE, Forms, Proxied, token
from upwell.console.guard import entrance

SECRET = b"s" * 32


def _client(folder: Path, settings: Mapping[str, object], **headers: str) -> TestClient:
    found = Settings.model_validate({"data_dir": folder, "console": settings})
    app = console.build(found, vitals=lambda: vitals(lane("fine")), perform=Worker(), secret=SECRET)
    return TestClient(app, base_url="http://127.0.0.1:8318", headers=headers, client=("127.0.0.1", 5))


@pytest.mark.parametrize("auth", ["none"])
def test_without_login_nobody_else_can_reach_it(auth: str) -> None:
    """A start on another interface is refused, by the settings themselves."""
    with pytest.raises(ValueError, match="is not loopback"):
        Console(listen="0.0.0.0:8318", auth="none")
    with pytest.raises(ValueError, match="needs trusted_proxies"):
        Console(listen="0.0.0.0:8318", auth="header")


def test_a_link_is_asked_for(tmp_path: Path) -> None:
    """Without it there is nothing to see but probes and what is kept about people."""
    client = _client(tmp_path, {"auth": "token"})

    assert client.get("/").status_code == 401
    assert "upwell console" in client.get("/").text
    assert client.get("/api/ledger").status_code == 401
    assert client.get("/api/reports/overview").status_code == 401
    assert client.get("/healthz").status_code == 200


def test_a_link_becomes_a_cookie(tmp_path: Path) -> None:
    """The token leaves the address at once, and scripts cannot read the cookie."""
    client = _client(tmp_path, {"auth": "token"})
    entered = client.get(f"/tools?token={token(SECRET, 'viewer')}&team=web")

    assert 'content="0; url=/tools?team=web"' in entered.text
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "viewer" in client.get("/").text


def test_a_wrong_link_opens_nothing(tmp_path: Path) -> None:
    """Nor does it reset anything."""
    client = _client(tmp_path, {"auth": "token"})

    assert client.get("/?token=" + "0" * 32).status_code == 401
    assert "set-cookie" not in client.get("/?token=x").headers


def test_an_entrance_leads_nowhere_else() -> None:
    """A path made up elsewhere stays a path of ours, and is no markup."""
    text = entrance('//evil.example/"><script>', "")

    assert 'url=/evil.example/&quot;&gt;&lt;script&gt;"' in text


def test_programs_send_the_token_as_a_header(tmp_path: Path) -> None:
    """As any API is asked."""
    client = _client(tmp_path, {"auth": "token"}, authorization=f"Bearer {token(SECRET, 'viewer')}")

    assert client.get("/api/ledger").status_code == 200


def test_links_of_roles_and_secrets_differ() -> None:
    """Knowing one says nothing of another."""
    assert len({token(SECRET, "viewer"), token(SECRET, "admin"), token(b"t" * 32, "admin")}) == 3


def test_a_forged_cookie_is_nobody(tmp_path: Path) -> None:
    """A cookie holds a token, not a role."""
    client = _client(tmp_path, {"auth": "token"})
    client.cookies.set(COOKIE, "admin")

    assert client.get("/").status_code == 401


PROXY = {"auth": "header", "trusted_proxies": ["10.0.0.0/8"], "admins": ["Ada@example.com"]}


def _from(address: str, *users: str) -> Request:
    headers = [(b"x-forwarded-user", user.encode()) for user in users]
    return Request({"type": "http", "headers": headers, "client": (address, 1), "method": "GET", "path": "/", "query_string": b""})


def test_a_trusted_proxy_names_the_user() -> None:
    """Admins by the settings, all others look."""
    login = Proxied(Console.model_validate(PROXY))
    ada, bob = login.visitor(_from("10.1.2.3", "ada@EXAMPLE.com")), login.visitor(_from("10.1.2.3", "bob"))

    assert ada is not None
    assert ada.admin
    assert bob is not None
    assert not bob.admin


@pytest.mark.parametrize(
    ("address", "users"), [("192.0.2.1", ("ada",)), ("10.0.0.1", ()), ("10.0.0.1", ("  ",)), ("10.0.0.1", ("bob", "ada")), ("", ("ada",))]
)
def test_nobody_else_does(address: str, users: tuple[str, ...]) -> None:
    """Another source, no name, or two of them: nobody."""
    assert Proxied(Console.model_validate(PROXY)).visitor(_from(address, *users)) is None


def test_pages_load_nothing_from_elsewhere(tmp_path: Path) -> None:
    """The policy allows no inline script or style, and no other host."""
    policy = _client(tmp_path, {}).get("/").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_pages_are_not_kept(tmp_path: Path) -> None:
    """A shared computer shows no figures after the session."""
    assert _client(tmp_path, {}).get("/").headers["cache-control"] == "no-store"


def test_a_form_belongs_to_a_visit_and_to_us() -> None:
    """Another visit's value, another site's page, or none: refused."""
    forms = Forms(SECRET)
    good = forms.value("v")
    here = {"host": "127.0.0.1:8318", "origin": "http://127.0.0.1:8318"}

    assert forms.genuine("v", good, here)
    assert forms.genuine("v", good, {"host": "h"})
    assert not forms.genuine("w", good, here)
    assert not forms.genuine("", forms.value(""), here)
    assert not forms.genuine("v", "", here)
    assert not forms.genuine("v", good, {**here, "origin": "http://evil.example"})
    assert not forms.genuine("v", good, {**here, "origin": "null"})
    assert not forms.genuine("v", good, {"host": "h", "sec-fetch-site": "same-site"})


def test_metrics_are_for_this_machine_or_who_is_signed_in(tmp_path: Path) -> None:
    """Through a proxy they need a login like everything else."""
    client = _client(tmp_path, {"auth": "token"})

    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 401


def test_a_name_of_the_proxy_can_be_allowed(tmp_path: Path) -> None:
    """Other names are refused, whoever asks."""
    client = _client(tmp_path, {"hosts": ["upwell.example.com"]})

    assert client.get("/healthz", headers={"host": "upwell.example.com"}).status_code == 200
    assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 421
