"""The commands, put together. What each one does stands in its group's file."""

from __future__ import annotations

from typing import Annotated

import typer

from upwell import __version__
from upwell.cli import (
    backup,
    config,
    connect,
    console,
    demo,
    deploy,
    doctor,
    keys,
    ledger,
    processes,
    quarantine,
    report,
    serve,
    status,
    template,
    usage,
)

app = typer.Typer(
    name="upwell",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rendering help with rich would triple the time it takes
    context_settings={"help_option_names": ["--help", "-h"]},
    help="OpenTelemetry from AI coding agents in, Amazon CloudWatch out, nothing lost.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"upwell {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")] = False,
) -> None:
    pass


app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("gateway")(processes.gateway)
app.command("worker")(processes.worker)
app.command("console")(console.console)
app.command("connect")(connect.connect)
app.add_typer(keys.app, name="keys")
app.add_typer(ledger.app, name="ledger")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(usage.app, name="usage")
app.add_typer(config.app, name="config")
app.command("report")(report.report)
app.command("audit")(report.audit)
app.command("export")(report.export)
app.command("backup")(backup.backup)
app.command("template")(template.template)
app.command("deploy")(deploy.deploy)
app.command("status")(status.status)
app.command("destroy")(status.destroy)
app.command("doctor")(doctor.doctor)
