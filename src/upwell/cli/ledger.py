"""`upwell ledger`: the sums that prove what became of every item, and the two ways to settle what they cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from upwell.cli import output
from upwell.cli.options import Config, DataDir, Json, settings

app = typer.Typer(name="ledger", help="What was accepted, and where every item of it is now.")

_SIGNALS = ("signal", "accepted", "dropped", "journaled")
_LANES = ("lane", "offered", "delivered", "rejected", "quarantined", "expired", "lost", "pending", "state")
_USAGE = ("lane", "offered", "inserted", "duplicate", "not usage", "unrecognised", "quarantined", "expired", "lost", "pending", "state")
_NAMES = 5  # of unrecognised items, on a terminal; --json has all


@app.callback(invoke_without_command=True)
def ledger(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where a sum does not hold or a loss was not accepted.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Print the sums per signal and lane, in items."""
    if context.invoked_subcommand is not None:
        return
    found = _ask(config, data_dir, "ledger")
    if json:
        output.as_json(found)
    else:
        show(found)
    if check and not found["holds"]:
        raise typer.Exit(1)


@app.command("accept-loss")
def accept_loss(
    reason: Annotated[str, typer.Option("--reason", help="What happened; it stays in the ledger.")],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Acknowledge every loss booked so far, so that `ledger --check` holds again."""
    done = _ask(config, data_dir, "accept_loss", reason=reason)
    output.message("There was no loss to accept." if done["losses"] == 0 else f"Accepted: {done['losses']} entries.")


@app.command("close")
def close(
    sink: Annotated[str, typer.Argument(metavar="NAME", help="The name of a sink that was removed, renamed, or gets fewer signals.")],
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Take a removed sink, or the signals it no longer gets, out of the books; what it still held is booked as expired."""
    done = _ask(config, data_dir, "close", sink=sink)
    output.message(f"Sink {sink} is closed; {done['items']:,} pending items were let go.")


def _ask(config: Config, data_dir: DataDir, operation: str, **arguments: Any) -> Any:
    from upwell.service import client

    return client.ask(settings(config, data_dir), operation, **arguments)


def show(found: Mapping[str, Any]) -> None:
    """Print the ledger's document as tables, and what does not hold on stderr."""
    signals = [[row["signal"], row["accepted"], sum(row["dropped"].values()), row["journaled"]] for row in found["signals"]]
    output.table(_SIGNALS, signals, empty="")
    output.data("")
    if found["lanes"]:
        output.table(_LANES, [_lane(row) for row in found["lanes"]], empty="")
    if found["usage"]:
        output.data("")
        output.table(_USAGE, [_usage(row) for row in found["usage"]], empty="")
    kept, hours = found["kept"], found["kept"]["keep_seconds"] / 3600
    tally = f"{kept['items']:,} items in {kept['batches']:,} batches are kept, each for {hours:g} hours."
    if all(row["closed"] for row in found["lanes"]):
        output.data(f"There are no sinks: {tally}")
    elif kept["items"]:
        output.data(f"Of signals that no sink gets, {tally}")
    for lane in (*found["lanes"], *found["usage"]):
        if lane["message"]:
            output.message(f"{lane['lane']} is {lane['state']} [{lane['code']}]: {lane['message']}\n  next step: {lane['hint']}")
        for reason, items in (*lane["quarantined"].items(), *lane["expired"].items()):
            output.message(f"{lane['lane']}: {items:,} items {reason}")
    for lane in found["usage"]:
        for name, items in list((lane["unrecognised_names"] or {}).items())[:_NAMES]:
            output.message(f"{lane['lane']}: {items:,} items that no dialect knows: {name}")
    for problem in found["problems"]:
        output.message(f"does not hold: {problem}")
    if found["holds"]:
        output.message("Every sum holds.")


def _lane(row: Mapping[str, Any]) -> list[object]:
    sums = [row["offered"], row["delivered"], row["rejected"], sum(row["quarantined"].values()), sum(row["expired"].values()), row["lost"]]
    return [row["lane"], *sums, row["pending"]["items"], "closed" if row["closed"] else row["state"]]


def _usage(row: Mapping[str, Any]) -> list[object]:
    sums = [row["inserted"], row["duplicate"], row["not_usage"], row["unrecognised"]]
    ends = [sum(row["quarantined"].values()), sum(row["expired"].values()), row["lost"]]
    return [row["lane"], row["offered"], *sums, *ends, row["pending"]["items"], "closed" if row["closed"] else row["state"]]
