"""A JVM from an archive of an operator's: recognised by what is in it, started before and after it is packed, kept."""

from __future__ import annotations

import json
import platform
import tarfile
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from fatecloud.artifacts.jdk import import_jdk, imported_jdks, is_jdk
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError, NotTrusted
from fatecloud.signing.fingerprint import from_hex
from fatecloud.workflow.acceptance import Acceptance
from fatecloud.workflow.release import import_files, verify_store

SAYS = """#!/bin/sh
echo started >> {calls}
cat >&2 <<END
Property settings:
    java.vendor = Example
    java.vm.name = OpenJDK 64-Bit Server VM
    java.version = {version}
END
exit {status}
"""
GLIBC = b"\x7fELF\0GLIBC_2.17\0GLIBC_2.28\0"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def archive(
    tmp_path: Path,
    version: str = "17.0.12",
    *,
    name: str = "vendor-name.tgz",
    root: str = "jdk-17.0.12+7",
    status: int = 0,
    without: tuple[str, ...] = (),
    links: dict[str, str] | None = None,
) -> Path:
    """What a vendor publishes, small."""
    text = SAYS.format(calls=tmp_path / "calls", version=version, status=status).encode()
    files = {
        "bin/java": (text, 0o755),
        "lib/server/libjvm.so": (GLIBC, 0o755),
        "lib/modules": (b"classes", 0o644),
        "jmods/java.base.jmod": (b"x" * 4096, 0o644),
        "src.zip": (b"y" * 4096, 0o644),
        "release": (b'JAVA_VERSION="17.0.12"\n', 0o644),
    }
    target = tmp_path / name
    with tarfile.open(target, "w:gz") as tar:
        for path, (data, mode) in files.items():
            if path not in without:
                member = tarfile.TarInfo(f"{root}/{path}")
                member.size, member.mode = len(data), mode
                tar.addfile(member, BytesIO(data))
        for path, leads in (links or {}).items():
            member = tarfile.TarInfo(f"{root}/{path}")
            member.type, member.linkname = tarfile.SYMTYPE, leads
            tar.addfile(member)
    return target


def names(file: Path) -> set[str]:
    with tarfile.open(file) as tar:
        return {member.name for member in tar if member.isfile()}


def silent(_: str) -> None:
    """Say nothing."""


def test_a_jvm_is_known_by_its_files_and_not_by_its_name(tmp_path: Path) -> None:
    assert is_jdk(archive(tmp_path, name="python-3.10.tgz"))
    assert not is_jdk(archive(tmp_path, without=("lib/server/libjvm.so",)))
    other = tmp_path / "jdk-17.tar.gz"
    other.write_bytes(b"not a tarball")
    assert not is_jdk(other)


def test_it_is_packed_without_its_outer_directory_and_what_no_service_needs(tmp_path: Path, store: Store) -> None:
    said: list[str] = []
    jdk = import_jdk(archive(tmp_path), "vendor-name.tgz", store, said.append)
    assert (jdk.major, jdk.version, jdk.arch, jdk.glibc) == (17, "17.0.12", platform.machine(), "2.28")
    (artifact,) = jdk.tree.artifacts
    assert names(store.path(artifact.sha256)) == {"bin/java", "lib/server/libjvm.so", "lib/modules", "release"}
    assert said == ["JVM: Java 17.0.12, imported: vendor-name.tgz; runs on nodes with glibc 2.28 or newer"]
    assert (tmp_path / "calls").read_text().splitlines() == ["started"] * 2
    assert imported_jdks(store) == (jdk,)


def test_the_same_archive_gives_the_same_bytes_everywhere(tmp_path: Path, store: Store) -> None:
    one = import_jdk(archive(tmp_path), "a", store, silent)
    two = import_jdk(archive(tmp_path, name="b.tgz", root="other"), "b", Store(tmp_path / "second"), silent)
    assert one == two


def test_a_jdk_8_is_taken_whole_not_the_jre_in_it(tmp_path: Path, store: Store) -> None:
    outer = tmp_path / "outer.tgz"
    with tarfile.open(outer, "w:gz") as tar, tarfile.open(archive(tmp_path, "1.8.0_345")) as inner:
        for member in inner:
            data = inner.extractfile(member)
            path = member.name.partition("/")[2]
            for place in ("jdk8", "jdk8/jre") if path == "bin/java" else ("jdk8/jre",):
                copy = tarfile.TarInfo(f"{place}/{path}")
                copy.size, copy.mode = member.size, member.mode
                tar.addfile(copy, BytesIO(data.read() if data else b""))
                data = inner.extractfile(member)
    jdk = import_jdk(outer, "outer.tgz", store, silent)
    assert jdk.major == 8
    assert "jre/bin/java" in names(store.path(jdk.tree.artifacts[0].sha256))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 1}, "does not start like a JVM: status 1"),
        ({"version": "sixteen"}, "does not start like a JVM"),
        ({"without": ("lib/server/libjvm.so",)}, "no bin/java with a virtual machine"),
        ({"links": {"lib/security/cacerts": "/etc/ssl/certs/java/cacerts"}}, "leads out of it"),
    ],
)
def test_one_that_cannot_be_used_is_refused_and_leaves_nothing(
    tmp_path: Path, store: Store, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ArtifactError, match=reason):
        import_jdk(archive(tmp_path, **change), "vendor-name.tgz", store, silent)
    assert imported_jdks(store) == ()
    assert list(store.all()) == []


def test_a_later_import_of_a_feature_release_replaces_the_earlier_one(tmp_path: Path, store: Store) -> None:
    import_jdk(archive(tmp_path, "17.0.9"), "old", store, silent)
    eight = import_jdk(archive(tmp_path, "1.8.0_345"), "eight", store, silent)
    new = import_jdk(archive(tmp_path, "17.0.12"), "new", store, silent)
    assert set(imported_jdks(store)) == {eight, new}


@pytest.mark.parametrize(
    "change",
    [
        {"glibc": "latest"},
        {"artifact": None},
        {"name": "jdk==18.0.1"},
        {"filename": "../../x.tar.gz"},
        {"size": -1},
        {"kind": "wheel"},
        {"sha256": "0"},
    ],
    ids=str,
)
def test_a_record_that_is_not_as_we_write_it_counts_as_not_there(
    tmp_path: Path, store: Store, change: dict[str, Any]
) -> None:
    import_jdk(archive(tmp_path), "x", store, silent)
    (file,) = (store.root / "jdks").iterdir()
    record = json.loads(file.read_text())
    for key, value in change.items():
        (record if key in record else record["artifact"])[key] = value
    file.write_text(json.dumps(record))
    assert imported_jdks(store) == ()


def test_the_verb_imports_only_what_someone_confirmed(tmp_path: Path, store: Store) -> None:
    file, today = archive(tmp_path), date(2026, 11, 29)
    with pytest.raises(NotTrusted, match="no one confirmed it"):
        import_files([file], store, silent, Acceptance(), today)
    assert not (tmp_path / "calls").exists()
    import_files([file], store, silent, Acceptance(confirmed=(from_hex(sha256_of(file)),)), today)
    (jdk,) = imported_jdks(store)
    assert jdk.version == "17.0.12"
    # What the store has of it is known: it is not reported as something that no release names.
    assert verify_store(store, silent).unknown == ()
