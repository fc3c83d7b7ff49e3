"""`upwell report`: questions to the usage store, as tables, JSON or CSV."""

from __future__ import annotations

import csv
import getpass
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings

_WIDE = 8  # columns; a single row of more reads better standing


def report(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which report; --list names them.")] = None,
    every: Annotated[bool, typer.Option("--list", help="List the reports and what each one answers.")] = False,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="First day, such as 2026-11-01; default: 30 days.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="The day after the last; default: tomorrow.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="WHAT", help="Break down: agent, model, team, day, ...; or two: day,agent.")
    ] = None,
    agent: Annotated[str | None, typer.Option("--agent", metavar="NAME", help="This agent only.")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="This model only.")] = None,
    team: Annotated[str | None, typer.Option("--team", metavar="NAME", help="This team only.")] = None,
    tool: Annotated[str | None, typer.Option("--tool", metavar="NAME", help="This tool only, in reports of tool calls.")] = None,
    session: Annotated[str | None, typer.Option("--session", metavar="ID", help="The session that `session` tells of.")] = None,
    prompt: Annotated[str | None, typer.Option("--prompt", metavar="ID", help="The prompt that `interaction` tells of.")] = None,
    me: Annotated[bool, typer.Option("--me", help="Your own figures: your key is asked for, or read from stdin.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="Tell of single people, with --reason; it is written down.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why somebody must be revealed.")] = None,
    person: Annotated[str | None, typer.Option("--person", metavar="P", help="With --reveal: this person, as rows name them.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Answer a question about usage, under the privacy floor."""
    from upwell.service import client

    if every or name is None:
        from upwell.service import reporting

        _list(reporting.catalogue(), json)
        return
    found_settings = settings(config, data_dir)
    if reveal != bool(reason and reason.strip()):
        raise typer.BadParameter("--reveal and --reason TEXT go together")
    about = "me" if me else person
    question = {"since": since, "until": until, "by": by, "agent": agent, "model": model, "team": team, "person": about}
    more = {name: value for name, value in (("session", session), ("prompt", prompt), ("tool", tool)) if value}
    who = {"key": _key() if me else None, "reason": reason, "asker": getpass.getuser()}
    found = client.ask(found_settings, "report", name=name, **question, more=more, **who)
    if json:
        output.as_json(found)
    elif as_csv:
        _csv(found)
    else:
        _print(found)


def export(
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="DIR", help="Write a Parquet file per day into this new folder.")
    ] = None,
    as_csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write everything into this new CSV file.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="First day; default: all that is stored.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="The day after the last; default: tomorrow.")] = None,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Write usage rows, without people and under the privacy floor, as Parquet or CSV."""
    from upwell.service import client

    if (parquet is None) == (as_csv is None):
        raise typer.BadParameter("give one of --parquet DIR and --csv FILE")
    target = parquet or as_csv or Path()
    wanted = {"path": str(target.absolute()), "format": "parquet" if parquet else "csv"}
    found = client.ask(settings(config, data_dir), "export", **wanted, since=since, until=until)
    if json:
        output.as_json(found)
        return
    output.message(f"{found['rows']:,} rows from {found['since']} to {found['until']}, that day excluded, in {len(found['files'])} files.")
    for note in found["notes"]:
        output.message(note)


def audit(config: Config = None, data_dir: DataDir = None, json: Json = False) -> None:
    """List who had people revealed in reports, when, and why."""
    from upwell.service import client

    found = client.ask(settings(config, data_dir), "revealed")
    if json:
        output.as_json({"revealed": found})
    else:
        rows = [[line["at"], line["asker"], line["report"], _asked(line), line["reason"]] for line in found]
        output.table(("at", "asker", "report", "asked", "reason"), rows, empty="Nobody was revealed.")


def _asked(line: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in (line.get("asked") or {}).items())


def _key() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Your key", hide_input=True, err=True))
    return sys.stdin.readline().strip()


def _list(found: Sequence[Mapping[str, Any]], json: bool) -> None:
    if json:
        output.as_json({"reports": found})
    else:
        output.table(("report", "question"), [[row["name"], row["question"]] for row in found], empty="")


def _print(found: Mapping[str, Any]) -> None:
    columns = found["columns"]
    rows = [[_cell(row[column["name"]], column["unit"]) for column in columns] for row in found["rows"]]
    if len(rows) == 1 and len(columns) > 8:
        output.table(("figure", "value"), [[column["title"], value] for column, value in zip(columns, rows[0], strict=True)], empty="")
    else:
        output.table([column["title"] for column in columns], rows, empty="Nothing in this period.")
    _say(found)


def _csv(found: Mapping[str, Any]) -> None:
    names = [column["name"] for column in found["columns"]]
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found["rows"])
    _say(found)


def _say(found: Mapping[str, Any]) -> None:
    output.message(f"{found['report']} from {found['since']} to {found['until']}, that day excluded")
    for note in found["notes"]:
        output.message(note)


def _cell(value: Any, unit: str) -> Any:
    if not isinstance(value, float):
        return value
    return f"{value:.1%}" if unit == "share" else f"{value:,.2f}" if unit == "USD" else f"{value:,.1f}"
