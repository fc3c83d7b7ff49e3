"""`upwell usage`: look at the usage store, make its rows anew, forget somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings

app = typer.Typer(name="usage", no_args_is_help=True, help="The usage store: what is in it, making it anew, forgetting somebody.")

_SUMS = ("before", "after", "inserted", "duplicate", "not_usage", "unrecognised")
_NAMES = 10  # of unrecognised items, on a terminal; --json has all


@app.command("status")
def status(config: Config = None, data_dir: DataDir = None, json: Json = False) -> None:
    """Print how many rows the store holds, of when, made by which dialects, and what no dialect knows."""
    found = _ask(config, data_dir, "usage_status")
    if json:
        output.as_json(found)
        return
    rows = found["events"] + found["points"]
    dated = f", dated {found['from']} to {found['to']}" if rows else ""
    output.data(f"{rows:,} rows{dated}, in {found['bytes']:,} bytes.")
    if rows:
        output.data(
            f"{found['rebuildable']:,} of them can be made anew: the journal, kept since {found['journal_since']}, has their source."
        )
    output.table(("dialect", "rows"), list(found["dialects"].items()), empty="There is nothing in the usage store yet.")
    for signal, names in found["unrecognised"].items():
        for name, items in list(names.items())[:_NAMES]:
            output.message(f"{signal}: {items:,} items that no dialect knows: {name}")


@app.command("rebuild")
def rebuild(config: Config = None, data_dir: DataDir = None, json: Json = False) -> None:
    """Read what the journal still holds again, and put it in the place of the rows made of it. Older rows stay."""
    done: list[dict[str, Any]] = []
    for source in _ask(config, data_dir, "usage_sources"):
        found = _ask(config, data_dir, "usage_rebuild", segment=source["segment"])
        output.message(_line(source["segment"], found))
        done += [{"segment": source["segment"], **one} for one in found]
    kept = _ask(config, data_dir, "usage_status")
    document = {"segments": done, **_range(done), "other_rows": kept["events"] + kept["points"] - sum(one["after"] for one in done)}
    if json:
        output.as_json(document)
    elif document["from"] is None:
        output.message("The journal holds nothing that was stored.")
    else:
        output.message(f"Made anew: what was received from {document['from']} to {document['to']}.")
        output.message(f"{document['other_rows']:,} rows are of other batches, and stay as they are.")


@app.command("forget")
def forget(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A name as enrolled or claimed, or a pseudonym.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Forget somebody: revoke their keys and delete their name, rows and quarantined items; what comes again is left out."""
    found = settings(config, data_dir)
    if not yes:
        typer.confirm(f"Forget {person}? Their keys end, and nothing brings the rows back.", abort=True, err=True)
    import getpass

    from upwell.service import client

    done = client.ask(found, "usage_forget", person=person, asker=getpass.getuser())
    if json:
        output.as_json(done)
        return
    output.message(f"{done['keys']} keys revoked, {done['rows']:,} rows and {done['quarantined_items']:,} quarantined items deleted.")
    if done["busy_batches"]:
        output.message(f"{done['busy_batches']} quarantined batches are on their way again: run this once more when they have gone.")
    output.message("What may remain elsewhere:")
    rows = [[one["where"], one["what"], one["until"] or one["note"]] for one in done["remains"]]
    output.table(("where", "what", "until"), rows, empty="")


def _ask(config: Config, data_dir: DataDir, operation: str, **arguments: Any) -> Any:
    from upwell.service import client

    return client.ask(settings(config, data_dir), operation, **arguments)


def _line(segment: str, found: Sequence[Mapping[str, Any]]) -> str:
    sums = {name: sum(one[name] for one in found) for name in _SUMS}
    kept = [f"{one['signal']} stay as they were: {one['kept']}" for one in found if one["kept"]]
    return "; ".join([f"{segment}: {sums['before']:,} rows are {sums['after']:,} now", *kept])


def _range(done: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    began = [one["from"] for one in done if one["from"]]
    ended = [one["to"] for one in done if one["to"]]
    return {"from": min(began, default=None), "to": max(ended, default=None)}
