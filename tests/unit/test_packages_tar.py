"""Our reader of tars sees what Python's own sees, in every dialect."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from fatecloud.artifacts.packages import tar
from fatecloud.artifacts.packages.bounds import Bounds

LONG = "/".join(["directory-with-a-long-name"] * 8)
FILES = {
    "plain": b"x" * 700,
    f"{LONG}/file": b"deep",
    f"{LONG}/{'n' * 150}": b"long name",
    "名前/é": b"unicode",
    "empty": b"",
}


def read(data: bytes) -> dict[str, tuple[str, bytes, str]]:
    """Name -> kind, content and target."""
    found: dict[str, tuple[str, bytes, str]] = {}
    for member in tar.members(io.BytesIO(data), Bounds()):
        content = b"".join(iter(lambda taken=member: taken.content.read(100), b""))  # type: ignore[misc]
        found[member.name.rstrip("/")] = (member.kind, content, member.target)
    return found


@pytest.mark.parametrize("dialect", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_links_and_directories_are_read_in_every_dialect(dialect: int) -> None:
    out = io.BytesIO()
    headers = {"comment": "about all"} if dialect == tarfile.PAX_FORMAT else None
    with tarfile.open(fileobj=out, mode="w", format=dialect, pax_headers=headers) as archive:
        for name, content in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, kind in (("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("same", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "" if kind == tarfile.DIRTYPE else f"{LONG}/{'t' * 120}"
            archive.addfile(member)
    expected: dict[str, tuple[str, bytes, str]] = {name: ("file", content, "") for name, content in FILES.items()}
    target = f"{LONG}/{'t' * 120}"
    expected |= {"folder": ("directory", b"", ""), "link": ("link", b"", target), "same": ("same", b"", target)}
    assert read(out.getvalue()) == expected


@pytest.mark.parametrize("dialect", ["v7", "oldgnu", "gnu", "ustar", "posix"])
def test_what_the_systems_tar_writes_is_read(dialect: str, tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "bin").mkdir(parents=True)
    (top / "bin" / "run.sh").write_bytes(b"#!/bin/sh\n")
    (top / "bin" / "again.sh").hardlink_to(top / "bin" / "run.sh")
    (top / "link").symlink_to("bin/run.sh")
    if dialect not in ("v7", "ustar"):
        (top / ("n" * 180)).write_bytes(b"long")
    argv = ["tar", f"--format={dialect}", "-c", "-C", str(tmp_path), "top"]
    data = subprocess.run(argv, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        names = {member.name.rstrip("/") for member in archive}
    found = read(data)
    assert set(found) == names
    assert {found["top/bin/run.sh"][0], found["top/bin/again.sh"][0]} == {"file", "same"}
    assert found["top/link"] == ("link", b"", "bin/run.sh")
