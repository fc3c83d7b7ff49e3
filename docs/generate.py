"""Writes the generated parts of docs/: settings from their model, commands from typer, errors from their classes,
agents' blocks and reports from their data.

Each part stands between `<!-- generated: NAME -->` and `<!-- end -->`; the rest of a page is written by hand.
`make docs` runs this, and tests/test_docs.py fails while a page differs from what it would write.
"""

from __future__ import annotations

import inspect
import json
import re
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from upwell import agents, config, errors
from upwell.cli.app import app
from upwell.config import quantities, sinks
from upwell.store.reports import REPORTS, Report
from upwell.store.reports.dimensions import DIMENSIONS

DOCS = Path(__file__).parent

_WIDTH = 100
_PART = re.compile(r"(<!-- generated: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path", SecretStr: "secret text"}


def settings() -> str:
    """Every setting with its type, default and meaning, a table per section."""
    parts = []
    for title, model, fields in sections():
        rows = [f"| `{name}` | {_type(field)} | {_default(field)} | {field.description} |" for name, field in fields.items()]
        parts.append("\n".join((f"### {title}", "", inspect.cleandoc(model.__doc__ or ""), "", _HEAD, *rows)))
    return "\n\n".join(parts)


_HEAD = "| setting | type | default | meaning |\n|---|---|---|---|"


def sections() -> Iterator[tuple[str, type[BaseModel], Mapping[str, FieldInfo]]]:
    """Each section's heading, model, and the fields that are plain values."""
    yield "At the top", config.Settings, {"data_dir": config.Settings.model_fields["data_dir"]}
    for name, field in config.Settings.model_fields.items():
        if model := _section(field):
            yield f"`[{name}]`", model, model.model_fields
    yield "`[prices]`, a table per model", config.Price, config.Price.model_fields
    yield "`[serverless.limits]`, a table per team", config.TeamLimit, config.TeamLimit.model_fields
    common = sinks.Sink.model_fields
    yield "Every `[[sinks]]` block", sinks.Sink, common
    for kind in (config.CloudWatchSink, config.OtlpSink):
        own = {name: field for name, field in kind.model_fields.items() if name not in common and not _section(field)}
        yield f'`[[sinks]]` of type "{kind.model_fields["type"].default}"', kind, own
    yield "`endpoints` of a CloudWatch sink", config.Endpoints, config.Endpoints.model_fields


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _type(field: FieldInfo) -> str:
    readers = {getattr(one, "func", None) for one in field.metadata}
    if quantities.size in readers:
        return "size"
    return "duration" if quantities.duration in readers else _word(field.annotation)


def _word(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(f'`"{value}"`' for value in get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_word(one) for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is list:
        return f"list of {_word(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return f"table of {_word(get_args(kind)[1])}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "settings"
    return _WORDS.get(kind) or _word(get_args(kind)[0])


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "unset"
    kind = _type(field)
    if kind == "size":
        return f'`"{_size(value)}"`'
    if kind == "duration":
        return f'`"{_duration(value)}"`'
    return f"`{json.dumps(str(value) if isinstance(value, Path) else value)}`"


def _size(value: int) -> str:
    unit, factor = next((unit, factor) for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)) if value % factor == 0)
    return f"{value // factor}{unit}"


def _duration(value: float) -> str:
    unit, factor = next((unit, factor) for unit, factor in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if value % factor == 0)
    return f"{value // factor:g}{unit}"


def commands() -> str:
    """Every command's own help, under a heading with its name."""
    root = typer.main.get_command(app)
    return "\n\n".join(f"### {path}\n\n```text\n{help_text}\n```" for path, help_text in walk(root, "upwell", None))


def walk(command: Any, path: str, parent: Any) -> Iterator[tuple[str, str]]:
    """A command's path and help, and those of all commands below it."""
    context = command.context_class(
        command, info_name=path.rpartition(" ")[2], parent=parent, terminal_width=_WIDTH, **command.context_settings
    )
    yield path, "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    for name, below in getattr(command, "commands", {}).items():
        yield from walk(below, f"{path} {name}", context)


