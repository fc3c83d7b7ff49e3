"""`upwell connect`: what one agent needs to send here, to paste or written into its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.aws import Profile, Region
from upwell.cli.options import Config, DataDir, Json, settings

if TYPE_CHECKING:
    from upwell.agents import Block
    from upwell.agents.blocks import Shape
    from upwell.agents.place import Written


@dataclass(frozen=True, slots=True)
class Target:
    """Where agents shall send. `traces`: spans are taken there."""

    endpoint: str
    shape: Shape
    traces: bool = True


def _names(incomplete: str) -> list[str]:
    """For the shell's completion."""
    from upwell.agents import AGENTS

    return [name for name in AGENTS if name.startswith(incomplete)]


def connect(
    agent: Annotated[
        str | None, typer.Argument(metavar="[AGENT]", help="The agent's name; without it, they are listed.", autocompletion=_names)
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="Base URL to send to; default: the gateway of this machine.")
    ] = None,
    stack: Annotated[str | None, typer.Option("--stack", metavar="NAME", help="Send to this stack of `upwell deploy`.")] = None,
    region: Region = None,
    profile: Profile = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="The ingest key, or - to read it from stdin; without it, a placeholder.")
    ] = None,
    team: Annotated[str | None, typer.Option("--team", help="Team to claim, for a stack: a gateway's keys know it.")] = None,
    managed: Annotated[bool, typer.Option("--managed", help="What an administrator distributes to all machines.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Merge it into the agent's own files, with a copy of what was there.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print what an agent needs to send here, or write it into place."""
    if endpoint and stack:
        raise typer.BadParameter("give --endpoint or --stack, not both")
    if agent is None:
        _list(json)
        return
    from upwell.agents import PLACEHOLDER, blocks

    blocks.find(agent)  # before anything else is asked
    key = _read_key() if key == "-" else key
    if stack:
        target = _stack(config, region, profile, stack)
    elif endpoint:
        target = Target(endpoint, "serverless" if ".execute-api." in endpoint else "gateway")
    else:
        target = Target(_local(config, data_dir, said=key is not None), "gateway")
    written = _write(agent, target, key, team, managed) if write else []
    found = blocks.block(
        agent, endpoint=target.endpoint, key=key or PLACEHOLDER, traces=target.traces, shape=target.shape, managed=managed, team=team
    )
    if json:
        output.as_json(_document(agent, target.endpoint, found, written))
    elif write:
        _say_written(written)
        _say_notes(found)
    else:
        _print(found, made=bool(key))


def _list(json: bool) -> None:
    from upwell.agents import AGENTS

    if json:
        output.as_json({"agents": [{"agent": name, "title": about.title, "sends": list(about.sends)} for name, about in AGENTS.items()]})
        return
    rows = [(name, about.title, ", ".join(about.sends)) for name, about in AGENTS.items()]
    output.table(("agent", "what it is", "sends"), rows, empty="")


def _read_key() -> str:
    """A line of stdin: an argument stands in the shell's history and in the list of processes."""
    import sys

    from upwell.errors import AgentError

    if not (key := sys.stdin.readline().strip()):
        raise AgentError("there is no key on stdin", hint="Pipe one in, such as that of `upwell keys add`.")
    return key


def _local(config: Config, data_dir: DataDir, *, said: bool) -> str:
    from upwell.service import local

    found = settings(config, data_dir)
    if not local.answers(found):
        output.message(f"Nobody listens at {local.endpoint(found)} yet: `upwell serve` does, or name another place with --endpoint.")
    if not said:
        output.message("A key is made with `upwell keys add --person NAME --team TEAM`; give it here as --key.")
    return local.endpoint(found)


def _stack(config: Config, region: str | None, profile: str | None, name: str) -> Target:
    """A deployed stack, as CloudFormation tells of it. Raises NotDeployed."""
    from upwell.aws import stack as stacks
    from upwell.cli.aws import opened

    found, account = opened(config, region, profile, name)
    deployed = stacks.get(account, found.serverless.stack)
    return Target(deployed.endpoint, "serverless", "traces" in deployed.signals)


def _write(agent: str, target: Target, key: str | None, team: str | None, managed: bool) -> list[Written]:
    from upwell.agents import blocks, place
    from upwell.errors import AgentError

    if key is None:
        raise AgentError("there is no key to write", hint="Make one with `upwell keys add`, and give it as --key.")
    parts = [blocks.fill(part, blocks.base(target.endpoint), key, target.traces, team) for part in blocks.parts(agent, managed)]
    return place.write(agent, parts, managed=managed)


def _say_written(files: list[Written]) -> None:
    for one in files:
        kept = f"; what it was is in {one.backup.name}" if one.backup else ""
        output.message(f"{one.path} is written{kept}." if one.changed else f"{one.path} says so already.")
        if one.path.suffix == ".sh":
            output.message(f"  Add this line to your shell's profile: . {one.path}")


def _print(found: Block, *, made: bool) -> None:
    for one in (found, *found.also):
        output.message(f"# {one.file}")
        output.data(one.text)
    _say_notes(found)
    if not made:
        from upwell.agents import PLACEHOLDER

        output.message(f"Put your key where {PLACEHOLDER} stands.")


def _say_notes(found: Block) -> None:
    for note in found.notes:
        output.message(f"- {note}")


def _document(agent: str, endpoint: str, found: Block, files: list[Written]) -> dict[str, Any]:
    """With the files only where there are some: what is written then stands in them, and not here once more."""
    if files:
        written = [{"file": str(one.path), "changed": one.changed, "backup": str(one.backup) if one.backup else None} for one in files]
        return {"agent": agent, "endpoint": endpoint, "written": written, "notes": list(found.notes)}
    return {
        "agent": agent,
        "endpoint": endpoint,
        "blocks": [{"language": one.language, "file": one.file, "text": one.text} for one in (found, *found.also)],
        "notes": list(found.notes),
    }
