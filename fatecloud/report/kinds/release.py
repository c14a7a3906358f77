"""Releases and the artifact store."""

from __future__ import annotations

from typing import Annotated, TypedDict

from fatecloud.model.vulnerability import Severity as VulnerabilitySeverity
from fatecloud.report.kinds.base import Count, Rule


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
    """An interpreter in the store."""

    fingerprint: Annotated[str, "What `release import --confirm-fingerprint` asks for."]
    origin: str
    source: str
    glibc: Annotated[str, "Oldest glibc that it runs with."]


class PythonDocument(TypedDict):
    """A Python set of a release."""

    name: str
    requires: Annotated[str, "Versions of CPython."]
    interpreter: Annotated[InterpreterDocument | None, "The one in the store, if the release is complete there."]


class JavaDocument(TypedDict):
    """Which Java a component runs with."""

    minimum: Count
    maximum: Count
    reason: str


class JdkDocument(TypedDict):
    """An imported JVM in the store."""

    version: str
    fingerprint: Annotated[str, "What `release import --confirm-fingerprint` asks for."]
    source: str
    glibc: Annotated[str, "Oldest glibc that it runs with."]


class StoredPackageDocument(TypedDict):
    """A package in the store, as nodes get it."""

    sha256: Annotated[str, Rule(pattern="^[0-9a-f]{64}$")]
    size: Annotated[Count, "Bytes."]
    source: Annotated[str, "The file that was imported, and the place in it."]


class PackageDocument(TypedDict):
    """A package that no registry has and upstream publishes."""

    name: str
    version: str
    file: Annotated[str, "Upstream's own name for it."]
    also_in: Annotated[list[str], "Upstream's names of larger archives that it comes in."]
    needed: Annotated[bool, "Whether the release is incomplete without it."]
    stored: StoredPackageDocument | None


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
    pythons: list[PythonDocument]
    java: Annotated[dict[str, JavaDocument], "By component."]
    jdks: Annotated[list[JdkDocument], "Imported JVMs in which a component of the release can run; a bundle has them."]
    packages: list[PackageDocument]
    machine: str
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
