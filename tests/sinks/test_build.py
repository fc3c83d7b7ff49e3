"""From a [[sinks]] block to a sink."""

from __future__ import annotations

import subprocess
import sys

from upwell.config import AnySink, Settings
from upwell.sinks import build
from upwell.sinks.base import Sink

BLOCKS = {"cloudwatch": {"region": "us-west-2"}, "otlp": {"endpoint": "http://127.0.0.1:1"}}


def _settings(kind: str) -> AnySink:
    return Settings.model_validate({"sinks": [{"type": kind, **BLOCKS[kind]}]}).sinks[0]


def test_every_kind_of_block_becomes_a_sink() -> None:
    """Each behind the same Protocol; no connection is opened, no credential looked for."""
    made: list[Sink] = [build(_settings(name)) for name in BLOCKS]

    assert [sink.name for sink in made] == ["cloudwatch", "otlp"]
    for sink in made:
        sink.close()


def test_the_package_imports_no_aws() -> None:
    """A process without sinks, the gateway, does not pay for botocore."""
    check = "import sys, upwell.sinks; sys.exit('botocore' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
