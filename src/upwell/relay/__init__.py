"""The relay: takes batches from the journal, lane by lane, and sees them to their sinks."""

from upwell.relay.relay import LaneStatus, Relay, close_sink
from upwell.relay.usage import Retention, Shelf, UsageLane, UsageSum, compare, usage_sum

__all__ = ["LaneStatus", "Relay", "Retention", "Shelf", "UsageLane", "UsageSum", "close_sink", "compare", "usage_sum"]
