"""One line of health below the daily screen: what it shows itself, and what the newest check found, with its age."""

from __future__ import annotations

from fatecloud.model.duration import duration_text
from fatecloud.model.last_check import LastCheck
from fatecloud.report.document import STATUS
from fatecloud.report.envelope import moment
from fatecloud.report.kinds.status import LastCheckDocument
from fatecloud.report.status_rows import Status

FRESH = 900.0
"""Seconds; an older check says little of now. Monitoring checks every five minutes."""
_ORDER = ("critical", "unknown", "warning")


def health(status: Status) -> str:
    """The line. `status` asks no service, so only a check can say that they work."""
    well = sum(row.well for row in status.rows)
    here = f"health: {well} of {len(status.rows)} services run as deployed"
    last = status.last_check
    if last is None:
        return f"{here}; this controller has not checked yet whether they work: fatecloud check"
    age = _age(status, last)
    found = f"{here}; the last check, {duration_text(age)} ago, found: {_found(last)}"
    return found if not last.exit_status and age < FRESH else f"{found}; now: fatecloud check"


def last_check_document(status: Status) -> LastCheckDocument | None:
    """The newest check as part of a document."""
    last = status.last_check
    if last is None:
        return None
    return {
        "taken": moment(last.taken),
        "age": round(_age(status, last), 3),
        "status": STATUS[last.exit_status],
        "critical": last.counts.get("critical", 0),
        "unknown": last.counts.get("unknown", 0),
        "warning": last.counts.get("warning", 0),
        "muted": last.counts.get("muted", 0),
        "roots": list(last.roots),
    }


def _found(last: LastCheck) -> str:
    muted = f", and {last.counts['muted']} muted" if last.counts.get("muted") else ""
    if not last.roots:
        return f"all is well{muted}" if last.exit_status == 0 else "nothing was checked"
    counts = ", ".join(f"{last.counts[severity]} {severity}" for severity in _ORDER if last.counts.get(severity))
    more = f" and {len(last.roots) - 1} more" if len(last.roots) > 1 else ""
    return f"{counts}, because of {last.roots[0]}{more}{muted}"


def _age(status: Status, last: LastCheck) -> float:
    return max(0.0, status.taken - last.taken)
