"""Reports: named questions to the usage store, and the engine that answers them under the privacy floor."""

from upwell.store.reports.answer import Answer
from upwell.store.reports.query import Query
from upwell.store.reports.registry import REPORTS
from upwell.store.reports.report import Column, Report
from upwell.store.reports.reporter import Reporter
from upwell.store.reports.viewer import Viewer

__all__ = ["REPORTS", "Answer", "Column", "Query", "Report", "Reporter", "Viewer"]
