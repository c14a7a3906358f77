"""A bundle carries the imported JVMs that its release can use; they are bounded, and nothing of them is believed."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from artifact_world import NAME, artifact, filled, small_release, small_set

from fatecloud import catalogue
from fatecloud.artifacts import bundle
from fatecloud.artifacts.jdk import KeptJdk, imported_jdks, keep, kept_for
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, HashMismatch, NotTrusted
from fatecloud.model.release import Release
from fatecloud.model.runtime import JavaRange
from fatecloud.workflow.acceptance import Acceptance
from fatecloud.workflow.release import holding, import_files, verify_store

TODAY = date(2026, 11, 29)
Contents = list[tuple[tarfile.TarInfo, bytes]]
Change = Callable[[dict[str, Any]], object]


def release() -> Release:
    """The small release with a component that runs in Java 11 to 17."""
    return replace(small_release(), java={"server": JavaRange(11, 17, "it says so")})


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "load", lambda _: release())
    monkeypatch.setattr(catalogue, "names", lambda: (NAME,))


def a_jdk(store: Store, version: str, arch: str = "x86_64") -> KeptJdk:
    """A JVM that the store has accepted."""
    file = artifact(store, f"jdk=={version}", f"jdk-{version}-linux-{arch}.tar.gz", "archive")
    kept = KeptJdk(file, "2.17", "a vendor")
    keep(store, kept, arch)
    return kept


@pytest.fixture
def here(tmp_path: Path) -> Store:
    """A store with the release, and with JVMs of which two fit."""
    store, _ = filled(tmp_path / "from" / "store")
    for version, arch in (("1.8.0_412", "x86_64"), ("17.0.12", "x86_64"), ("11.0.2", "x86_64"), ("17.0.9", "aarch64")):
        a_jdk(store, version, arch)
    return store


@pytest.fixture
def packed(tmp_path: Path, here: Store) -> Path:
    brought = bundle.write_bundle(release(), here, tmp_path / "release.tar")
    assert [jdk.version for jdk in brought.jdks] == ["11.0.2", "17.0.12"]
    return tmp_path / "release.tar"


def rewritten(packed: Path, change: Change = lambda _: None, last: bytes | None = None) -> Path:
    """The bundle with another index, or other bytes of its first file, which is a JVM."""
    with tarfile.open(packed) as source:
        contents: Contents = [(m, (source.extractfile(m) or BytesIO()).read()) for m in source]
    data = json.loads(contents[0][1])
    change(data)
    contents[0] = (contents[0][0], json.dumps(data, sort_keys=True, separators=(",", ":")).encode())
    if last is not None:
        contents[1] = (contents[1][0], last)
    target = packed.with_name("changed.tar")
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as out:
        for member, content in contents:
            member.size = len(content)
            out.addfile(member, BytesIO(content))
    return target


def test_it_arrives_with_the_jvms_that_fit_once_each_was_confirmed(tmp_path: Path, here: Store, packed: Path) -> None:
    there, prints = Store(tmp_path / "there"), [jdk.fingerprint for jdk in kept_for(release(), here)]
    interpreter = next(iter(bundle.write_bundle(release(), here, tmp_path / "2.tar").interpreters.values()))
    said: list[str] = []
    for confirmed in ((), (prints[0],), (prints[1],)):
        given = Acceptance(unsigned=True, confirmed=(interpreter.fingerprint, *confirmed))
        with pytest.raises(NotTrusted, match=r"Java 1[17].*'a vendor'") as caught:
            import_files([packed], there, said.append, given, TODAY)
        assert caught.value.remedy
        assert not there.root.exists()
    given = Acceptance(unsigned=True, confirmed=(interpreter.fingerprint, *prints))
    import_files([packed], there, said.append, given, TODAY)
    assert kept_for(release(), there) == kept_for(release(), here)
    assert small_set(there, release()) == small_set(here, release())
    assert verify_store(there, said.append).unknown == ()
    # What was confirmed once is not asked about again.
    import_files([packed], there, said.append, Acceptance(unsigned=True), TODAY)


def test_a_release_without_java_gets_none(tmp_path: Path, here: Store) -> None:
    assert bundle.write_bundle(small_release(), here, tmp_path / "out.tar").jdks == ()
    assert [jdk.version for jdk in holding(NAME, here).jdks] == ["11.0.2", "17.0.12"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda data: data.pop("jdks"), "cannot be used"),
        (lambda data: data.update(jdks=None), "cannot be used"),
        (lambda data: data.update(jdks=[None]), "not the description of a JVM"),
        (lambda data: data["jdks"][0].update(evil="\x1b[2J" * 9000), "not the description of a JVM"),
        (lambda data: data["jdks"][0].update(source="\x1b[2J"), "not the description of a JVM"),
        (lambda data: data["jdks"][0].update(source="x" * 9000), "not the description of a JVM"),
        (lambda data: data["jdks"][0].update(glibc="9"), "not the description of a JVM"),
        (lambda data: data["jdks"][0]["artifact"].update(filename="../../outside"), "not the description of a JVM"),
        (lambda data: data["jdks"][0]["artifact"].update(size=1 << 50), "not the description of a JVM"),
        (lambda data: data["jdks"][0]["artifact"].update(kind="wheel"), "not the description of a JVM"),
        (lambda data: data["jdks"][0]["artifact"].update(name="jdk==8.0.1"), "not a JVM for fate-2.2.0: Java 8"),
        (lambda data: data["jdks"].append(data["jdks"][0]), "is not the lock"),
        (lambda data: data["jdks"].reverse(), "is not the lock"),
        (lambda data: data["jdks"].clear(), "is not the lock"),
    ],
)
def test_a_jvm_that_is_not_as_we_write_it_is_refused(packed: Path, tmp_path: Path, change: Change, match: str) -> None:
    there = Store(tmp_path / "there")
    with pytest.raises(ArtifactError, match=match) as caught, bundle.opened(rewritten(packed, change)):
        pass
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 400
    assert not there.root.exists()


def test_a_jvm_with_other_bytes_is_refused(packed: Path, tmp_path: Path) -> None:
    there = Store(tmp_path / "there")
    size = len("jdk-11.0.2-linux-x86_64.tar.gz")
    for content, match in ((b"x" * size, "expected SHA-256"), (b"x" * (size + 1), f"got {size + 1}")):
        with (
            pytest.raises(HashMismatch, match=match),
            bundle.opened(rewritten(packed, last=content)) as found,
        ):
            found.unpack(there)
        assert imported_jdks(there) == ()
