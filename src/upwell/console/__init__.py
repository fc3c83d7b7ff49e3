"""What the worker shows to people and monitoring on the console's address: today health, metrics and the ledger, no pages."""

from upwell.console.app import ENDPOINTS, build
from upwell.console.vitals import Cached, LaneVitals, Vitals, take

__all__ = ["ENDPOINTS", "Cached", "LaneVitals", "Vitals", "build", "take"]
