"""The interpreter that runs these tests, packed: it runs elsewhere, and two packs are the same bytes."""

import platform
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from fatecloud.artifacts import pack
from fatecloud.artifacts.judge import judge
from fatecloud.artifacts.store import sha256_of
from fatecloud.artifacts.unpack import unpack
from fatecloud.errors import ArtifactError

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("pack")
    own = judge(Path(sys.executable), (), minor=MINOR, machine=platform.machine())
    glibc = pack.build_tree(own.program, own.stdlib, MINOR, folder / "tree", portable=False)
    pack.write_interpreter_tarball(folder / "tree", MINOR, folder / "python.tar.gz")
    return folder, glibc


def test_it_runs_at_another_place_with_an_empty_environment(packed: tuple[Path, str]) -> None:
    folder, _ = packed
    unpack(folder / "python.tar.gz", folder / "elsewhere")
    (folder / "tree").rename(folder / "away")
    code = "import ssl, ctypes, zlib, venv, sys; print(sys.prefix)"
    done = subprocess.run(
        [folder / "elsewhere" / "bin" / "python3", "-I", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={},
    )
    (folder / "away").rename(folder / "tree")
    assert done.stdout.strip() == str(folder / "elsewhere"), done.stderr


def test_the_same_source_gives_the_same_bytes(packed: tuple[Path, str]) -> None:
    folder, _ = packed
    pack.write_interpreter_tarball(folder / "tree", MINOR, folder / "again.tar.gz")
    assert sha256_of(folder / "again.tar.gz") == sha256_of(folder / "python.tar.gz")


def test_nothing_of_this_machine_and_nothing_needless_is_inside(packed: tuple[Path, str]) -> None:
    folder, _ = packed
    with tarfile.open(folder / "python.tar.gz") as archive:
        members = archive.getmembers()
    assert {(m.uid, m.gid, m.uname, m.mtime) for m in members} == {(0, 0, "", 0)}
    assert [m.name for m in members] == sorted(m.name for m in members)
    parts = {part for m in members for part in m.name.split("/")}
    assert not parts & {"__pycache__", "test", "idlelib", "tkinter"}
    assert {f"bin/python{MINOR}", "bin/python", "bin/python3"} <= {m.name for m in members}
    assert not [part for part in parts if part.startswith(("libc.so", "libm.so", "ld-linux"))]


def test_the_oldest_glibc_is_reported(packed: tuple[Path, str]) -> None:
    major, minor = packed[1].split(".")
    assert major == "2"
    assert 2 < int(minor) < 100


def test_a_program_that_cannot_be_patched_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "lib" / "lib-dynload").mkdir(parents=True)
    program = tmp_path / "python"
    program.write_text("no binary")
    with pytest.raises(ArtifactError, match=r"python3\.11: patchelf: missing ELF header"):
        pack.build_tree(program, tmp_path / "lib", MINOR, tmp_path / "tree", portable=False)
