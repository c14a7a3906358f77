"""Tarballs that an operator brings: bounded before they are unpacked, and without a way out."""

import io
import tarfile
from pathlib import Path

import pytest

from fatecloud.artifacts import unpack
from fatecloud.errors import ArtifactError


def tarball(folder: Path, *members: tarfile.TarInfo) -> Path:
    file = folder / "python.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return file


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 1) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, target, size if kind == tarfile.REGTYPE else 0
    return made


def test_files_directories_and_links_within_are_unpacked(tmp_path: Path) -> None:
    file = tarball(
        tmp_path,
        member("bin", tarfile.DIRTYPE),
        member("bin/python3.10"),
        member("bin/python3", tarfile.SYMTYPE, "python3.10"),
        member("bin/python", tarfile.LNKTYPE, "bin/python3.10"),
        member("a name with\nanother line"),
    )
    unpack.unpack(file, tmp_path / "out")
    assert (tmp_path / "out" / "bin" / "python3").read_bytes() == b"x"


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../outside", "a/../../../outside", "../../../../../../etc/passwd"]
)
def test_a_link_that_leads_out_is_refused(tmp_path: Path, target: str) -> None:
    file = tarball(tmp_path, member("bin/python3.10", tarfile.SYMTYPE, target))
    with pytest.raises(ArtifactError, match="has a link that leads out of it"):
        unpack.unpack(file, tmp_path / "out")


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    file = tarball(tmp_path, member("a", tarfile.SYMTYPE, "b"), member("b", tarfile.SYMTYPE, "a"))
    with pytest.raises(ArtifactError, match="has a link that leads out of it"):
        unpack.unpack(file, tmp_path / "out")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_refused_before_anything_is_unpacked(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(ArtifactError, match="has devices or pipes in it"):
        unpack.unpack(tarball(tmp_path, member("first"), member("special", kind)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_many_or_large_files_are_refused_before_anything_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tarball(tmp_path, *(member(f"file{number}", size=1000) for number in range(20)))
    for limit, value in (("MOST_FILES", 19), ("MOST_BYTES", 19_999)):
        with monkeypatch.context() as limited:
            limited.setattr(unpack, limit, value)
            with pytest.raises(ArtifactError, match="has more than"):
                unpack.unpack(file, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    unpack.unpack(file, tmp_path / "out")


def test_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "python.tar.gz").write_bytes(b"no archive")
    with pytest.raises(ArtifactError, match="cannot be unpacked"):
        unpack.unpack(tmp_path / "python.tar.gz", tmp_path / "out")
