"""All sections together: the whole of `upwell.toml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from upwell.config.quantities import Section
from upwell.config.sections import Console, Gateway, Journal, Policy, Price, Reports, Store
from upwell.config.serverless import Serverless
from upwell.config.sinks import AnySink


class Settings(Section):
    """All of `upwell.toml`."""

    data_dir: Path = Field(Path("~/.local/share/upwell"), description="Where journal, keys and state live.")
    gateway: Gateway = Gateway()
    console: Console = Console()
    policy: Policy = Policy()
    journal: Journal = Journal()
    store: Store = Store()
    reports: Reports = Reports()
    prices: dict[str, Price] = Field({}, description='Prices per model, `[prices."NAME"]`; they come before the lists of genai-prices.')
    sinks: list[AnySink] = Field([], description="Destinations, one [[sinks]] block each.")
    serverless: Serverless = Serverless()

    @model_validator(mode="after")
    def _sink_names_differ(self) -> Settings:
        names = [sink.name for sink in self.sinks]
        if "usage" in names:
            raise ValueError("a sink cannot be named 'usage': that is the usage store's name in the ledger")
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two sinks are named {repeated.pop()!r}: give each its own name")
        return self
