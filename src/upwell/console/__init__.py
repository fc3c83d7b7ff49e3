"""What the worker shows to people and monitoring on the console's address: pages, reports for programs, health, metrics."""

from upwell.console.app import ENDPOINTS, build
from upwell.console.vitals import Cached, LaneVitals, Vitals, take

__all__ = ["ENDPOINTS", "Cached", "LaneVitals", "Vitals", "build", "take"]
