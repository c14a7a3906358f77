"""Bundles and files that come by hand: every byte is held to the release's lock, and no name or size is believed."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from artifact_world import (
    NAME,
    WHEELS,
    artifact,
    catalogue_release,
    filled,
    small_release,
    small_set,
    use_small,
    with_python,
)

from fatecloud import catalogue
from fatecloud.artifacts import bundle
from fatecloud.artifacts.members import members
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError, ArtifactMissing, HashMismatch

Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    use_small(monkeypatch)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    store, held = filled(tmp_path / "from" / "store")
    target = tmp_path / "release.tar"
    assert (
        bundle.write_bundle(small_release(), store, target, lambda _: "a signature").interpreters == held.interpreters
    )
    return target


def taken_apart(packed: Path) -> Members:
    with tarfile.open(packed) as source:
        return [(m, (source.extractfile(m) or BytesIO()).read()) for m in source]


def put_together(packed: Path, contents: Members, format_: int = tarfile.USTAR_FORMAT) -> Path:
    target = packed.with_name("changed.tar")
    with tarfile.open(target, "w", format=format_) as out:
        for member, content in contents:
            if member.isreg():
                member.size = len(content)
            out.addfile(member, BytesIO(content))
    return target


def changed_index(packed: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    contents = taken_apart(packed)
    data = json.loads(contents[0][1])
    change(data)
    contents[0] = (contents[0][0], json.dumps(data, sort_keys=True, separators=(",", ":")).encode())
    return put_together(packed, contents)


def read(file: Path, store: Store) -> None:
    with bundle.opened(file) as found:
        found.unpack(store)


def refused(file: Path, tmp_path: Path, match: str, kind: type[ArtifactError] = ArtifactError) -> None:
    """The bundle is refused, and the release is not complete in the store afterwards."""
    there = Store(tmp_path / "there")
    with pytest.raises(kind, match=match) as caught:
        read(file, there)
    assert str(file) in caught.value.message
    with pytest.raises(ArtifactMissing):
        small_set(there)
    assert not list(tmp_path.rglob("outside*"))


def test_what_is_bundled_comes_out_the_same(packed: Path, tmp_path: Path) -> None:
    there = Store(tmp_path / "there")
    assert bundle.is_bundle(packed)
    with bundle.opened(packed) as found:
        assert (found.release.name, found.signature) == (NAME, "a signature")
        assert not there.root.exists(), "nothing is stored before someone accepted it"
        found.unpack(there)
    here = small_set(Store(tmp_path / "from" / "store"))
    assert small_set(there) == here


def test_the_same_store_gives_the_same_bundle(packed: Path, tmp_path: Path) -> None:
    bundle.write_bundle(
        small_release(), Store(tmp_path / "from" / "store"), tmp_path / "2.tar", lambda _: "a signature"
    )
    assert (tmp_path / "2.tar").read_bytes() == packed.read_bytes()


def test_a_bundle_without_a_signature_has_none(tmp_path: Path) -> None:
    store, _ = filled(tmp_path / "store")
    bundle.write_bundle(small_release(), store, tmp_path / "out.tar")
    with bundle.opened(tmp_path / "out.tar") as found:
        assert found.signature == ""
        found.unpack(Store(tmp_path / "there"))
    assert small_set(Store(tmp_path / "there"))


def test_a_bundle_of_an_incomplete_store_is_refused(tmp_path: Path) -> None:
    store, _ = filled(tmp_path / "store")
    store.discard(WHEELS[0].sha256)
    with pytest.raises(ArtifactMissing, match="alpha-1"):
        bundle.write_bundle(small_release(), store, tmp_path / "out.tar")
    assert not (tmp_path / "out.tar").exists()


def test_a_damaged_file_gets_into_no_bundle(tmp_path: Path) -> None:
    store, _ = filled(tmp_path / "store")
    path = store.path(WHEELS[0].sha256)
    path.write_bytes(path.read_bytes().swapcase())
    with pytest.raises(HashMismatch, match="alpha-1") as caught:
        bundle.write_bundle(small_release(), store, tmp_path / "out.tar")
    assert caught.value.remedy == "fatecloud release verify"
    assert not list(tmp_path.glob("out.tar*"))


def test_rubbish_with_a_matching_list_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file has the hash that the list gives it; the names, the number and the release are right."""
    store, _ = filled(tmp_path / "from" / "store")
    rubbish = [artifact(store, w.name, w.filename, w.kind, b"rubbish " + w.filename.encode()) for w in WHEELS]
    release = small_release(*rubbish)
    monkeypatch.setattr(catalogue, "load", lambda _: release)
    bundle.write_bundle(release, store, tmp_path / "release.tar")
    use_small(monkeypatch)
    assert release.pythons["fate"].wheels != WHEELS
    refused(
        tmp_path / "release.tar", tmp_path, rf"{WHEELS[0].filename}: expected SHA-256 {WHEELS[0].sha256}", HashMismatch
    )


