"""What has changed from one check to the next, as lines for people."""

from __future__ import annotations

import time
from collections.abc import Iterator

from fatecloud.model.finding import Report
from fatecloud.report.finding import finding_lines, hanging, plain_line
from fatecloud.report.look import Look
from fatecloud.report.table import summary


def changes(before: Report, now: Report, look: Look) -> list[str]:
    """The findings that came, went or changed their severity, and the new state; nothing if all is as it was.

    A new root cause is shown in full, because someone has to act on it.
    """
    lines = list(_changed(before, now, look))
    same = (before.settling, before.fallen) == (now.settling, now.fallen) and len(before.muted) == len(now.muted)
    if not lines and same:
        return []
    at = time.strftime("%H:%M:%S UTC", time.gmtime(now.taken))
    return [f"-- {at}", *lines, *hanging("", plain_line(summary(now), look), 4, look)]


def _changed(before: Report, now: Report, look: Look) -> Iterator[str]:
    # By id and the neighbour: two routes of one service are two problems.
    old, new = ({(f.id, f.about): f for f in report.findings} for report in (before, now))
    for key, finding in new.items():
        if key in old and old[key].severity == finding.severity:
            continue
        was = f", was {old[key].severity}" if key in old else ""
        if finding.caused_by:
            text = f"new: {finding.code} {finding.subject} ({finding.severity}{was}, explained): {finding.symptom}"
            yield from hanging("", plain_line(text, look), 4, look)
        else:
            yield f"was {old[key].severity}, is now:" if was else "new:"
            yield from finding_lines(finding, look)
    for key, finding in old.items():
        if key not in new:
            yield from hanging("", f"gone: {finding.code} {finding.subject}", 4, look)
