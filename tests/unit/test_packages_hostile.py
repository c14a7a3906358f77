"""Archives that strangers made: each is refused with file, place and reason, and nothing is left behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from package_world import archive_of, found_in, layout, tar_of, zip_of

from fatecloud.artifacts.packages.bounds import Bounds
from fatecloud.errors import ArtifactError

OSX = "osx@1.1.0"
NOISE = b"".join(hashlib.sha256(bytes([number % 256, number // 256])).digest() for number in range(1250))


def with_member(**changes: object) -> bytes:
    """A package with one member more."""
    member = tarfile.TarInfo("osx/more")
    for name, value in changes.items():
        setattr(member, name, value)
    return tar_of(layout(OSX, "osx"), "gz", member)


def twice() -> bytes:
    return tar_of(layout(OSX, "osx"), "gz", tarfile.TarInfo("./osx//service.sh"))


def below_a_link() -> bytes:
    link, inside = tarfile.TarInfo("osx/link"), tarfile.TarInfo("osx/link/file")
    link.type, link.linkname = tarfile.SYMTYPE, "lib"
    return tar_of(layout(OSX, "osx"), "gz", link, inside)


def encrypted() -> bytes:
    data = bytearray(archive_of("serving-server@2.1.7"))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def zip_link(target: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in layout("serving-server@2.1.7").items():
            archive.writestr(path, content or b"")
        link = zipfile.ZipInfo("conf/link")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, target)
    return out.getvalue()


def zip_twice() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in layout("serving-server@2.1.7").items():
            archive.writestr(path, content or b"")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("service.sh", b"other")
    return out.getvalue()


def sparse() -> bytes:
    member = tarfile.TarInfo("osx/sparse")
    member.type = tarfile.GNUTYPE_SPARSE
    return tar_of(layout(OSX, "osx"), "gz", member)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "absolute": (lambda: with_member(name="/etc/cron.d/x"), r"'/etc/cron\.d/x' leads out of it"),
    "parent": (lambda: with_member(name="osx/../../x"), r"'osx/\.\./\.\./x' leads out of it"),
    "link to the root": (
        lambda: with_member(type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "a link that leads out of it",
    ),
    "link upwards": (lambda: with_member(type=tarfile.SYMTYPE, linkname="../../x"), "a link that leads out of it"),
    "link around": (lambda: with_member(type=tarfile.SYMTYPE, linkname="a/../../x"), "a link that leads out of it"),
    "same as a stranger": (
        lambda: with_member(type=tarfile.LNKTYPE, linkname="/etc/passwd"),
        "does not come before it",
    ),
    "below a link": (below_a_link, "'osx/link/file' lies below 'osx/link', which is not a directory"),
    "below a file": (lambda: with_member(name="osx/service.sh/x"), "lies below 'osx/service.sh'"),
    "device": (lambda: with_member(type=tarfile.CHRTYPE), "is a device, a pipe or a sparse file"),
    "pipe": (lambda: with_member(type=tarfile.FIFOTYPE), "is a device, a pipe or a sparse file"),
    "sparse": (sparse, "is a device, a pipe or a sparse file"),
    "twice": (twice, "'osx/service.sh' is in it twice"),
    "control characters": (lambda: with_member(name="osx/a\x1b[2Jb"), r"characters in its name that cannot be printed"),
    "bytes that are not text": (lambda: with_member(name="osx/\udcff\udcfe"), "cannot be printed"),
    "deep": (lambda: with_member(name="osx/" + "a/" * 60), "more than 40 names"),
    "long": (lambda: with_member(name="osx/" + "a" * 5000), "1024 characters"),
    "header": (lambda: with_member(name="osx/" + "a" * 70_000), "a name or attributes of .* at most 65536"),
    "pax header": (lambda: with_member(pax_headers={"comment": "a" * 70_000}), "attributes of .* at most 65536"),
    "encrypted": (encrypted, "is encrypted"),
    "zip link": (lambda: zip_link("/etc/passwd"), "'conf/link' is a link that leads out of it"),
    "zip twice": (zip_twice, "'service.sh' is in it twice"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["given", "given: set/inner.bin"])
def test_what_a_stranger_made_is_refused_with_file_place_and_reason(name: str, place: str, tmp_path: Path) -> None:
    make, reason = HOSTILE[name]
    data = tar_of({"set/inner.bin": make()}) if ":" in place else make()
    with pytest.raises(ArtifactError, match=reason) as caught:
        found_in(tmp_path, given=data)
    assert caught.value.message.startswith(f"{place}: ")
    assert caught.value.message.isprintable()
    assert [path.name for path in tmp_path.iterdir()] == ["given"]


def leave_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Let the disk seem to have so many bytes free."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))


@pytest.mark.parametrize("how", ["gz", "bz2", "xz", ""])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_archive_is_refused_wherever_it_ends(how: str, share: float, tmp_path: Path) -> None:
    whole = tar_of({"noise": NOISE, **layout(OSX, "osx")}, how)
    # A tar is filled with zeros after its end mark, which may be cut off.
    data = (whole if how else whole[: len(whole.rstrip(b"\0"))])[: int(len(whole) * share)]
    with pytest.raises(ArtifactError, match=r"given: it is (truncated|damaged)"):
        found_in(tmp_path, given=data)
    with pytest.raises(ArtifactError, match=r"given: set/osx: it is (truncated|damaged)"):
        found_in(tmp_path, given=tar_of({"set/osx": data}))


def test_an_archive_without_its_end_mark_or_with_a_damaged_middle_is_refused(tmp_path: Path) -> None:
    whole = tar_of(layout(OSX, "osx"), "")
    end = len(whole.rstrip(b"\0")) // 512 * 512 + 512
    with pytest.raises(ArtifactError, match="truncated: it ends before its end mark"):
        found_in(tmp_path, given=whole[:end])
    damaged = bytearray(tar_of({"noise": NOISE, **layout(OSX, "osx")}))
    damaged[20_000:20_100] = bytes(100)
    with pytest.raises(ArtifactError, match="given: it is damaged"):
        found_in(tmp_path, given=bytes(damaged))


@pytest.mark.parametrize("share", [0.3, 0.97])
def test_a_truncated_zip_is_refused(share: float, tmp_path: Path) -> None:
    data = archive_of("serving-server@2.1.7")
    with pytest.raises(ArtifactError, match="given: it is truncated: the list of members at its end is missing"):
        found_in(tmp_path, given=data[: int(len(data) * share)])


def test_a_bomb_is_refused_while_it_is_read(tmp_path: Path) -> None:
    small = Bounds(ratio_from=1 << 20)
    for data in (
        tar_of({"zeros": bytes(30 << 20)}),
        tar_of({"set/inner": tar_of({"zeros": bytes(30 << 20)})}),
        zip_of({"zeros": bytes(30 << 20)}),
        tar_of({"zeros": bytes(30 << 20)}, "xz"),
    ):
        with pytest.raises(ArtifactError, match=r"given.*: it unpacks to more than 200 times its size"):
            found_in(tmp_path, small, given=data)
    with pytest.raises(ArtifactError, match=r"it unpacks to more than 1 MiB"):
        found_in(tmp_path, Bounds(unpacked=1 << 20), given=tar_of({"noise": NOISE * 30}))


def test_what_follows_the_end_mark_counts_too(tmp_path: Path) -> None:
    data = gzip.compress(tar_of(layout(OSX, "osx"), "") + bytes(30 << 20))
    with pytest.raises(ArtifactError, match="more than 200 times"):
        found_in(tmp_path, Bounds(ratio_from=1 << 20), given=data)


def test_a_million_members_are_refused_and_not_kept(tmp_path: Path) -> None:
    data = b"".join(tarfile.TarInfo(f"a/{number}").tobuf() for number in range(3000))
    few = Bounds(members=1000)
    tracemalloc.start()
    with pytest.raises(ArtifactError, match="given: it has more than 1000 members"):
        found_in(tmp_path, few, given=data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(data) * 4
    with pytest.raises(ArtifactError, match="a list of 3001 members, at most 1000"):
        found_in(tmp_path, few, given=zip_of({f"n{number}": b"" for number in range(3001)}))


def test_a_zip_that_claims_a_long_list_is_refused_before_it_is_read(tmp_path: Path) -> None:
    data = bytearray(archive_of("serving-server@2.1.7"))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = struct.pack("<I", 0x7FFF_FFFF)
    with pytest.raises(ArtifactError, match=r"a list of .* members"):
        found_in(tmp_path, given=bytes(data))


def test_archives_nested_too_deep_are_not_looked_into(tmp_path: Path) -> None:
    data = archive_of(OSX)
    for level in range(10):
        data = tar_of({f"level{level}": data})
    made = found_in(tmp_path, given=data)
    assert made.found == ()
    assert [reason.rpartition(": ")[2] for reason in made.unused] == ["it is nested deeper than 4 archives in archives"]


def test_an_xz_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    data = lzma.compress(tar_of(layout(OSX), ""), preset=6)
    with pytest.raises(ArtifactError, match="given: it is damaged: Memory usage limit"):
        found_in(tmp_path, Bounds(dictionary=1 << 20), given=data)


def test_a_zip_of_more_than_four_gigabytes_by_its_form_is_read(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in layout("serving-server@2.1.7").items():
            with archive.open(path, "w", force_zip64=True) as member:
                member.write(content or b"")
    (found,) = found_in(tmp_path, given=out.getvalue()).found
    assert found.title == "serving-server 2.1.7"


def test_a_large_zip_in_an_archive_needs_room_on_the_stores_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_free(monkeypatch, 1000)
    data = tar_of({"set/server.zip": zip_of({"noise": NOISE, **layout("serving-server@2.1.7")})})
    with pytest.raises(ArtifactError, match=r"an archive inside another one needs .* KiB, and 1000 bytes are free"):
        found_in(tmp_path, given=data)


def test_broken_archives_deep_in_a_set_are_only_mentioned(tmp_path: Path) -> None:
    """Sources of Python packages bring such archives for their own tests."""
    source = tar_of({"p-1/PKG-INFO": b"", "p-1/tests/broken.tar.gz": tar_of({"noise": NOISE})[:2000]})
    odd = tar_of({"q-1/setup.py": b""}, "gz", tarfile.TarInfo("/absolute"))
    data = tar_of({"set/pypi.tar.gz": tar_of({"p.tar.gz": source, "q.tar.gz": odd}), "set/osx": archive_of(OSX, "osx")})
    made = found_in(tmp_path, given=data)
    assert [found.title for found in made.found] == ["osx 1.1.0"]
    assert [reason.partition(": it is ")[0].partition(": '/abs")[0] for reason in made.unused] == [
        "given: set/pypi.tar.gz: p.tar.gz: p-1/tests/broken.tar.gz",
        "given: set/pypi.tar.gz: q.tar.gz",
    ]
