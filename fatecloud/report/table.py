"""A check's report for people: root causes first, each with its remedy and the findings that it explains."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence

from fatecloud.model.finding import Finding, Report, Severity
from fatecloud.report.commands import typed
from fatecloud.report.finding import finding_lines, hanging, kept, plain_line
from fatecloud.report.look import Look
from fatecloud.report.wrap import wrapped

_ORDER: tuple[Severity, ...] = ("critical", "unknown", "warning")
_INDENT = "  "


def table(report: Report, look: Look, *, exposures: bool = False) -> str:
    """The whole screen.

    Args:
        report: the result of a check.
        look: what the reader's terminal can show.
        exposures: show in full what the software leaves open, instead of its number.
    """
    lines: list[str] = []
    explained = _by_cause(report.findings)
    shown: set[str] = set()
    for finding in report.findings:
        if not finding.caused_by:
            lines += [*finding_lines(finding, look), *_dependants(finding, explained, shown, look), ""]
    for exposure in report.exposures if exposures else ():
        lines += [*finding_lines(exposure, look), ""]
    lines += _footer(report, look, exposures=exposures)
    return "\n".join(lines)


def summary(report: Report) -> str:
    """One line: the cluster, its state, how much was checked, and when."""
    counts = Counter(finding.severity for finding in report.findings)
    roots = sum(not finding.caused_by for finding in report.findings)
    if not report.findings:
        settling = f", {len(report.settling)} settling" if report.settling else ""
        state = f"healthy{settling}" if report.passed else "nothing was checked"
    else:
        state = ", ".join(f"{counts[severity]} {severity}" for severity in _ORDER if counts[severity])
        if roots < len(report.findings):
            state += f" ({roots} root cause{'' if roots == 1 else 's'})"
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(report.taken))
    skipped = f", {len(report.skipped)} skipped" if report.skipped else ""
    skipped += f", {len(report.muted)} muted" if report.muted else ""
    return f"{report.cluster}: {state}; {report.passed} checks passed{skipped}; read in {report.seconds:.1f} s at {at}"


def _dependants(
    root: Finding, explained: dict[str, list[Finding]], shown: set[str], look: Look, depth: int = 1
) -> Iterator[str]:
    mark = "└ " if look.unicode else "` "
    for finding in explained.get(root.id, ()):
        again = finding.id in shown
        shown.add(finding.id)
        text = "also explained by this, see above" if again else finding.symptom
        *full, last = kept(
            f"{_INDENT * depth}{mark}", f"explains {finding.code}  {finding.subject}:", len(_INDENT * depth) + 4, look
        )
        yield from full
        yield from hanging(f"{last} ", plain_line(text, look), len(_INDENT * depth) + 4, look)
        if not again:
            yield from _dependants(finding, explained, shown, look, depth + 1)


def _by_cause(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        for cause in finding.caused_by:
            found.setdefault(cause, []).append(finding)
    return found


def _footer(report: Report, look: Look, *, exposures: bool) -> Iterator[str]:
    reasons: dict[str, set[str]] = {}
    for entry in report.skipped:
        reasons.setdefault(entry.reason, set()).add(str(entry.subject))
    for reason, subjects in sorted(reasons.items()):
        yield from hanging("", f"not judged while {reason}: {', '.join(sorted(subjects))}", 4, look)
    if report.settling:
        yield from hanging("", f"settling after a start by fatecloud: {', '.join(report.settling)}", 4, look)
    for one in report.muted:
        known = f"muted: {one.finding.severity} {one.finding.code}  {one.finding.subject}: {one.finding.symptom}"
        yield from hanging("", plain_line(known, look), 4, look)
        until = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(one.mute.until))
        because = "" if one.mute.finding == one.finding.id else f" with {one.mute.finding}"
        why = f"{because} until {until} by {one.mute.by}: {one.mute.reason}".strip()
        yield from hanging("    ", plain_line(why, look), 4, look)
    for line in report.fallen:
        yield from hanging("", plain_line(f"no longer muted: {line}", look), 4, look)
    for line in report.runs:
        yield from hanging("", plain_line(line, look), 4, look)
    if report.exposures and not exposures:
        number = f"{len(report.exposures)} exposure{'' if len(report.exposures) == 1 else 's'}"
        yield typed(f"{number} of this release and inventory: fatecloud check --exposures")
    yield from wrapped(summary(report), look.width, "", "    ")
