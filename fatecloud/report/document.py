"""A check's report as one JSON document for programs; its schema is `docs/reference/report.schema.json`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from fatecloud.model.finding import Finding, Report
from fatecloud.report.commands import typed_finding
from fatecloud.report.look import Look

SCHEMA_VERSION = 1
STATUS = {0: "healthy", 1: "warning", 2: "critical", 3: "unknown"}


def document(report: Report, look: Look) -> str:
    """The report as JSON; the reader's terminal does not matter."""
    del look
    return json.dumps(as_document(report), indent=2)


def as_document(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    counts = Counter(finding.severity for finding in report.findings)
    return {
        "schema_version": SCHEMA_VERSION,
        "cluster": report.cluster,
        "status": STATUS[report.exit_status],
        "exit_status": report.exit_status,
        "taken": report.taken,
        "seconds": round(report.seconds, 3),
        "summary": {
            "critical": counts["critical"],
            "unknown": counts["unknown"],
            "warning": counts["warning"],
            "passed": report.passed,
            "skipped": len(report.skipped),
        },
        "findings": [_finding(finding) for finding in report.findings],
        "skipped": [asdict(entry) for entry in report.skipped],
        "settling": list(report.settling),
        "runs": list(report.runs),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"id": finding.id, **asdict(typed_finding(finding))}
