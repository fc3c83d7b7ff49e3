"""The usage store: normalized rows in DuckDB, and the questions that are asked of them."""

from upwell.store.protocol import UsageStore
from upwell.store.rows import COUNTED, Counts, LeftOut, ReadBatch, Replaced
from upwell.store.store import FILE, Store

__all__ = ["COUNTED", "FILE", "Counts", "LeftOut", "ReadBatch", "Replaced", "Store", "UsageStore"]
