"""`upwell keys`: make, list, rotate and revoke ingest keys. A running gateway follows within a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings

if TYPE_CHECKING:
    from upwell.identity import Key, Keys, NewKey

app = typer.Typer(name="keys", no_args_is_help=True, help="Ingest keys: who may send, and as whom.")

_ID_LIMIT = 64  # characters of what somebody calls a key

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The key's id: the part between uw_ and the next underscore.")]


@app.command("add")
def add(
    person: Annotated[str | None, typer.Option("--person", "-p", help="Whose key it is, such as an e-mail address.")] = None,
    team: Annotated[str | None, typer.Option("--team", "-t", help="The team it counts for.")] = None,
    department: Annotated[str | None, typer.Option("--department", help="Department, for reports.")] = None,
    cost_center: Annotated[str | None, typer.Option("--cost-center", help="Cost centre, for reports.")] = None,
    organization: Annotated[str | None, typer.Option("--organization", help="Organisation, for reports.")] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="WHEN", help="A time from now, such as 30d, or a date, such as 2027-01-31 (UTC).")
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a key and print it: this once, only its hash is kept."""
    from upwell.service.when import parse_moment

    moment = parse_moment(expires) if expires else None
    with _open(config, data_dir, make=True) as keys:
        new = keys.add(person, team, moment, department=department, cost_center=cost_center, organization=organization)
    _note(config, data_dir, "add", new.key.id)
    _print_new(new, json)


@app.command("list")
def list_keys(config: Config = None, data_dir: DataDir = None, json: Json = False) -> None:
    """List every key there ever was, never with its secret."""
    import time

    with _open(config, data_dir) as keys:
        found = [_document(key, time.time_ns()) for key in keys.list()]
    if json:
        output.as_json({"keys": found})
        return
    fields = ("id", "state", "person", "team", "created", "expires", "revoked")
    output.table(fields, [[key[field] for field in fields] for key in found], empty="There are no keys; `upwell keys add` makes one.")


@app.command("rotate")
def rotate(
    key: KeyId,
    now: Annotated[bool, typer.Option("--now", help="End the old key at once, instead of after a day.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a key that replaces another, with the same identity. The old one works for another day."""
    from upwell.identity import ROTATION_OVERLAP_NS

    with _open(config, data_dir) as keys:
        _note(config, data_dir, "rotate", key)
        new = keys.rotate(key, 0 if now else ROTATION_OVERLAP_NS)
    _print_new(new, json)


@app.command("revoke")
def revoke(key: KeyId, config: Config = None, data_dir: DataDir = None) -> None:
    """End a key for good; running gateways refuse it within a second."""
    with _open(config, data_dir) as keys:
        _note(config, data_dir, "revoke", key)
        keys.revoke(key)
    output.message(f"Key {key} is revoked.")


def _open(config: Config, data_dir: DataDir, *, make: bool = False) -> Keys:
    from upwell.identity import Keys
    from upwell.service import datadir

    directory = settings(config, data_dir).data_dir
    return Keys((datadir.prepare if make else datadir.existing)(directory) / "keys.db")


def _note(config: Config, data_dir: DataDir, act: str, key: str) -> None:
    from upwell import audit
    from upwell.cli import audited

    audited.note(settings(config, data_dir).data_dir, audit.KEY, act=act, key=key[:_ID_LIMIT])


def _print_new(new: NewKey, json: bool) -> None:
    import time

    if json:
        output.as_json({**_document(new.key, time.time_ns()), "key": new.secret_text})
        return
    output.data(new.secret_text)
    output.message(f"Key {new.key.id} is made. It is shown this once: send it as x-api-key.")


def _document(key: Key, now_ns: int) -> dict[str, Any]:
    from upwell.service.when import format_ns

    state = "revoked" if key.revoked_ns is not None else "live" if key.live(now_ns) else "expired"
    names = {
        "person": key.person,
        "team": key.team,
        "department": key.department,
        "cost_center": key.cost_center,
        "organization": key.organization,
    }
    times = {"created": key.created_ns, "expires": key.expires_ns, "revoked": key.revoked_ns}
    return {"id": key.id, "state": state, **names, **{name: format_ns(value) for name, value in times.items()}}
