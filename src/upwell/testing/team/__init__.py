"""A synthetic team: 60 invented people in six teams, five agents, 60 days, the same for the same arguments.

What they do is told once (`story`); `Team.history` puts it into a usage store quickly, `Team.present` says it in the agents' own OTLP,
to be sent through a gateway. Both give the same figures, which a test holds. `upwell demo` shows it.
"""

from upwell.testing.team.team import Sent, Team
from upwell.testing.team.wire import Badge

__all__ = ["Badge", "Sent", "Team"]
