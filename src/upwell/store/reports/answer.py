"""What a report answers: columns, rows, and what is to be said beside them; in one shape everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from upwell.store.reports.report import Column


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. What the floor withholds is None in its row, and said in `notes`."""

    report: str
    since: date
    until: date
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The documented shape."""
        return {
            "report": self.report,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "columns": [asdict(column) for column in self.columns],
            "rows": [{name: _plain(value) for name, value in row.items()} for row in self.rows],
            "notes": list(self.notes),
        }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
