"""A finding is one problem; a report is the outcome of a whole check run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fatecloud.model.mute import Mute
from fatecloud.model.remedy import Remedy

Severity = Literal["warning", "critical", "unknown", "exposure"]
"""`exposure`: not a fault, but what healthy software leaves open to others."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about; empty strings where a level does not apply."""

    owner: str = ""
    node: str = ""
    service: str = ""
    """Key of the service: `9999/flow@a1`."""

    def __str__(self) -> str:
        return self.service or self.node or (f"{self.owner}/" if self.owner else "cluster")


def probe_source(probe: str) -> str:
    """The source of a finding that rests on a probe."""
    return f"probe {probe}"


@dataclass(frozen=True, slots=True)
class Fix:
    """A typed, safe repair that `--fix` may apply; never parsed from a message."""

    action: str
    """Name of a fix that `runner` knows, for example `sysctl`, `directory`, `mask_unit`."""
    node: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem with its cause and remedy."""

    code: str
    severity: Severity
    subject: Subject
    symptom: str
    cause: str = ""
    remedy: tuple[Remedy, ...] = ()
    """What is to be done, in order."""
    expected: str = ""
    got: str = ""
    evidence: tuple[str, ...] = ()
    source: str = ""
    """Which fact or probe it rests on, or which log, file or program of the node a probe read for it."""
    age: float | None = None
    """Seconds since the evidence was taken."""
    began: float | None = None
    """When it began, in seconds since the epoch by the clock of its node; None where no reading says so."""
    caused_by: tuple[str, ...] = ()
    """Ids of findings that explain this one; empty for a root cause."""
    fix: Fix | None = None
    about: str = ""
    """Target of the edge that it concerns (key of a service, `peer:10000`; `10000/` for all of a party), where its code
    is about one of several; several are separated by spaces. The own key for a finding that no neighbour explains."""

    @property
    def id(self) -> str:
        """Stable within a report: `CODE@subject`."""
        return f"{self.code}@{self.subject}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A check that was not judged, with the reason."""

    check: str
    subject: Subject
    reason: str


@dataclass(frozen=True, slots=True)
class Muted:
    """A finding that does not count, because operators know of it."""

    finding: Finding
    mute: Mute
    """Its own, or that of the finding which explains it."""


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one check run."""

    cluster: str
    taken: float
    seconds: float
    passed: int
    """How many check x subject pairs were judged healthy."""
    findings: tuple[Finding, ...]
    """Root causes first."""
    skipped: tuple[Skipped, ...]
    settling: tuple[str, ...] = ()
    """Keys of services that a run changes now, or that are inside their settle time after a start."""
    runs: tuple[str, ...] = ()
    """A sentence for each run of an operator that holds nodes now."""
    exposures: tuple[Finding, ...] = ()
    """Findings of severity `exposure`, which change no exit status."""
    muted: tuple[Muted, ...] = ()
    """Findings that change no exit status until they are worse than when they were muted."""
    fallen: tuple[str, ...] = ()
    """A sentence for each mute of a finding that counts again."""

    @property
    def exit_status(self) -> int:
        """0 healthy, 1 warnings, 2 critical, 3 unknown or nothing checked."""
        severities = {f.severity for f in self.findings}
        if "critical" in severities:
            return 2
        if "unknown" in severities or (self.passed == 0 and not self.findings):
            return 3
        return 1 if "warning" in severities else 0
