"""The fields of each kind of document. The published schema is generated from these types."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypedDict

from fatecloud.model.event import Kind as EventKind
from fatecloud.model.finding import Severity
from fatecloud.model.plan import Verb
from fatecloud.model.vulnerability import Severity as VulnerabilitySeverity


class Rule:
    """JSON Schema keywords of a value, in addition to its type."""

    def __init__(self, **keywords: object) -> None:
        self.keywords = keywords


Time = Annotated[str, Rule(format="date-time", description="UTC, ISO 8601.")]
Seconds = Annotated[float, Rule(minimum=0)]
Count = Annotated[int, Rule(minimum=0)]
Key = Annotated[str, "Key of a service: `9999/flow@a1`."]
Status = Literal["healthy", "warning", "critical", "unknown"]


class SubjectDocument(TypedDict):
    """What a finding is about; levels that do not apply are empty strings."""

    party: str
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


class PortDocument(TypedDict):
    """A port of a service."""

    port: int
    listening: Annotated[bool | None, "null if it could not be read."]


class ServiceStatus(TypedDict):
    """One service on the daily screen."""

    service: Key
    party: str
    component: str
    node: str
    version: str
    deployed: Annotated[str, Rule(enum=["yes", "changed", "no", "?"])]
    running: Annotated[str, Rule(enum=["yes", "settling", "restarting", "hung", "stopping", "no", "?"])]
    uptime_seconds: Seconds | None
    ports: list[PortDocument]
    notes: list[str]
    well: Annotated[bool, "Whether it runs as deployed, so that nothing needs attention."]


class ClusterStatus(TypedDict):
    """`fatecloud status`: every service."""

    cluster: str
    release: str
    exit_status: Annotated[int, Rule(enum=[0, 1, 3]), "0 all well, 1 a service needs attention, 3 a node was not read."]
    taken: Time
    services: list[ServiceStatus]
    notes: Annotated[list[str], "About nodes: not reached, held by a run, last change."]


class ActionDocument(TypedDict):
    """One thing to do to a service, or to a node (`service` is `node`)."""

    verb: Verb
    node: str
    service: str
    reason: str


class StageDocument(TypedDict):
    """Actions that are done together, after the earlier stages."""

    name: str
    actions: list[ActionDocument]


class FileDocument(TypedDict):
    """A file that differs."""

    node: str
    path: str
    service: str
    change: Literal["create", "change", "mode", "remove"]
    drifted: Annotated[bool, "Whether it was edited by hand, or is not ours."]
    diff: Annotated[str, "Unified diff without secrets, from what was deployed; empty if only a secret changes."]
    edited: Annotated[str, "For a drifted file: how it differs from what was deployed, without secrets."]


class LeftDocument(TypedDict):
    """Data that are not moved."""

    service: Key
    node: str
    path: str
    data: str
    successor: Annotated[str, "Key of the service that replaces this one without these data; empty if none does."]
    successor_node: str
    successor_path: str


class RefusalDocument(TypedDict):
    """Why a deploy would stop before it changes anything."""

    exit_status: int
    message: str
    remedy: str
    details: list[str]


class DeployPlan(TypedDict):
    """`fatecloud plan`: what a deploy would do, and the reasons to refuse it."""

    cluster: str
    exit_status: Annotated[int, "Exit status of a deploy that is refused; 0 if nothing prevents it."]
    refusals: list[RefusalDocument]
    complete: Annotated[bool, "Whether everything that the plan needs was read; if not, there are no stages and files."]
    empty: Annotated[bool, "Whether there is nothing to change on any node."]
    smoke_test: Annotated[bool, "Whether the smoke test at the end has to run."]
    stages: list[StageDocument]
    files: list[FileDocument]
    data_not_moved: list[LeftDocument]


class LogEntry(TypedDict):
    """`fatecloud logs`: one document per entry, one per line in JSON."""

    time: Time
    service: Key
    level: Annotated[str | None, Rule(enum=["debug", "info", "warning", "error", "critical", None])]
    file: str
    lines: list[str]


class InventoryDocument(TypedDict):
    """`fatecloud inventory show`: the inventory with every default filled in."""

    cluster: str
    id: str
    release: str
    architecture: str
    nodes: dict[str, Any]
    parties: dict[str, Any]
    peers: dict[str, Any]
    origins: Annotated[dict[str, str], "Dotted path of a value -> where it came from."]


class ProblemDocument(TypedDict):
    """Something wrong with an inventory."""

    line: int | None
    column: int | None
    message: str


class CountsDocument(TypedDict):
    """How many things an inventory has."""

    parties: Count
    nodes: Count
    services: Count
    peers: Count


class InventoryValidation(TypedDict):
    """`fatecloud inventory validate`."""

    file: str
    valid: bool
    cluster: str | None
    release: str | None
    architecture: str | None
    counts: CountsDocument | None
    problems: list[ProblemDocument]


class SecretDocument(TypedDict):
    """One secret, without its value."""

    name: str
    origin: Annotated[str, Rule(enum=["generated", "supplied", "missing"])]
    length: Count
    rotating: bool
    used: Annotated[bool, "Whether this inventory needs it."]


class FormerKey(TypedDict):
    """A key that a cluster signed with before."""

    fingerprint: str
    public_key: str
    until: Annotated[str, "The last day on which its signatures count."]


class SigningKey(TypedDict):
    """`fatecloud key show`. It has no private key."""

    cluster: str
    fingerprint: Annotated[str, "`SHA256:...`, as `ssh-keygen -lf` prints it."]
    public_key: Annotated[str, "As OpenSSH writes it."]
    former: list[FormerKey]


class SecretList(TypedDict):
    """`fatecloud secrets list`."""

    items: list[SecretDocument]


class ReleaseEntry(TypedDict):
    """One release of the catalogue."""

    name: str
    summary: str
    complete: Annotated[bool, "Whether the store has all of it."]
    missing_files: Count


class ReleaseList(TypedDict):
    """`fatecloud release list`."""

    store: str
    items: list[ReleaseEntry]


class ArtifactDocument(TypedDict):
    """A file of a release."""

    name: str
    filename: str
    sha256: Annotated[str, Rule(pattern="^[0-9a-f]{64}$")]
    size: Annotated[Count, "Bytes."]


class AdvisoryDocument(TypedDict):
    """A published vulnerability."""

    id: Annotated[str, "`CVE-2024-3651`."]
    severity: VulnerabilitySeverity
    fixed: Annotated[str, "The first version of the package without it."]
    summary: str


class VulnerableDocument(TypedDict):
    """A package that a release holds at a version with known vulnerabilities."""

    package: str
    version: str
    stays: Annotated[str, "Why the release does not take a newer one."]
    narrows: Annotated[str, "What keeps them from being used, and what you can add."]
    advisories: list[AdvisoryDocument]


class InterpreterDocument(TypedDict):
    """The interpreter of a release in the store."""

    fingerprint: Annotated[str, "What `release import --confirm-fingerprint` asks for."]
    origin: str
    source: str
    glibc: Annotated[str, "Oldest glibc that it runs with."]


class ReleaseDocument(TypedDict):
    """`fatecloud release show`."""

    name: str
    summary: str
    store: str
    complete: bool
    components: dict[str, str]
    oldest: Annotated[dict[str, dict[str, str]], "Component from the distribution -> product -> oldest version."]
    architectures: list[str]
    unsupported: dict[str, str]
    python: str
    machine: str
    interpreter: Annotated[InterpreterDocument | None, "The interpreter, if the release is complete in the store."]
    artifacts: Annotated[list[ArtifactDocument], "Files in the store, if the release is complete there."]
    missing: list[ArtifactDocument]
    vulnerabilities_known_on: Annotated[str, Rule(format="date")]
    vulnerable: list[VulnerableDocument]


class StoreVerification(TypedDict):
    """`fatecloud release verify`."""

    store: str
    verified: Count
    removed: Annotated[list[str], "Files whose content did not match their hash."]
    unknown: Annotated[list[str], "Files that no release of this version names; they are never used."]


class SandboxNode(TypedDict):
    """A node of a sandbox."""

    name: str
    address: str
    state: Annotated[str, "Docker's word: `running`, `exited`, `paused`."]


class SandboxDocument(TypedDict):
    """One sandbox."""

    name: str
    image: str
    nodes: list[SandboxNode]


class SandboxList(TypedDict):
    """`fatecloud sandbox list`."""

    items: list[SandboxDocument]


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


class RunEntry(TypedDict):
    """One run of a verb that changed nodes, or ran a command on them."""

    id: str
    verb: str
    who: Annotated[str, "Login name of the operator."]
    origin: Annotated[str, "The controller's host name, and the client's address behind an SSH login."]
    argv: Annotated[list[str], "The command line, secrets removed."]
    started: Time
    ended: Time | None
    outcome: Annotated[str, "done, failed, refused, locked, unverified, interrupted, killed or running."]
    changed: Annotated[Count, "How many steps changed something."]


class RunList(TypedDict):
    """`fatecloud runs list`: the newest first."""

    items: list[RunEntry]


class RunEvent(TypedDict):
    """One line of progress of a run."""

    time: Time
    kind: EventKind
    text: str
    node: str
    service: str


class Run(RunEntry):
    """`fatecloud runs show`: a run with everything that it reported."""

    events: list[RunEvent]


class ClusterEntry(TypedDict):
    """A cluster that this controller has worked on."""

    id: str
    name: str
    inventory: Annotated[str, "The file that was used last; it may have moved since."]
    runs: Count
    last_run: RunEntry | None
    error: Annotated[str, "Why its history cannot be read; empty if it can."]


class ClusterList(TypedDict):
    """`fatecloud clusters`."""

    items: list[ClusterEntry]


class ModelDocument(TypedDict):
    """The model that the LR job trained."""

    auc: float
    losses: Annotated[list[float], "One per epoch."]
    shared: Annotated[Count, "Rows that both parties have."]


class SmokeTest(TypedDict):
    """`fatecloud test toy` and `fatecloud test lr`, of a job that succeeded."""

    test: Literal["toy", "lr"]
    job: str
    guest: Annotated[str, "Party that started it."]
    host: Annotated[str, "Party that took part."]
    seconds: Annotated[dict[str, float], "Seconds by phase."]
    model: Annotated[ModelDocument | None, "Of the LR; null for the toy."]
    not_removed: Annotated[list[str], "What the test could not remove when it ended."]


class VersionDocument(TypedDict):
    """`fatecloud version`."""

    version: str
    python: str
    ansible_core: str


KINDS: Mapping[str, type] = MappingProxyType(
    {
        "CheckReport": CheckReport,
        "PreflightReport": PreflightReport,
        "ClusterStatus": ClusterStatus,
        "DeployPlan": DeployPlan,
        "LogEntry": LogEntry,
        "Inventory": InventoryDocument,
        "InventoryValidation": InventoryValidation,
        "SecretList": SecretList,
        "SigningKey": SigningKey,
        "ReleaseList": ReleaseList,
        "Release": ReleaseDocument,
        "StoreVerification": StoreVerification,
        "SandboxList": SandboxList,
        "FindingCodeList": FindingCodeList,
        "FindingCode": FindingCode,
        "RunList": RunList,
        "Run": Run,
        "ClusterList": ClusterList,
        "SmokeTest": SmokeTest,
        "Version": VersionDocument,
    }
)
"""`kind` -> the fields of such a document, in addition to `apiVersion` and `kind`."""
