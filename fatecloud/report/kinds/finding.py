"""What is wrong: of `check`, `preflight` and `explain`."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from fatecloud.model.finding import Severity
from fatecloud.report.kinds.base import Count, Key, Rule, Seconds, Status, Time


class SubjectDocument(TypedDict):
    """What a finding is about; levels that do not apply are empty strings."""

    owner: str
    node: str
    service: Key


class FixDocument(TypedDict):
    """A repair that `preflight --fix` applies."""

    action: str
    node: str
    arguments: dict[str, Any]


class FindingDocument(TypedDict):
    """One problem."""

    id: Annotated[str, "`CODE@subject`, unique within a report and the same in the next one."]
    code: Annotated[str, Rule(pattern="^[A-Z][A-Z0-9_]+$", description="See `fatecloud explain CODE`.")]
    severity: Severity
    subject: SubjectDocument
    symptom: Annotated[str, Rule(minLength=1)]
    cause: str
    remedy: Annotated[list[str], "Commands or actions, in order."]
    expected: str
    got: str
    evidence: list[str]
    source: Annotated[str, "The fact or probe that it is based on."]
    age: Annotated[float | None, "Seconds since the evidence was taken."]
    caused_by: Annotated[list[str], "Ids of the findings that explain this one; empty for a root cause."]
    fix: FixDocument | None
    about: Annotated[
        str, "The neighbour that it concerns, if a code can concern several; separated by spaces if it does."
    ]


class SkippedDocument(TypedDict):
    """A check that was not judged."""

    check: str
    subject: SubjectDocument
    reason: Annotated[str, "Code of the finding that made the check pointless."]


class SummaryDocument(TypedDict):
    """Numbers of findings by severity, of checks that passed, and of checks that were not judged."""

    critical: Count
    unknown: Count
    warning: Count
    passed: Count
    skipped: Count


class CheckReport(TypedDict):
    """`fatecloud check`: findings, root causes first."""

    cluster: str
    status: Status
    exit_status: Annotated[int, Rule(enum=[0, 1, 2, 3]), "0 healthy, 1 warnings, 2 critical, 3 unknown."]
    taken: Annotated[Time, "When all nodes had been read, by the controller's clock: UTC, ISO 8601."]
    seconds: Annotated[Seconds, "How long it took to read the nodes."]
    summary: SummaryDocument
    findings: list[FindingDocument]
    skipped: list[SkippedDocument]
    exposures: Annotated[
        list[FindingDocument], "What the software leaves open although all is well; no effect on status and summary."
    ]
    settling: Annotated[list[Key], "Services that a run started a moment ago; their runtime findings are left out."]
    runs: Annotated[list[str], "One sentence for each run that is changing nodes now."]


class PreflightReport(CheckReport):
    """`fatecloud preflight`: what must be true before a deployment."""

    blocking: Annotated[list[str], "Ids of the findings that prevent a deployment."]
    repaired: Annotated[list[FixDocument], "Repairs that `--fix` applied before this report."]


class CodeEntry(TypedDict):
    """A finding code in one sentence."""

    code: str
    severity: Severity
    meaning: str


class FindingCodeList(TypedDict):
    """`fatecloud explain --list`."""

    items: list[CodeEntry]


class FindingCode(CodeEntry):
    """`fatecloud explain CODE`."""

    runbook: Annotated[str, "The page, in Markdown."]
