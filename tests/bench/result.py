"""What a bench leaves behind: rows with their figures, as data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One line of the table: a figure, what it is measured against, and whether it keeps its budget."""

    row: str
    subject: str
    against: str
    nodes: int
    unit: str
    """`x` for a ratio."""
    median: float
    low: float
    high: float
    budget: str
    """In words, for people: `<= 1.3 x`."""
    kept: bool
    rounds: int
    seconds: float | None = None
    """Median of the subject, for orientation."""
    yardstick: float | None = None
    """Median of what it is measured against, seconds."""
    note: str = ""


@dataclass
class Results:
    """Lines by row, each with the day and the circumstances of its measurement."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, row: str, lines: list[Line], circumstances: dict[str, Any]) -> None:
        """Replace a row."""
        self.rows[row] = {**circumstances, "lines": [asdict(line) for line in lines]}

    def lines(self, row: str) -> list[Line]:
        """The lines of a row; none where it was never measured."""
        return [Line(**line) for line in self.rows.get(row, {}).get("lines", ())]

    @classmethod
    def load(cls, path: Path) -> Results:
        """Earlier results, or none where there is no file."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["rows"]) if path.exists() else cls()

    def save(self, path: Path) -> None:
        """Write them down."""
        path.write_text(json.dumps({"rows": self.rows}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