def test_a_bundle_of_another_lock_says_so(packed: Path, tmp_path: Path) -> None:
    refused(changed_index(packed, lambda data: data["files"].pop()), tmp_path, "is not the lock of fate-2.2.0")
    other = changed_index(packed, lambda data: data["files"][2].update(filename="gamma.whl", sha256="0" * 64))
    refused(other, tmp_path, "is not the lock of fate-2.2.0")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda data: data.update(schema=1), "another version"),
        (lambda data: data.update(release="fate-9\x1b[2J" * 9000), "a release that this version does not know"),
        (lambda data: data.update(release=["fate-2.2.0"]), "a release that this version does not know"),
        (lambda data: data.update(release={}), "a release that this version does not know"),
        (lambda data: data.pop("files"), "cannot be used"),
        (lambda data: data.update(files=7), "cannot be used"),
        (lambda data: data.update(interpreters={"fate": None}), "not the description of an interpreter"),
        (
            lambda data: data["interpreters"]["fate"].update(evil="\x1b[2J" * 9000),
            "not the description of an interpreter",
        ),
        (lambda data: data["interpreters"]["fate"]["artifact"].update(filename="../../outside"), "wrong filename"),
        (lambda data: data["interpreters"]["fate"]["artifact"].update(size=1 << 50), "wrong size"),
        (lambda data: data.update(more=1), "is not the lock"),
    ],
)
def test_an_index_that_is_not_ours_is_refused(
    packed: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], match: str
) -> None:
    there = changed_index(packed, change)
    with pytest.raises(ArtifactError, match=match) as caught:
        read(there, Store(tmp_path / "there"))
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 400
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe", b"1" * 100_000, b'{"schema":3}'])
def test_an_index_that_is_not_json_is_refused(packed: Path, tmp_path: Path, text: bytes) -> None:
    contents = taken_apart(packed)
    contents[0] = (contents[0][0], text)
    refused(put_together(packed, contents), tmp_path, "its index cannot be used")


def test_an_index_of_many_bytes_is_not_read(packed: Path, tmp_path: Path) -> None:
    contents = taken_apart(packed)
    contents[0] = (contents[0][0], b" " * (2 << 20))
    refused(put_together(packed, contents), tmp_path, "at most 1048576 are allowed")
    huge = packed.with_name("huge.tar")
    member = tarfile.TarInfo(bundle.INDEX)
    member.size = 1 << 40
    huge.write_bytes(member.tobuf(tarfile.GNU_FORMAT))
    refused(huge, tmp_path, "at most 1048576 are allowed")


def test_other_bytes_under_a_right_name_are_refused(packed: Path, tmp_path: Path) -> None:
    contents = taken_apart(packed)
    contents[-1] = (contents[-1][0], contents[-1][1].swapcase())
    refused(put_together(packed, contents), tmp_path, "beta-2.*: expected SHA-256", HashMismatch)


@pytest.mark.parametrize("more", [1, -1, 10_000_000])
def test_a_member_of_another_size_is_refused_before_it_is_read(packed: Path, tmp_path: Path, more: int) -> None:
    contents = taken_apart(packed)
    size = len(contents[-1][1]) + more
    contents[-1] = (contents[-1][0], contents[-1][1].ljust(size, b"x")[:size])
    refused(put_together(packed, contents), tmp_path, f"beta-2.*, got {size}", HashMismatch)


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "sha256/xyz/file", f"sha256/{'0' * 64}/../../outside", f"sha256/{'0' * 64}"]
)
def test_a_member_that_does_not_belong_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    refused(put_together(packed, [*taken_apart(packed), (tarfile.TarInfo(name), b"x")]), tmp_path, "unexpected member")


