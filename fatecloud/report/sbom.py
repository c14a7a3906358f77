"""A release as a CycloneDX document: what it consists of, and the known vulnerabilities of its parts."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.impact_analysis import ImpactAnalysisResponse
from cyclonedx.model.tool import Tool
from cyclonedx.model.vulnerability import (
    BomTarget,
    Vulnerability,
    VulnerabilityAnalysis,
    VulnerabilityRating,
    VulnerabilitySeverity,
    VulnerabilitySource,
)
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from fatecloud import __version__
from fatecloud.model.artifact import Artifact
from fatecloud.model.release import DISTRIBUTION, Release
from fatecloud.model.vulnerability import KnownVulnerabilities, VulnerablePackage

_NVD = "https://nvd.nist.gov/vuln/detail/"
_RATED = "from an advisory or a public repository, not compared with one database"
_INTERPRETER_LICENCE = "PSF-2.0"


def sbom_text(
    release: Release,
    artifacts: Sequence[Artifact],
    licences: Mapping[str, str],
    known: KnownVulnerabilities,
) -> str:
    """JSON of CycloneDX 1.6.

    Args:
        release: which.
        artifacts: its files: those in the store, or those that a fetch would get.
        licences: by the artifact's name, as far as they are known.
        known: vulnerabilities of these artifacts.
    """
    # The same release and files have the same number, so that two documents can be compared.
    digest = hashlib.sha256("\n".join([release.name, *sorted(artifact.sha256 for artifact in artifacts)]).encode())
    bom = Bom(serial_number=uuid.UUID(bytes=digest.digest()[:16], version=4))
    name, _, version = release.name.rpartition("-")
    whole = Component(
        name=name,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=release.name,
        description=release.summary,
    )
    bom.metadata.component = whole
    bom.metadata.tools.tools.add(Tool(name="fatecloud", version=__version__))
    locked = {artifact.name: artifact.sha256 for python in release.pythons.values() for artifact in python.lock}
    parts = {artifact.name: _part(artifact, licences, locked.get(artifact.name, "")) for artifact in artifacts}
    brought = [_of_distribution(release, name) for name, kind in release.components.items() if kind == DISTRIBUTION]
    bom.components.update([*parts.values(), *brought])
    bom.register_dependency(whole, bom.components)
    for entry in known.packages:
        bom.vulnerabilities.update(_vulnerabilities(entry, parts[f"{entry.package}=={entry.version}"], known.as_of))
    return str(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2))


def _part(artifact: Artifact, licences: Mapping[str, str], locked: str) -> Component:
    """An artifact; `locked` is the hash of the file that the lock names, "" for what is not in the lock."""
    name, _, version = artifact.name.partition("==")
    interpreter = artifact.kind == "interpreter"
    licence = licences.get(artifact.name, _INTERPRETER_LICENCE if interpreter else "")
    changed = [Property(name="fatecloud:made-from-sha256", value=locked)] if locked not in ("", artifact.sha256) else []
    return Component(
        name=name,
        version=version,
        type=ComponentType.PLATFORM if interpreter else ComponentType.LIBRARY,
        bom_ref=artifact.name,
        purl=PackageURL("generic" if interpreter else "pypi", name=name, version=version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=artifact.sha256)],
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
        properties=[Property(name="fatecloud:file", value=artifact.filename), *changed],
    )


def _of_distribution(release: Release, name: str) -> Component:
    floors = " or ".join(f"{product} {floor}" for product, floor in release.minimum.get(name, {}).items())
    return Component(
        name=name,
        type=ComponentType.APPLICATION,
        bom_ref=name,
        description=f"package of the node's distribution, {floors} or newer"
        if floors
        else "of the node's distribution",
    )


def _vulnerabilities(entry: VulnerablePackage, part: Component, as_of: str) -> Iterator[Vulnerability]:
    for advisory in entry.advisories:
        source = VulnerabilitySource(name="NVD", url=XsUri(f"{_NVD}{advisory.id}"))
        yield Vulnerability(
            bom_ref=f"{advisory.id}@{entry.package}",
            id=advisory.id,
            source=source,
            description=advisory.summary,
            recommendation=f"fixed in {entry.package} {advisory.fixed}",
            ratings=[VulnerabilityRating(severity=VulnerabilitySeverity(advisory.severity), justification=_RATED)],
            analysis=VulnerabilityAnalysis(
                responses=[ImpactAnalysisResponse.CAN_NOT_FIX],
                detail=f"it stays: {entry.stays}; it is narrowed: {entry.narrows}",
            ),
            affects=[BomTarget(ref=str(part.bom_ref.value))],
            properties=[Property(name="fatecloud:known-on", value=as_of)],
        )
