"""The book: all that the worker knows of lanes, parts and outcomes, over one `relay.db`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from upwell.journal.lanes import Lanes
from upwell.journal.outcomes import Outcomes
from upwell.journal.parcels import Parcels
from upwell.journal.quarantine import Quarantine
from upwell.journal.relaydb import RelayDb


class Book:
    """Opens `relay.db` and its four chapters. Raises SchemaTooNew and DataDirError."""

    def __init__(self, path: Path, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.db = RelayDb(path, clock_ns=clock_ns)
        self.outcomes = Outcomes(self.db)
        self.lanes = Lanes(self.db, self.outcomes)
        self.quarantine = Quarantine(self.db, self.outcomes)
        self.parcels = Parcels(self.db, self.lanes, self.outcomes, self.quarantine)

    def close(self) -> None:
        self.db.close()