def error_codes() -> str:
    """Every error's code, what it is, its HTTP status where it has one, and the next step it suggests."""
    rows = ["| code | class | HTTP | next step |", "|---|---|---|---|"]
    for kind in family(errors.UpwellError):
        status = kind.status if issubclass(kind, errors.Refusal) else "–"
        rows.append(f"| [`{kind.code}`](#{kind.code}) | `{kind.__name__}` | {status} | {kind.hint} |")
    return "\n".join(rows)


def family(kind: type[errors.UpwellError]) -> list[type[errors.UpwellError]]:
    """An error class and all below it, in the order of errors.py."""
    return [kind, *(below for child in kind.__subclasses__() for below in family(child))]


def connections() -> str:
    """Every agent: what it sends, where rows come from, what it leaks; then the block for each, as a gateway's user pastes it."""
    head = ("| agent | name | sends | encodings | rows come from | leaks |", "|---|---|---|---|---|---|")
    rows = [
        f"| [{one.title}](#{name}) | `{name}` | {', '.join(one.sends)} | {one.encodings} | {one.rows_from} | {one.leaks or _NO_LEAK} |"
        for name, one in agents.AGENTS.items()
    ]
    more = ("| agent | cost | tries again |", "|---|---|---|")
    facts = [f"| {one.title} | {one.cost} | {one.retries} |" for one in agents.AGENTS.values()]
    return "\n\n".join(("\n".join((*head, *rows)), "\n".join((*more, *facts)), *map(_connection, agents.AGENTS)))


def _connection(name: str) -> str:
    plain = agents.block(name, endpoint=_ENDPOINT, key=_KEY, platform="linux")
    notes = [f"- {note}" for note in plain.notes if not note.startswith("Warning: with its switches")]
    managed = agents.AGENTS[name].managed
    notes += [f"- Managed: {_files(part)}." for part in managed if part.files]
    notes += [f"- {note}" for note in (agents.AGENTS[name].managed_notes if managed else ())]
    return "\n\n".join((f"### {name}", *map(_fenced, (plain, *plain.also)), "\n".join(notes))).rstrip()


_ENDPOINT, _KEY = "https://upwell.example.com", "uw_ID_SECRET"
_NO_LEAK = "nothing known"
_FENCES = {"shell": "sh", "steps": "text"}


def _fenced(block: agents.Block) -> str:
    place = f"`{block.file}`" if block.file[0] in "~/" else block.file[0].upper() + block.file[1:]
    return f"{place}:\n\n```{_FENCES.get(block.language, block.language)}\n{block.text}\n```"


def _files(part: agents.Part) -> str:
    return ", ".join(f"`{path}`" for path in dict.fromkeys(part.files.values()))


def reports() -> str:
    """Every report: its question, how it is counted, its columns and groupings."""
    return "\n\n".join(_report(report) for report in REPORTS.values())


def _report(report: Report) -> str:
    keys = [f"`{name}` ({DIMENSIONS[name].title})" for name in report.keys]
    people = ["`people`"] if report.privacy == "aggregate" else []
    columns = [f"`{one.name}` ({one.title}{f', {one.unit}' if one.unit not in ('', 'text') else ''})" for one in report.columns]
    groupings = ", ".join(f"`{name}`" for name in report.groupings)
    told = f"*{report.question}* {report.counted}"
    lines = [f"### {report.name}", "", told, "", f"- columns: {', '.join([*keys, *people, *columns])}"]
    lines += [f"- `--by`: {groupings}"] if groupings else []
    lines += [f"- needs `--{report.needs}`"] if report.needs else []
    lines += ["- tells of single people: with `--me`, or `--reveal --reason`"] if report.privacy == "interaction" else []
    return "\n".join(lines)


PARTS: Mapping[str, Callable[[], str]] = {
    "settings": settings,
    "commands": commands,
    "errors": error_codes,
    "agents": connections,
    "reports": reports,
}


def regenerated(page: str) -> str:
    """A page with its generated parts as they should be."""
    return _PART.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]()}\n\n{match[3]}", page)


def main() -> None:
    """Write every page that differs."""
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text("utf-8")
        after = regenerated(before)
        if after != before:
            path.write_text(after, "utf-8")
            print(f"wrote docs/{path.name}")


if __name__ == "__main__":
    main()
