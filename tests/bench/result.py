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
    kept: bool | None
    """None where there is no budget for so many nodes."""
    rounds: int
    seconds: float | None = None
    """Median of the subject, for orientation."""
    yardstick: float | None = None
    """Median of what it is measured against, seconds."""
    note: str = ""


@dataclass
class Results:
    """Measurements by row: each has the day and the circumstances, and its lines. A row may have several, when some
    numbers of nodes were measured on another day than others.
    """

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def put(self, row: str, lines: list[Line], circumstances: dict[str, Any]) -> None:
        """Add a measurement, and remove its lines from the earlier ones."""
        measured = {(line.subject, line.nodes) for line in lines}
        kept = [
            {**earlier, "lines": left}
            for earlier in self.rows.get(row, ())
            if (left := [line for line in earlier["lines"] if (line["subject"], line["nodes"]) not in measured])
        ]
        self.rows[row] = [*kept, {**circumstances, "lines": [asdict(line) for line in lines]}]

    def lines(self, row: str) -> list[Line]:
        """The lines of a row, by subject and number of nodes; none where it was never measured."""
        found = [Line(**line) for measured in self.rows.get(row, ()) for line in measured["lines"]]
        order = list(dict.fromkeys(line.subject for line in found))
        return sorted(found, key=lambda line: (order.index(line.subject), line.nodes))

    @classmethod
    def load(cls, path: Path) -> Results:
        """Earlier results, or none where there is no file."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["rows"]) if path.exists() else cls()

    def save(self, path: Path) -> None:
        """Write them down."""
        path.write_text(json.dumps({"rows": self.rows}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
