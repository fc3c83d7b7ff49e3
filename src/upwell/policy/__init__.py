"""What becomes of a batch before anything is written: one list of steps, read top to bottom.

Steps are pure: they neither do I/O nor know where batches come from. Each `pipeline` is
made once, from the settings.
"""

from upwell.config import Policy
from upwell.identity import Pseudonyms
from upwell.policy.claims import CLAIMS, Claim
from upwell.policy.stamp import Stamp
from upwell.policy.work import Step, Work

__all__ = ["CLAIMS", "Claim", "Step", "Work", "pipeline"]


def pipeline(settings: Policy, pseudonyms: Pseudonyms) -> tuple[Step, ...]:
    """The steps in force, in their order: what the key says comes before whatever else may look at who sent it."""
    return (Stamp(settings.person, pseudonyms),)
