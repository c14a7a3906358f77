"""The store: whole, verified files under the hash of their bytes."""

import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from fatecloud.artifacts.store import Store, default_store
from fatecloud.errors import ArtifactError, ArtifactMissing, HashMismatch
from fatecloud.model.artifact import Artifact

CONTENT = b"bytes of a wheel"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WHEEL = Artifact("a==1", "a-1-py3-none-any.whl", SHA256, len(CONTENT), "wheel")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    file = tmp_path / "a-1-py3-none-any.whl"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_a_file_is_stored_under_its_hash_and_keeps_its_name(store: Store, wheel: Path) -> None:
    stored = store.add(wheel, WHEEL)
    assert stored == store.root / "sha256" / SHA256[:2] / SHA256 / wheel.name
    assert stored.read_bytes() == CONTENT
    assert store.has(SHA256)
    assert store.path(SHA256) == stored
    assert wheel.exists()


def test_other_bytes_are_refused_naming_file_expected_and_got(store: Store, wheel: Path) -> None:
    wheel.write_bytes(b"BYTES OF A WHEEL")
    with pytest.raises(HashMismatch) as caught:
        store.add(wheel, WHEEL)
    got = hashlib.sha256(b"BYTES OF A WHEEL").hexdigest()
    assert all(part in caught.value.message for part in (wheel.name, SHA256, got))
    assert not store.has(SHA256)
    assert list(store.root.rglob("*.whl")) == list(store.root.rglob("*.part")) == []


def test_no_more_is_read_than_the_artifact_has(store: Store) -> None:
    class Endless:
        taken = 0

        def read(self, size: int = -1, /) -> bytes:
            assert 0 <= size <= len(CONTENT) + 1
            self.taken += size
            return b"x" * size

    endless = Endless()
    with pytest.raises(HashMismatch, match=f"expected {len(CONTENT)} bytes, got more"):
        store.add_stream(endless, WHEEL)
    assert endless.taken == len(CONTENT) + 1
    assert not store.has(SHA256)


@pytest.mark.parametrize("name", ["../a", "a/b", "/a", "", ".part", ".", "-a", "a\nb", "a" * 300])
def test_a_name_that_leads_elsewhere_is_refused(store: Store, wheel: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="is not the name of an artifact"):
        store.add(wheel, replace(WHEEL, filename=name))
    assert not store.has(SHA256)


def test_a_file_that_was_cut_short_is_replaced(store: Store, wheel: Path) -> None:
    store.add(wheel, WHEEL).write_bytes(CONTENT[:3])
    assert store.has(SHA256)
    assert not store.holds(WHEEL)
    assert store.add(wheel, WHEEL).read_bytes() == CONTENT
    assert store.holds(WHEEL)


def test_a_moved_file_is_verified_too(store: Store, wheel: Path) -> None:
    with pytest.raises(HashMismatch, match="expected SHA-256"):
        store.take(wheel, replace(WHEEL, sha256="0" * 64))
    assert store.take(wheel, WHEEL).read_bytes() == CONTENT
    assert not wheel.exists()


def test_a_broken_off_write_leaves_nothing_that_counts(store: Store, wheel: Path) -> None:
    class Torn(BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        store.add_stream(Torn(), WHEEL)
    assert not store.has(SHA256)
    assert store.add(wheel, WHEEL).read_bytes() == CONTENT


def test_a_part_of_a_killed_run_is_not_an_artifact(store: Store, wheel: Path) -> None:
    folder = store.root / "sha256" / SHA256[:2] / SHA256
    folder.mkdir(parents=True)
    (folder / "tmpabc.part").write_bytes(b"half")
    assert not store.has(SHA256)
    assert store.add(wheel, WHEEL).name == wheel.name
    assert store.path(SHA256).name == wheel.name


def test_known_bytes_are_not_written_again(store: Store, wheel: Path) -> None:
    first = store.add(wheel, WHEEL)
    written = first.stat().st_mtime_ns
    renamed = wheel.rename(wheel.with_name("b-1-py3-none-any.whl"))
    assert store.add(renamed, WHEEL) == first
    assert first.stat().st_mtime_ns == written


def test_a_missing_file_is_named(store: Store) -> None:
    with pytest.raises(ArtifactMissing, match=SHA256):
        store.path(SHA256)


def test_a_workspace_is_in_the_store_and_is_removed(store: Store) -> None:
    with store.workspace() as folder:
        (folder / "file").write_text("x")
        assert folder.is_relative_to(store.root)
    assert not folder.exists()


def test_what_a_killed_run_left_is_swept_away_and_a_running_one_is_not(store: Store) -> None:
    left = store.root / "incoming" / "tmpkilled"
    left.mkdir(parents=True)
    (left / "half a wheel").write_text("x")
    with store.workspace() as running:
        assert not left.exists()
        with store.workspace() as second:
            assert running.exists()
            assert second != running


def test_the_default_is_the_operators_or_follows_the_xdg_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FATECLOUD_STORE", "/srv/store")
    assert default_store() == Path("/srv/store")
    monkeypatch.delenv("FATECLOUD_STORE")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_store() == tmp_path / "fatecloud" / "store"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/ops")
    assert default_store() == Path("/home/ops/.local/share/fatecloud/store")


def test_a_file_that_is_about_to_be_used_is_hashed_again(store: Store, wheel: Path) -> None:
    stored = store.add(wheel, WHEEL)
    assert store.verified(WHEEL) == stored
    stored.write_bytes(CONTENT.swapcase())
    with pytest.raises(HashMismatch, match="expected SHA-256") as caught:
        store.verified(WHEEL)
    assert caught.value.remedy == "fatecloud release verify"
