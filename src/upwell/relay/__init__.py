"""The relay: takes batches from the journal, lane by lane, and sees them to their sinks."""

from upwell.relay.relay import LaneStatus, Relay, close_sink

__all__ = ["LaneStatus", "Relay", "close_sink"]
