"""Fetches artifacts from Maven registries with Maven itself: the operator's settings, mirrors and proxies apply."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, ClientMissing
from fatecloud.model.artifact import Artifact

DEADLINE = 1800
"""Seconds for all artifacts of a release: some 100 MB, over a slow proxy."""
_UNTRUSTED = ("PKIX path", "unable to find valid certification path", "trustAnchors parameter must be non-empty")
"""Java's messages about a certificate authority that is not in its own trust store, or about an empty trust store."""
_NAMES = ("groupId", "artifactId", "version", "type", "classifier")
_ADVICE = (
    "add your CA for Java, as root (Debian: copy it to /usr/local/share/ca-certificates/NAME.crt, apt-get install "
    "ca-certificates-java, update-ca-certificates -f), then run the same command again; or bring the files here and "
    "`fatecloud release import` them"
)


def download_maven(artifacts: Sequence[Artifact], store: Store, progress: Progress) -> None:
    """Bring artifacts with Maven coordinates into the store.

    Raises:
        ClientMissing: Maven is not installed.
        ArtifactError: Maven failed; with its own message.
        HashMismatch: a registry served a file with another hash than the locked one.
    """
    if not artifacts:
        return
    with store.workspace() as folder:
        progress.working(f"fetching {len(artifacts)} files with Maven")
        try:
            copy({artifact.filename: artifact.coordinates for artifact in artifacts}, folder)
        finally:
            progress.working("")
        for artifact in artifacts:
            store.take(folder / artifact.filename, artifact)
            progress.done(artifact)


def copy(wanted: Mapping[str, str], folder: Path) -> None:
    """Copy files of registries into a directory, all in one run of Maven: each run takes longer than a file.

    Each is fetched by itself: what a project's description says that it depends on is not what runs, the lock is.

    Args:
        wanted: name of the file here -> coordinates, `group:artifact:version:type[:classifier]`.

    Raises:
        ClientMissing: Maven is not installed.
        ArtifactError: Maven failed, with its own message, or a file did not arrive.
    """
    client = shutil.which("mvn")
    if client is None:
        raise ClientMissing(
            f"fetching {_some(wanted)}: Maven is not installed",
            package="maven",
            remedy="install maven (Debian: apt-get install maven) and fetch again, or bring the files here and "
            "`fatecloud release import` them",
        )
    project = folder / "pom.xml"
    project.write_bytes(_project(wanted, folder))
    # In a batch: Maven would ask for a version, or draw a progress bar, on a terminal.
    argv = [client, "-q", "-B", "-f", str(project), "dependency:copy"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=DEADLINE, cwd=folder)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ArtifactError(f"fetching {_some(wanted)}: {error}") from error
    absent = {name: text for name, text in wanted.items() if not (folder / name).is_file()}
    if done.returncode != 0 or absent:
        raise _failure(absent or wanted, done.stdout + done.stderr)


def _some(wanted: Mapping[str, str]) -> str:
    shown = list(wanted.values())
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if shown[3:] else "")


def _project(wanted: Mapping[str, str], folder: Path) -> bytes:
    """A description of a project that wants nothing but these files."""
    project = ET.Element("project", xmlns="http://maven.apache.org/POM/4.0.0")
    own = {"modelVersion": "4.0.0", "groupId": "fatecloud", "artifactId": "fetch", "version": "1", "packaging": "pom"}
    _texts(project, own)
    plugin = project
    for name in ("build", "plugins", "plugin"):
        plugin = ET.SubElement(plugin, name)
    _texts(plugin, {"groupId": "org.apache.maven.plugins", "artifactId": "maven-dependency-plugin"})
    settings = ET.SubElement(plugin, "configuration")
    _texts(settings, {"outputDirectory": str(folder)})
    items = ET.SubElement(settings, "artifactItems")
    for filename, coordinates in wanted.items():
        item = ET.SubElement(items, "artifactItem")
        _texts(item, dict(zip(_NAMES, coordinates.split(":"), strict=False)) | {"destFileName": filename})
    return bytes(ET.tostring(project, encoding="utf-8"))


def _texts(parent: ET.Element, values: Mapping[str, str]) -> None:
    for name, text in values.items():
        ET.SubElement(parent, name).text = text


def _failure(wanted: Mapping[str, str], output: str) -> ArtifactError:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line] or lines[-3:] or ["no file was fetched"]
    if any(sign in line for line in errors for sign in _UNTRUSTED):
        return ArtifactError(
            f"fetching {_some(wanted)}: Java does not trust the certificate of the registry or of a proxy in between; "
            "Java has its own list of CAs",
            remedy=_ADVICE,
        )
    return ArtifactError(f"fetching {_some(wanted)}: Maven reports: " + " | ".join(errors[:3]))
