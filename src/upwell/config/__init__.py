"""The settings: one model, read from `upwell.toml`, then `UPWELL_*`, then flags.

Unknown keys fail, `${NAME}` expands from the environment, and every error names its field.
Sizes are bytes after reading, durations seconds. docs/configuration.md is held to this model by a test.
"""

from upwell.config.loading import default_paths, find_file, load
from upwell.config.quantities import is_loopback, split_address
from upwell.config.sections import Console, Gateway, Journal, Policy, Price, Reports, Store
from upwell.config.serverless import RETENTION_DAYS, Serverless, TeamLimit
from upwell.config.settings import Settings
from upwell.config.sinks import AnySink, CloudWatchSink, Endpoints, OtlpSink

__all__ = [
    "RETENTION_DAYS",
    "AnySink",
    "CloudWatchSink",
    "Console",
    "Endpoints",
    "Gateway",
    "Journal",
    "OtlpSink",
    "Policy",
    "Price",
    "Reports",
    "Serverless",
    "Settings",
    "Store",
    "TeamLimit",
    "default_paths",
    "find_file",
    "is_loopback",
    "load",
    "split_address",
]
