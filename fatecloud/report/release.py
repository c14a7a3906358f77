"""Releases as text and as documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from fatecloud.model.artifact import Artifact
from fatecloud.model.package import PackageNeed
from fatecloud.model.release import Release
from fatecloud.model.runtime import JavaRange
from fatecloud.model.sizes import size_text
from fatecloud.model.vulnerability import SEVERITIES, KnownVulnerabilities, VulnerablePackage
from fatecloud.report.kinds.release import (
    ArtifactDocument,
    InterpreterDocument,
    JavaDocument,
    PackageDocument,
    ReleaseDocument,
    ReleaseList,
    StoreVerification,
    VulnerableDocument,
)
from fatecloud.report.wrap import table, wrapped

_PUT_TOGETHER = (
    "The list was put together on that day from advisories and public repositories. It is not the outcome of a scan, "
    "and the severities were not all compared with one database."
)


class StoredJdk(Protocol):
    """An imported JVM in the store."""

    @property
    def version(self) -> str:
        """`17.0.12`."""

    @property
    def fingerprint(self) -> str:
        """What an importer confirms."""

    @property
    def source(self) -> str:
        """Its source, for people."""

    @property
    def glibc(self) -> str:
        """Oldest glibc that it runs with."""


class Stored(Protocol):
    """An interpreter in the store."""

    @property
    def fingerprint(self) -> str:
        """What an importer confirms."""

    @property
    def origin(self) -> str:
        """Kind of source."""

    @property
    def source(self) -> str:
        """Its source, for people."""

    @property
    def glibc(self) -> str:
        """Oldest glibc that it runs with."""


class KeptPackage(Protocol):
    """A package in the store."""

    @property
    def artifact(self) -> Artifact:
        """The archive that we made of it."""

    @property
    def source(self) -> str:
        """The file that was imported, and the place in it."""


def release_text(
    release: Release,
    held: Mapping[str, Sequence[Artifact]],
    state: str,
    known: KnownVulnerabilities,
    width: int,
    packages: Mapping[str, KeptPackage] = MappingProxyType({}),
) -> str:
    """Everything about a release.

    Args:
        release: which.
        held: `in the store` and `missing`, as far as they are known.
        state: one sentence about the store.
        known: its vulnerabilities.
        width: columns of the terminal.
        packages: those in the store, by kind.
    """
    parts = (_lines(release, width), _known(known, width), _packages(release, packages, width))
    return "\n".join((*(line for part in parts for line in part), *_files(held, state, width)))


def _interpreter(interpreter: Stored | None) -> InterpreterDocument | None:
    if interpreter is None:
        return None
    return {
        "fingerprint": interpreter.fingerprint,
        "origin": interpreter.origin,
        "source": interpreter.source,
        "glibc": interpreter.glibc,
    }


def _lines(release: Release, width: int) -> Iterator[str]:
    yield from wrapped(f"{release.name}: {release.summary}", width, "", "    ")
    yield "components"
    for component, version in release.components.items():
        oldest = release.minimum.get(component, {})
        wanted = " or ".join(f"{product} {floor}" for product, floor in oldest.items())
        yield from wrapped(
            f"{version} ({wanted} or newer)" if wanted else version, width, f"  {component:<12} ", " " * 15
        )
    yield from wrapped(f"architectures: {', '.join(release.architectures)}", width, "", "    ")
    for architecture, why in release.unsupported.items():
        yield from wrapped(f"not yet: {architecture}: {why}", width, "  ", "    ")
    for python in release.pythons.values():
        yield f"Python {python.requires} on {release.arch}"
        for architecture in release.architectures:
            yield from wrapped(f"{architecture}: {python.reasons[architecture]}", width, "  ", "    ")
    for component, java in release.java.items():
        yield from wrapped(f"Java {java.minimum} to {java.maximum} for {component}: {java.reason}", width, "", "    ")


def _known(known: KnownVulnerabilities, width: int) -> Iterator[str]:
    advisories = [advisory for entry in known.packages for advisory in entry.advisories]
    counts = [f"{sum(a.severity == severity for a in advisories)} {severity}" for severity in SEVERITIES]
    yield from wrapped(
        f"known vulnerabilities on {known.as_of}: {len(advisories)} ({', '.join(counts)})", width, "", "    "
    )
    yield from wrapped(_PUT_TOGETHER, width, "  ", "  ")
    for entry in known.packages:
        yield f"  {entry.package} {entry.version}"
        yield from wrapped(f"stays: {entry.stays}", width, "    ", "      ")
        yield from wrapped(f"narrowed: {entry.narrows}", width, "    ", "      ")
        rows = [(f"    {a.id}", a.severity, f"fixed in {a.fixed}", a.summary) for a in entry.advisories]
        yield from table(rows, width)


def _packages(release: Release, held: Mapping[str, KeptPackage], width: int) -> Iterator[str]:
    if release.packages:
        yield from wrapped("packages of upstream, which `fatecloud release import` recognises", width, "", "    ")
    for name, need in release.packages.items():
        kept = held.get(name)
        if kept:
            text = f"in the store: {size_text(kept.artifact.size)}, from {kept.source}"
        else:
            text = f"missing: {need.file}" + (f", also in {' and '.join(need.also_in)}" if need.also_in else "")
        yield from wrapped(f"{name} {need.version}: {text}", width, "  ", "    ")
        if need.optional and not kept:
            yield from wrapped(f"not needed yet: {need.optional}", width, "    ", "      ")


def _files(held: Mapping[str, Sequence[Artifact]], state: str, width: int) -> Iterator[str]:
    yield from wrapped(state, width, "", "    ")
    for title, artifacts in held.items():
        yield f"{title}: {len(artifacts)} files, {size_text(sum(artifact.size for artifact in artifacts))}"
        yield from table([(f"  {a.sha256[:12]}", f"{size_text(a.size):>9}", a.filename) for a in artifacts], width)


def release_document(
    release: Release,
    store: str,
    held: Sequence[Artifact] | None,
    missing: Sequence[Artifact],
    known: KnownVulnerabilities,
    interpreters: Mapping[str, Stored] = MappingProxyType({}),
    jdks: Sequence[StoredJdk] = (),
    packages: Mapping[str, KeptPackage] = MappingProxyType({}),
) -> ReleaseDocument:
    """A release as a document for programs.

    Args:
        release: which.
        store: path of the store.
        held: its files in the store; None if it is not complete.
        missing: files that the store lacks.
        known: its vulnerabilities.
        interpreters: those in the store, by Python set.
        jdks: imported JVMs that it can use.
        packages: those in the store, by kind.
    """
    return {
        "name": release.name,
        "summary": release.summary,
        "store": store,
        "complete": held is not None,
        "components": dict(release.components),
        "oldest": {component: dict(floors) for component, floors in release.minimum.items()},
        "architectures": list(release.architectures),
        "unsupported": dict(release.unsupported),
        "pythons": [
            {"name": name, "requires": python.requires, "interpreter": _interpreter(interpreters.get(name))}
            for name, python in release.pythons.items()
        ],
        "java": {component: _java(java) for component, java in release.java.items()},
        "jdks": [
            {"version": jdk.version, "fingerprint": jdk.fingerprint, "source": jdk.source, "glibc": jdk.glibc}
            for jdk in jdks
        ],
        "packages": [_package(need, packages.get(name)) for name, need in release.packages.items()],
        "machine": release.arch,
        "artifacts": [_artifact(artifact) for artifact in held or ()],
        "missing": [_artifact(artifact) for artifact in missing],
        "vulnerabilities_known_on": known.as_of,
        "vulnerable": [_vulnerable(entry) for entry in known.packages],
    }


def releases_text(rows: Iterable[tuple[Release, bool, int]], width: int) -> str:
    """All releases, one line each if the width allows it; `rows` as for `releases_document`."""
    cells = [(r.name, "in the store" if whole else f"{count} files to fetch", r.summary) for r, whole, count in rows]
    return "\n".join(table(cells, width))


def verification_document(
    store: str, verified: int, removed: Iterable[str], unknown: Iterable[str]
) -> StoreVerification:
    """What a verification of the store found."""
    return {"store": store, "verified": verified, "removed": list(removed), "unknown": list(unknown)}


def releases_document(store: str, rows: Iterable[tuple[Release, bool, int]]) -> ReleaseList:
    """All releases as a document for programs.

    Args:
        store: path of the store.
        rows: release, whether the store has all of its files, how many locked files are missing.
    """
    return {
        "store": store,
        "items": [
            {"name": release.name, "summary": release.summary, "complete": complete, "missing_files": count}
            for release, complete, count in rows
        ],
    }


def _package(need: PackageNeed, kept: KeptPackage | None) -> PackageDocument:
    return {
        "name": need.name,
        "version": need.version,
        "file": need.file,
        "also_in": list(need.also_in),
        "needed": not need.optional,
        "stored": {"sha256": kept.artifact.sha256, "size": kept.artifact.size, "source": kept.source} if kept else None,
    }


def _java(java: JavaRange) -> JavaDocument:
    return {"minimum": java.minimum, "maximum": java.maximum, "reason": java.reason}


def _vulnerable(entry: VulnerablePackage) -> VulnerableDocument:
    return {
        "package": entry.package,
        "version": entry.version,
        "stays": entry.stays,
        "narrows": entry.narrows,
        "advisories": [
            {"id": a.id, "severity": a.severity, "fixed": a.fixed, "summary": a.summary} for a in entry.advisories
        ],
    }


def _artifact(artifact: Artifact) -> ArtifactDocument:
    return {
        "name": artifact.name,
        "filename": artifact.filename,
        "sha256": artifact.sha256,
        "size": artifact.size,
    }
