"""Artifacts with Maven coordinates come in one run of Maven, each held to its hash."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from artifact_world import catalogue_release
from test_artifacts_fetch import Watcher

from fatecloud import catalogue
from fatecloud.artifacts import fetch
from fatecloud.artifacts.index import loose
from fatecloud.artifacts.maven import download_maven
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, ArtifactMissing, ClientMissing, HashMismatch
from fatecloud.model.artifact import Artifact
from fatecloud.model.release import Release
from fatecloud.model.trees import Tree

NAMESPACE = {"m": "http://maven.apache.org/POM/4.0.0"}


def jar(coordinates: str, filename: str) -> Artifact:
    """An artifact whose content is its file name."""
    sha256 = hashlib.sha256(filename.encode()).hexdigest()
    return Artifact(coordinates, filename, sha256, len(filename), "jar")


JARS = (
    jar("io.netty:netty-all:4.1.1:jar", "netty-all-4.1.1.jar"),
    jar("io.netty:netty-all:4.1.2:jar", "netty-all-4.1.2.jar"),
    jar("org.x:native:1:jar:linux-x86_64", "native-1-linux-x86_64.jar"),
)


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Maven that brings every file that its project asks for; it notes its arguments, and keeps its project."""
    program = tmp_path / "bin" / "mvn"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
echo "$@" >> {tmp_path}/calls
for a in "$@"; do case $a in */pom.xml) pom=$a;; esac; done
cp "$pom" {tmp_path}/project.xml
cd "${{pom%/pom.xml}}"
for f in $(grep -o '<destFileName>[^<]*' "$pom" | cut -d'>' -f2); do printf %s "$f" > "$f"; done
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


def test_all_of_them_come_in_one_run(maven: Path) -> None:
    store, watcher = Store(maven / "store"), Watcher()
    download_maven(JARS, store, watcher)
    assert all(store.holds(jar) for jar in JARS)
    assert len((maven / "calls").read_text().splitlines()) == 1
    assert watcher.steps == ["fetching 3 files with Maven", ""]


def test_each_is_asked_for_by_itself_without_what_it_depends_on(maven: Path) -> None:
    """Also two versions of one project, for two trees: as dependencies of one project Maven would drop one of them."""
    download_maven(JARS, Store(maven / "store"), Watcher())
    project = ET.parse(maven / "project.xml")  # noqa: S314 - our own
    found = project.iterfind(".//m:artifactItem", NAMESPACE)
    items = [{value.tag.partition("}")[2]: value.text for value in item} for item in found]
    assert [item["version"] for item in items] == ["4.1.1", "4.1.2", "1"]
    assert items[2] == {
        "groupId": "org.x",
        "artifactId": "native",
        "version": "1",
        "type": "jar",
        "classifier": "linux-x86_64",
        "destFileName": "native-1-linux-x86_64.jar",
    }
    assert project.find(".//m:dependencies", NAMESPACE) is None
    assert "dependency:copy" in (maven / "calls").read_text().split()


def test_other_bytes_than_the_locks_are_refused(maven: Path) -> None:
    store = Store(maven / "store")
    with pytest.raises(HashMismatch, match="expected SHA-256 " + "0" * 64):
        download_maven([replace(JARS[0], sha256="0" * 64)], store, Watcher())
    assert not list(store.all())


def test_a_file_that_did_not_arrive_is_named(maven: Path) -> None:
    (maven / "bin" / "mvn").write_text("#!/bin/sh\necho '[ERROR] Could not find artifact x'; exit 1\n")
    with pytest.raises(ArtifactError, match=r"netty-all:4.1.1:jar: Maven reports: \[ERROR\] Could not find"):
        download_maven(JARS[:1], Store(maven / "store"), Watcher())


def test_without_maven_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientMissing) as caught:
        download_maven(JARS, Store(tmp_path / "store"), Watcher())
    assert "release import" in caught.value.remedy


def java_only(*artifacts: Artifact) -> Release:
    """A release that has no Python."""
    return replace(catalogue_release(), pythons={}, trees={"app": Tree("app", artifacts)})


def test_a_release_without_python_is_fetched_and_complete(maven: Path) -> None:
    store, release = Store(maven / "store"), java_only(*JARS)
    assert fetch.stored(release, store) is None
    assert fetch.fetch(release, store, Watcher())
    held = fetch.stored(release, store)
    assert held is not None
    assert (dict(held.interpreters), set(held.artifacts)) == ({}, set(JARS))
    assert not fetch.fetch(release, store, Watcher())


def test_an_archive_that_no_registry_has_is_asked_for_before_anything_is_fetched(maven: Path) -> None:
    release = java_only(*JARS, Artifact("eggroll==3.2.0", "eggroll.tar.gz", "1" * 64, 5, "archive"))
    with pytest.raises(ArtifactMissing, match=r"no registry has eggroll\.tar\.gz") as caught:
        fetch.fetch(release, Store(maven / "store"), Watcher())
    assert "release import" in caught.value.remedy
    assert not (maven / "calls").exists()


def test_a_lock_names_artifacts_by_pins_or_coordinates() -> None:
    text = "".join(f"{a.name} --hash=sha256:{a.sha256}  # {a.filename} {a.size}\n" for a in JARS)
    assert catalogue.parse_lock(text) == JARS
    (archive,) = catalogue.parse_lock(f"eggroll==3.2.0 --hash=sha256:{'1' * 64}  # eggroll.tar.gz 5\n")
    assert (archive.kind, archive.coordinates) == ("archive", "")
    (packed,) = catalogue.parse_lock(f"g:a:1:zip --hash=sha256:{'1' * 64}  # a-1.zip 5\n")
    assert (packed.kind, packed.coordinates) == ("archive", "g:a:1:zip")
    for wrong in ("g:a --hash=sha256:" + "1" * 64 + "  # a 5", "g:a:1:jar:c:d --hash=sha256:" + "1" * 64 + "  # a 5"):
        with pytest.raises(ValueError, match="not a locked artifact"):
            catalogue.parse_lock(wrong)


def test_supervisors_code_is_pure_so_that_any_python_runs_it() -> None:
    for name in catalogue.names():
        (wheel,) = catalogue.load(name).trees["supervisor"].artifacts
        assert wheel in loose(catalogue.load(name))
        assert wheel.filename.endswith("-none-any.whl")
