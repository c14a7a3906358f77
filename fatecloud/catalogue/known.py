"""The known vulnerabilities of a release, as data beside its description."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from fatecloud.model.artifact import Artifact
from fatecloud.model.vulnerability import Advisory, KnownVulnerabilities, VulnerablePackage

_DATA = Path(__file__).with_name("vulnerabilities")


def vulnerabilities(name: str, artifacts: Iterable[Artifact] | None = None) -> KnownVulnerabilities:
    """Those of a release that the catalogue has.

    Args:
        name: of the release.
        artifacts: only those of these; None for all. Which interpreter a release gets depends on the store.
    """
    data = yaml.safe_load((_DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    there = None if artifacts is None else {artifact.name for artifact in artifacts}
    packages = tuple(
        VulnerablePackage(
            package=entry["package"],
            version=entry["version"],
            stays=entry["stays"],
            narrows=entry["narrows"],
            advisories=tuple(Advisory(**advisory) for advisory in entry["advisories"]),
        )
        for entry in data["packages"]
        if there is None or f"{entry['package']}=={entry['version']}" in there
    )
    return KnownVulnerabilities(str(data["as_of"]), packages)
