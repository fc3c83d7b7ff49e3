"""`upwell quarantine`: look at what sinks refused for good, send it again, or throw it away."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings

app = typer.Typer(name="quarantine", no_args_is_help=True, help="Batches that a sink refused for good, with the reason.")

Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers from `upwell quarantine list`.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
_COLUMNS = ("id", "lane", "at", "items", "code", "message")


@app.command("list")
def list_batches(config: Config = None, data_dir: DataDir = None, json: Json = False) -> None:
    """List the quarantined batches, without their content."""
    found = _ask(config, data_dir, "quarantine_list")
    if json:
        output.as_json({"batches": found})
        return
    output.table(_COLUMNS, [[batch[name] for name in _COLUMNS] for batch in found], empty="Nothing is in quarantine.")


@app.command("show")
def show(
    batch: Annotated[int, typer.Argument(metavar="ID", help="Number from `upwell quarantine list`.")],
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print one quarantined batch: why it is there, and its content as OTLP/JSON."""
    found = _ask(config, data_dir, "quarantine_show", id=batch)
    if json:
        output.as_json(found)
        return
    for name in ("id", "lane", "at", "received", "key", "items", "code", "message"):
        output.message(f"{name:10}{found[name]}")
    output.as_json(found["body"])


@app.command("replay")
def replay(ids: Ids = None, every: All = False, config: Config = None, data_dir: DataDir = None) -> None:
    """Send quarantined batches again, before their lane's new ones."""
    from upwell import audit
    from upwell.cli import audited

    chosen = _chosen(ids, every)
    directory = settings(config, data_dir).data_dir
    if directory.is_dir():
        audited.note(directory, audit.REPLAY, batches="all" if chosen is None else chosen)
    done = _ask(config, data_dir, "quarantine_replay", ids=chosen)
    output.message(f"{_batches(done['batches'])} will be sent again.")


@app.command("drop")
def drop(
    ids: Ids = None,
    every: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Throw quarantined batches away for good; the ledger keeps their number."""
    chosen = _chosen(ids, every)
    if every and not yes:
        typer.confirm("Throw every quarantined batch away?", abort=True, err=True)
    done = _ask(config, data_dir, "quarantine_drop", ids=chosen)
    output.message(f"{_batches(done['batches'])} dropped.")


def _chosen(ids: list[int] | None, every: bool) -> list[int] | None:
    """The ids to act on; None is all of them."""
    if bool(ids) == every:
        raise typer.BadParameter("name batches by their ids, or give --all")
    return ids or None


def _ask(config: Config, data_dir: DataDir, operation: str, **arguments: Any) -> Any:
    from upwell.service import client

    return client.ask(settings(config, data_dir), operation, **arguments)


def _batches(number: int) -> str:
    return "1 batch" if number == 1 else f"{number:,} batches"
