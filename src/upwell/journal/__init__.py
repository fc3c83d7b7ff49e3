"""The durable queue between the gateway and the worker: segment files, their writer and their reader."""

from upwell.journal.mark import Mark
from upwell.journal.rows import Entry, Page, Row, Tally
from upwell.journal.segment import Segment, Segments
from upwell.journal.writer import Counts, Journal, Told

__all__ = ["Counts", "Entry", "Journal", "Mark", "Page", "Row", "Segment", "Segments", "Tally", "Told"]
