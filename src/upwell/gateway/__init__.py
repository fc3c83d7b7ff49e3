"""The door that agents send to: HTTP in, durable batches out, and every refusal in OTLP's own words."""

from upwell.gateway.door import Door, build
from upwell.gateway.protocol import HardenedProtocol
from upwell.gateway.server import bind, serve, tune

__all__ = ["Door", "HardenedProtocol", "bind", "build", "serve", "tune"]