def test_a_member_that_comes_twice_is_refused(packed: Path, tmp_path: Path) -> None:
    contents = taken_apart(packed)
    with pytest.raises(ArtifactError, match="unexpected member"):
        read(put_together(packed, [*contents, contents[-1]]), Store(tmp_path / "there"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_link_a_device_or_a_directory_is_refused(packed: Path, tmp_path: Path, kind: bytes, at: int) -> None:
    contents = taken_apart(packed)
    member = tarfile.TarInfo(contents[at][0].name)
    member.type, member.linkname = kind, "/etc/shadow"
    contents[at] = (member, b"")
    match = "is not a bundle|is not a plain file" if at == 0 else "is not a plain file"
    refused(put_together(packed, contents), tmp_path, match)


def test_attributes_and_long_names_of_any_size_are_not_read(tmp_path: Path) -> None:
    """Python's own tarfile would read all of them into memory."""
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE):
        member = tarfile.TarInfo("x")
        member.type, member.size = kind, 1 << 40

        class Watched(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                assert size == 512
                return super().read(size)

        with pytest.raises(ArtifactError, match="not a plain file"):
            next(members(Watched(member.tobuf(tarfile.GNU_FORMAT))))


def test_a_bundle_with_extended_attributes_is_refused(packed: Path, tmp_path: Path) -> None:
    contents = taken_apart(packed)
    contents[1][0].pax_headers = {"comment": "x"}
    refused(put_together(packed, contents, tarfile.PAX_FORMAT), tmp_path, "not a plain file")


@pytest.mark.parametrize("left", [100, 511, 513, 2000, -12000])
def test_a_bundle_cut_short_is_not_complete(packed: Path, tmp_path: Path, left: int) -> None:
    packed.write_bytes(packed.read_bytes()[:left])
    refused(packed, tmp_path, ": it ")


def test_no_flipped_bit_gets_a_release_accepted_that_is_not_whole(packed: Path, tmp_path: Path) -> None:
    whole = packed.read_bytes()
    here = small_set(Store(tmp_path / "from" / "store"))
    for at in range(0, len(whole), 97):
        packed.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        there = Store(tmp_path / f"there{at}")
        try:
            read(packed, there)
        except ArtifactError:
            continue
        found = small_set(there)
        assert (found.wheels, found.installer) == (here.wheels, here.installer)


def test_a_bundle_without_one_of_its_files_names_it(packed: Path, tmp_path: Path) -> None:
    refused(put_together(packed, taken_apart(packed)[:-1]), tmp_path, "it lacks beta-2", ArtifactMissing)


@pytest.mark.parametrize("content", [b"", b"text", b"\x1f\x8b not gzip", b"\0" * 2048])
def test_other_files_are_not_accepted_as_a_bundle(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert not bundle.is_bundle(file)
    with pytest.raises(ArtifactError), bundle.opened(file):
        pass


def test_a_locked_name_with_other_bytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / WHEELS[0].filename
    file.write_bytes(b"not the wheel")
    with pytest.raises(HashMismatch, match=WHEELS[0].sha256):
        bundle.import_artifact(file, Store(tmp_path / "store"))


def test_a_locked_file_gets_its_own_name_whatever_it_was_called(tmp_path: Path) -> None:
    file = tmp_path / "download (1)"
    file.write_bytes(WHEELS[0].filename.encode())
    store = Store(tmp_path / "store")
    assert bundle.import_artifact(file, store) == WHEELS[0]
    assert store.path(WHEELS[0].sha256).name == WHEELS[0].filename


def test_what_is_made_here_can_be_brought_from_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = small_release()
    made = replace(WHEELS[1], name="alpha==1")
    monkeypatch.setattr(catalogue, "load", lambda _: with_python(release, made={"alpha==1": made}))
    file = tmp_path / made.filename
    file.write_bytes(made.filename.encode())
    assert bundle.import_artifact(file, Store(tmp_path / "store")).sha256 == made.sha256


def test_a_file_that_no_lock_knows_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stranger-1-py3-none-any.whl"
    file.write_bytes(b"x")
    with pytest.raises(ArtifactError, match="is not part of any release"):
        bundle.import_artifact(file, Store(tmp_path / "store"))
    assert catalogue_release().pythons["fate"].lock
