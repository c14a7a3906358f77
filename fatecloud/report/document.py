"""The report of a check or a preflight as a document for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fatecloud.model.finding import Finding, Fix, Report, Subject
from fatecloud.report.envelope import moment
from fatecloud.report.kinds.base import Status
from fatecloud.report.kinds.finding import CheckReport, FindingDocument, FixDocument, PreflightReport, SubjectDocument
from fatecloud.report.remedy import remedy_document

STATUS: dict[int, Status] = {0: "healthy", 1: "warning", 2: "critical", 3: "unknown"}


def report_document(report: Report) -> CheckReport:
    """A check's report."""
    counts = Counter(finding.severity for finding in report.findings)
    return {
        "cluster": report.cluster,
        "status": STATUS[report.exit_status],
        "exit_status": report.exit_status,
        "taken": moment(report.taken),
        "seconds": round(report.seconds, 3),
        "summary": {
            "critical": counts["critical"],
            "unknown": counts["unknown"],
            "warning": counts["warning"],
            "passed": report.passed,
            "skipped": len(report.skipped),
        },
        "findings": [finding_document(finding) for finding in report.findings],
        "skipped": [
            {"check": entry.check, "subject": _subject(entry.subject), "reason": entry.reason}
            for entry in report.skipped
        ],
        "exposures": [finding_document(exposure) for exposure in report.exposures],
        "settling": list(report.settling),
        "runs": list(report.runs),
        "muted": [
            {
                "finding": finding_document(one.finding),
                "mute": one.mute.finding,
                "reason": one.mute.reason,
                "until": moment(one.mute.until),
                "by": one.mute.by,
            }
            for one in report.muted
        ],
        "fallen": list(report.fallen),
    }


def preflight_document(report: Report, blockers: Iterable[Finding], applied: Iterable[Fix] = ()) -> PreflightReport:
    """A preflight's report.

    Args:
        blockers: the findings that prevent a deployment.
        applied: repairs that were made before it.
    """
    return {
        **report_document(report),
        "blocking": [finding.id for finding in blockers],
        "repaired": [_fix(fix) for fix in applied],
    }


def finding_document(finding: Finding) -> FindingDocument:
    """One finding."""
    return {
        "id": finding.id,
        "code": finding.code,
        "severity": finding.severity,
        "subject": _subject(finding.subject),
        "symptom": finding.symptom,
        "cause": finding.cause,
        "remedy": [remedy_document(remedy) for remedy in finding.remedy],
        "expected": finding.expected,
        "got": finding.got,
        "evidence": list(finding.evidence),
        "source": finding.source,
        "age": finding.age,
        "caused_by": list(finding.caused_by),
        "fix": _fix(finding.fix) if finding.fix else None,
        "about": finding.about,
    }


def _subject(subject: Subject) -> SubjectDocument:
    return {"owner": subject.owner, "node": subject.node, "service": subject.service}


def _fix(fix: Fix) -> FixDocument:
    return {"action": fix.action, "node": fix.node, "arguments": dict(fix.arguments)}
