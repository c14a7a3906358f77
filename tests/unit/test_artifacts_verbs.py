"""`fatecloud release` as a user types it."""

from pathlib import Path

import pytest
from artifact_world import NAME, filled
from typer.testing import CliRunner

from fatecloud import catalogue
from fatecloud.artifacts.store import Store
from fatecloud.cli.release import app
from fatecloud.errors import ArtifactError, HashMismatch
from fatecloud.workflow.release import import_files, verify_store

RUN = CliRunner()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return filled(tmp_path / "store")[0]


def run(store: Store, *arguments: str) -> str:
    done = RUN.invoke(app, [*arguments, "--store", str(store.root)])
    assert done.exit_code == 0, done.output
    return done.output


def test_list_says_what_is_in_the_store(store: Store, tmp_path: Path) -> None:
    assert f"{NAME}  in the store" in run(store, "list")
    assert f"{len(catalogue.load(NAME).python.lock) + 1} files to fetch" in run(Store(tmp_path / "empty"), "list")


def test_show_names_versions_reasons_and_files(store: Store) -> None:
    text = run(store, "show", NAME)
    assert "flow         2.2.0" in text
    assert "mariadb 10.5 or mysql 8.0 or newer" in text
    assert "not yet: eggroll" in text
    assert "Deserialization is restricted" in text
    assert "in the store: 4 files" in text


def test_show_of_an_empty_store_lists_what_is_missing(tmp_path: Path) -> None:
    text = run(Store(tmp_path / "empty"), "show", NAME)
    assert "not complete" in text
    assert "missing: 85 files" in text
    assert "torch-1.12.1" in text


def test_a_second_fetch_has_nothing_to_do(store: Store) -> None:
    assert f"{NAME} is complete in the store: nothing to do" in run(store, "fetch", NAME)


def test_bundle_and_import_move_a_release(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "one.tar"
    assert f"{target}: " in run(store, "bundle", NAME, "-o", str(target))
    there = Store(tmp_path / "there")
    assert f"{NAME} is complete in the store" in run(there, "import", str(target))
    assert f"{NAME}  in the store" in run(there, "list")


def test_verify_names_and_removes_what_has_rotted(store: Store) -> None:
    assert verify_store(store, lambda _: None).verified == 4
    sha256, file = next(iter(store.all()))
    file.write_bytes(b"rotten")
    with pytest.raises(HashMismatch, match=f"{file.name}: expected SHA-256 {sha256}") as caught:
        verify_store(store, lambda _: None).require_whole()
    assert "fatecloud release fetch" in caught.value.remedy
    assert not store.has(sha256)


@pytest.mark.parametrize("what", ["absent", "."])
def test_importing_something_other_than_a_file_gives_one_clear_line(store: Store, tmp_path: Path, what: str) -> None:
    with pytest.raises(ArtifactError, match="is not a file"):
        import_files([tmp_path / what], store, lambda _: None)
