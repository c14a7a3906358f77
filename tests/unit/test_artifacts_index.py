"""What the store has of a release: read without hashing; missing files are named."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from artifact_world import NAME, WHEELS, filled, small_python, small_release, small_set, with_python

from fatecloud import catalogue
from fatecloud.artifacts import index, store
from fatecloud.artifacts.repair import repaired_name
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactMissing

REMEDY = f"fatecloud release fetch {NAME}"


def test_a_complete_store_gives_the_set_without_hashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_store, held = filled(tmp_path / "store")
    monkeypatch.setattr(store, "sha256_of", None)
    python = small_set(held_store)
    assert python.interpreter == held.interpreters["fate"].artifact
    assert python.wheels == WHEELS
    assert python.requirements.splitlines() == [f"{w.name} --hash=sha256:{w.sha256}" for w in WHEELS]


def test_the_oldest_glibc_is_that_of_the_most_demanding_file(tmp_path: Path) -> None:
    held_store, held = filled(tmp_path / "store")
    assert small_set(held_store).glibc == "2.28"
    index.write_interpreter(small_python(), held_store, replace(held.interpreters["fate"], glibc="2.36"))
    assert small_set(held_store).glibc == "2.36"


def test_the_digest_is_the_same_everywhere_and_follows_every_part(tmp_path: Path) -> None:
    first = small_set(filled(tmp_path / "a" / "store")[0])
    again = small_set(filled(tmp_path / "b" / "store")[0])
    other = small_set(filled(tmp_path / "c" / "store", b"another python")[0])
    assert first.digest == again.digest
    assert first.digest != other.digest
    assert replace(first, requirement=replace(first.requirement, lock=WHEELS[:1])).digest != first.digest


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="is not in the store") as caught:
        small_set(Store(tmp_path))
    assert caught.value.remedy == REMEDY


@pytest.mark.parametrize("left", [0, 5])
def test_a_file_that_is_gone_or_cut_short_is_named(tmp_path: Path, left: int) -> None:
    held_store, _ = filled(tmp_path / "store")
    path = held_store.path(WHEELS[1].sha256)
    path.write_bytes(path.read_bytes()[:left])
    if not left:
        path.unlink()
    with pytest.raises(ArtifactMissing, match=r"lacks beta-2-cp310") as caught:
        small_set(held_store)
    assert caught.value.remedy == REMEDY


def test_what_nodes_get_is_what_the_catalogue_says_is_made(tmp_path: Path) -> None:
    held_store, _ = filled(tmp_path / "store")
    release = small_release()
    other = replace(WHEELS[0], sha256="0" * 64)
    made = with_python(release, made={"alpha==1": other})
    with pytest.raises(ArtifactMissing, match="lacks alpha-1"):
        small_set(held_store, made)
    assert made.pythons["fate"].wheels == (other, WHEELS[1])


@pytest.mark.parametrize("text", ["", "{", "[]", "[[]]", '{"schema": 1}', '{"artifact": 1, "lacks": 2}'])
def test_a_damaged_record_of_the_interpreter_gives_no_traceback(tmp_path: Path, text: str) -> None:
    held_store, _ = filled(tmp_path / "store")
    next((held_store.root / "interpreters").iterdir()).write_text(text)
    with pytest.raises(ArtifactMissing, match="lacks an interpreter"):
        small_set(held_store)


def test_an_interpreter_whose_file_is_gone_is_none(tmp_path: Path) -> None:
    held_store, held = filled(tmp_path / "store")
    assert index.read_interpreter(small_python(), held_store) == held.interpreters["fate"]
    held_store.discard(held.interpreters["fate"].artifact.sha256)
    assert index.read_interpreter(small_python(), held_store) is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"glibc": "2.17; rm"}, "glibc"),
        ({"glibc": "1"}, "glibc"),
        ({"lacks": ["os"]}, "lacks"),
        ({"origin": "somewhere"}, "origin"),
        ({"source": "a\x1b[2Jb"}, "source"),
        ({"source": "x" * 1000}, "source"),
        ({"artifact": {"name": "cpython==3.11.2"}}, "name"),
        ({"artifact": {"filename": "../../bin/sh"}}, "filename"),
        ({"artifact": {"filename": "a/b"}}, "filename"),
        ({"artifact": {"sha256": "../" + "0" * 61}}, "sha256"),
        ({"artifact": {"size": 1 << 40}}, "size"),
        ({"artifact": {"size": -1}}, "size"),
        ({"artifact": {"size": True}}, "size"),
        ({"artifact": {"kind": "wheel"}}, "kind"),
    ],
)
def test_a_strangers_description_is_read_strictly(tmp_path: Path, changed: dict[str, Any], named: str) -> None:
    _, held = filled(tmp_path / "store")
    data = json.loads(json.dumps(asdict(held.interpreters["fate"])))
    assert index.interpreter_of(small_python(), data) == held.interpreters["fate"]
    data["artifact"] |= changed.pop("artifact", {})
    with pytest.raises(ValueError, match=f"wrong {named}"):
        index.interpreter_of(small_python(), data | changed)


def test_the_fingerprint_covers_what_is_claimed_and_not_where_it_came_from(tmp_path: Path) -> None:
    _, held = filled(tmp_path / "store")
    interpreter = held.interpreters["fate"]
    assert replace(interpreter, origin="imported", source="elsewhere").fingerprint == interpreter.fingerprint
    others = [
        replace(interpreter, glibc="2.18"),
        replace(interpreter, lacks=("readline",)),
        replace(interpreter, artifact=replace(interpreter.artifact, sha256="0" * 64)),
    ]
    assert len({interpreter.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_the_catalogue_names_what_is_made_of_every_source_and_of_every_wheel_to_repair() -> None:
    for python in [python for name in catalogue.names() for python in catalogue.load(name).pythons.values()]:
        sources = {artifact.name for artifact in python.lock if artifact.kind == "sdist"}
        assert set(python.made) == sources | set(python.execstack)
        assert all(name == made.name and made.kind == "wheel" for name, made in python.made.items())
        assert all(python.made[name].filename.endswith("-none-any.whl") for name in sources), "nothing compiled"
        locked = {artifact.name: artifact for artifact in python.lock}
        for name, libraries in python.execstack.items():
            assert python.made[name].filename == repaired_name(locked[name], libraries)
        assert len(python.wheels) == len(python.lock)
        assert len({artifact.filename for artifact in python.wheels}) == len(python.wheels)
