"""Preflight findings as text."""

from __future__ import annotations

from collections.abc import Sequence

from fatecloud.model.finding import Finding, Fix, Report
from fatecloud.report.finding import finding_lines
from fatecloud.report.look import Look
from fatecloud.report.wrap import wrapped

_ORDER = ("critical", "unknown", "warning")


def preflight_text(report: Report, blockers: Sequence[Finding], look: Look) -> str:
    """All findings by node, worst first, each with its remedy; then one line that sums up.

    Args:
        blockers: the findings that prevent a deployment.
        look: what the reader's terminal can show; its width may be unlimited.
    """
    lines: list[str] = []
    for finding in sorted(report.findings, key=lambda f: (f.subject.node, _ORDER.index(f.severity), f.id)):
        lines += [*finding_lines(finding, look), ""]
    for skip in report.skipped:
        lines += wrapped(f"not judged: {skip.check} of {skip.subject}: {skip.reason}", look.width, "", "    ")
    lines += wrapped(_summary(report, blockers), look.width, "", "    ")
    return "\n".join(lines)


def fixes_text(fixes: Sequence[Fix]) -> str:
    """What `--fix` would do, one line per repair."""
    return "\n".join(
        f"  {fix.node}: {fix.action} " + " ".join(f"{k}={v}" for k, v in fix.arguments.items()) for fix in fixes
    )


def change_text(before: Report, after: Report) -> str:
    """The findings that the repairs solved, those that are still there, and new ones."""
    old, new = {f.id for f in before.findings}, {f.id for f in after.findings}
    rows = [("cleared", old - new), ("still there", old & {f.id for f in after.findings if f.fix}), ("new", new - old)]
    return "\n".join(f"{word}: {', '.join(sorted(ids))}" for word, ids in rows if ids)


def _summary(report: Report, blockers: Sequence[Finding]) -> str:
    counts = [(s, sum(1 for f in report.findings if f.severity == s)) for s in _ORDER]
    problems = ", ".join(f"{count} {severity}" for severity, count in counts if count) or "no problem"
    fixable = sum(1 for f in report.findings if f.fix)
    verdict = f"{len(blockers)} must be solved before a deployment" if blockers else "a deployment can go ahead"
    hint = f"; {fixable} can be repaired with --fix" if fixable else ""
    return f"{report.cluster}: {problems}, {report.passed} checks passed; {verdict}{hint}"
