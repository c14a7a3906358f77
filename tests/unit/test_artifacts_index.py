"""What the store has of a release: read without hashing; missing files are named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from artifact_world import NAME, filled, small_release

from fatecloud.artifacts import index, python_set, store
from fatecloud.artifacts.index import ReleaseIndex
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactMissing

REMEDY = f"fatecloud release fetch {NAME}"


def test_a_complete_store_gives_the_set_without_hashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_store, held = filled(tmp_path / "store")
    monkeypatch.setattr(store, "sha256_of", None)
    python = python_set(small_release(), held_store)
    assert python.interpreter == held.interpreter.artifact
    assert python.wheels == held.wheels
    assert python.requirements.splitlines() == [f"{w.name} --hash=sha256:{w.sha256}" for w in held.wheels]


def test_the_oldest_glibc_is_that_of_the_most_demanding_file(tmp_path: Path) -> None:
    held_store, held = filled(tmp_path / "store")
    assert python_set(small_release(), held_store).glibc == "2.28"
    newer = replace(held, interpreter=replace(held.interpreter, glibc="2.36"))
    index.write(small_release(), held_store, newer)
    assert python_set(small_release(), held_store).glibc == "2.36"


def test_the_digest_is_the_same_everywhere_and_follows_every_part(tmp_path: Path) -> None:
    first = python_set(small_release(), filled(tmp_path / "a" / "store")[0])
    again = python_set(small_release(), filled(tmp_path / "b" / "store")[0])
    other = python_set(small_release(), filled(tmp_path / "c" / "store", b"another python")[0])
    assert first.digest == again.digest
    assert first.digest != other.digest
    assert replace(first, wheels=first.wheels[:1]).digest != first.digest


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing) as caught:
        python_set(small_release(), Store(tmp_path))
    assert caught.value.remedy == REMEDY
    assert NAME in caught.value.message


def test_a_lost_file_is_named(tmp_path: Path) -> None:
    held_store, held = filled(tmp_path / "store")
    held_store.discard(held.wheels[1].sha256)
    with pytest.raises(ArtifactMissing, match=r"lacks beta-2-cp310") as caught:
        python_set(small_release(), held_store)
    assert caught.value.remedy == REMEDY


def test_an_index_of_another_lock_does_not_count(tmp_path: Path) -> None:
    held_store, _ = filled(tmp_path / "store")
    path = held_store.root / "releases" / f"{NAME}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "lock": "of another version"}))
    with pytest.raises(ArtifactMissing, match="another lock"):
        python_set(small_release(), held_store)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}'])
def test_a_damaged_index_gives_no_traceback(tmp_path: Path, text: str) -> None:
    held_store, _ = filled(tmp_path / "store")
    (held_store.root / "releases" / f"{NAME}.json").write_text(text)
    with pytest.raises(ArtifactMissing, match="cannot be read"):
        python_set(small_release(), held_store)


def test_an_interpreter_whose_file_is_gone_is_none(tmp_path: Path) -> None:
    held_store, held = filled(tmp_path / "store")
    assert index.read_interpreter(small_release(), held_store) == held.interpreter
    held_store.discard(held.interpreter.artifact.sha256)
    assert index.read_interpreter(small_release(), held_store) is None


def test_all_files_of_an_index_are_its_artifacts(tmp_path: Path) -> None:
    _, held = filled(tmp_path / "store")
    assert isinstance(held, ReleaseIndex)
    assert len(held.artifacts) == 4
