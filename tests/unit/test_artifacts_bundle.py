"""Bundles and files that come by hand: verified one by one, and never trusted to name a path."""

import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from artifact_world import NAME, filled, small_release

from fatecloud import catalogue
from fatecloud.artifacts import bundle, python_set
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, ArtifactMissing, HashMismatch


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    store, _ = filled(tmp_path / "from" / "store")
    target = tmp_path / "release.tar"
    assert bundle.write_bundle(small_release(), store, target) == target.stat().st_size
    return target


def rewritten(packed: Path, change: dict[str, bytes | None]) -> Path:
    """A copy of a bundle with members replaced, added or (None) left out."""
    target = packed.with_name("changed.tar")
    with tarfile.open(packed) as source:
        members = {m.name: (source.extractfile(m) or BytesIO()).read() for m in source}
    with tarfile.open(target, "w") as out:
        for name, content in {**members, **change}.items():
            if content is not None:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                out.addfile(member, BytesIO(content))
    return target


def test_what_is_bundled_comes_out_the_same(packed: Path, tmp_path: Path) -> None:
    there = Store(tmp_path / "there")
    assert bundle.is_bundle(packed)
    assert bundle.read_bundle(packed, there).name == NAME
    here = python_set(small_release(), Store(tmp_path / "from" / "store"))
    assert python_set(small_release(), there) == here


def test_a_bundle_of_an_incomplete_store_is_refused(tmp_path: Path) -> None:
    store, held = filled(tmp_path / "store")
    store.discard(held.wheels[0].sha256)
    with pytest.raises(ArtifactMissing, match="alpha-1"):
        bundle.write_bundle(small_release(), store, tmp_path / "out.tar")
    assert not (tmp_path / "out.tar").exists()


def test_a_member_with_other_bytes_is_refused_by_name(packed: Path, tmp_path: Path) -> None:
    with tarfile.open(packed) as archive:
        name = next(n for n in archive.getnames() if n.endswith("uv-1-py3-none-any.whl"))
    with pytest.raises(HashMismatch, match=r"uv-1-py3-none-any\.whl"):
        bundle.read_bundle(rewritten(packed, {name: b"evil"}), Store(tmp_path / "there"))


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "sha256/xyz/file", f"sha256/{'0' * 64}/../../outside"])
def test_a_member_that_points_elsewhere_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="unexpected member"):
        bundle.read_bundle(rewritten(packed, {name: b"x"}), Store(tmp_path / "there"))
    assert not list(tmp_path.rglob("outside"))


def test_a_bundle_cut_short_is_not_complete(packed: Path, tmp_path: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:-12000])
    with pytest.raises(ArtifactError):
        bundle.read_bundle(packed, Store(tmp_path / "there"))
    with pytest.raises(ArtifactMissing):
        python_set(small_release(), Store(tmp_path / "there"))


def test_a_bundle_without_one_of_its_files_names_it(packed: Path, tmp_path: Path) -> None:
    with tarfile.open(packed) as archive:
        name = next(n for n in archive.getnames() if "beta-2" in n)
    with pytest.raises(ArtifactMissing, match="beta-2"):
        bundle.read_bundle(rewritten(packed, {name: None}), Store(tmp_path / "there"))


@pytest.mark.parametrize("content", [b"", b"text", b"\x1f\x8b not gzip"])
def test_other_files_are_not_accepted_as_a_bundle(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert not bundle.is_bundle(file)


def test_a_locked_name_with_other_bytes_is_refused(tmp_path: Path) -> None:
    locked = catalogue.load(NAME).python.lock[0]
    file = tmp_path / locked.filename
    file.write_bytes(b"not the wheel")
    with pytest.raises(HashMismatch, match=locked.sha256):
        bundle.import_artifact(file, Store(tmp_path / "store"))


def test_a_file_that_no_lock_knows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stranger-1-py3-none-any.whl"
    file.write_bytes(b"x")
    with pytest.raises(ArtifactError, match="is not part of any release"):
        bundle.import_artifact(file, Store(tmp_path / "store"))
