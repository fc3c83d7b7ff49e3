"""`upwell doctor`: looks at every link of the chain from an agent to the far end, and says of each what to do next. It mends nothing."""

from upwell.doctor.examine import Shapes, examine, sent, shapes
from upwell.doctor.finding import Finding, State

__all__ = ["Finding", "Shapes", "State", "examine", "sent", "shapes"]
