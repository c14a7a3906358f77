"""What is wrong: of `check`, `preflight` and `explain`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

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


class RunDocument(TypedDict):
    """A command that can be typed as it is."""

    type: Literal["run"]
    text: Annotated[str, "The whole remedy in one line, as it is on the screen."]
    command: Annotated[str, "One line of shell, without a comment and without a placeholder."]
    node: Annotated[str, "Where it is typed; empty for the controller."]
    root: Annotated[bool, "Whether it needs the rights of root on the node."]
    looks: Annotated[bool, "Whether it only shows something, and repairs nothing."]
    when: Annotated[str, "What a person has to do or to judge first; empty if it may be typed at once."]
    instead: Annotated[bool, "Whether it is another way than what is before it, and not the next step."]


class EditDocument(TypedDict):
    """A change of a file whose content a person decides."""

    type: Literal["edit"]
    text: str
    file: str
    node: Annotated[str, "Where the file is; empty for the controller."]
    change: str
    instead: bool


class AskDocument(TypedDict):
    """A task for a person who can do what neither a command nor the inventory does."""

    type: Literal["ask"]
    text: str
    whom: str
    what: str
    instead: bool


RemedyDocument = RunDocument | EditDocument | AskDocument


class FindingDocument(TypedDict):
    """One problem."""

    id: Annotated[str, "`CODE@subject`, unique within a report and the same in the next one."]
    code: Annotated[str, Rule(pattern="^[A-Z][A-Z0-9_]+$", description="See `fatecloud explain CODE`.")]
    severity: Severity
    subject: SubjectDocument
    symptom: Annotated[str, Rule(minLength=1)]
    cause: str
    remedy: Annotated[list[RemedyDocument], "What is to be done, in order: of type `run`, `edit` or `ask`."]
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


class MutedDocument(TypedDict):
    """A finding that does not count, because operators know of it."""

    finding: FindingDocument
    mute: Annotated[str, "Id of the finding that was muted: this one, or the one that explains it."]
    reason: str
    until: Time
    by: str


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
    settling: Annotated[list[Key], "Services that are being changed or were just started; their findings wait."]
    runs: Annotated[list[str], "One sentence for each run that is changing nodes now."]
    muted: Annotated[
        list[MutedDocument], "No effect on status and summary until they are worse than when they were muted."
    ]
    fallen: Annotated[list[str], "One sentence for each mute of a finding that counts again."]


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
