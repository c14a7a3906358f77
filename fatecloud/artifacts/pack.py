"""Makes a relocatable tarball from an installed or unpacked interpreter: the same source gives the same bytes."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from fatecloud.errors import ArtifactError

# Not needed to run anything, but most of the size.
_LEFT_OUT = shutil.ignore_patterns(
    "__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "site-packages", "dist-packages",
    "config-*", "EXTERNALLY-MANAGED",
    "_tkinter*.so", "_test*.so", "_xx*test*.so", "xx*.so", "nis.*.so", "_gdbm.*.so", "_dbm.*.so", "ossaudiodev.*.so",
)  # fmt: skip
# Parts of glibc: they must come from the node and must never be shipped.
_GLIBC = re.compile(r"(ld-linux.*|linux-vdso|lib(c|m|dl|pthread|rt|util|resolv|anl))\.so(\.\d+)?|libnsl\.so\.1")
_LDD_LINE = re.compile(r"\s*(?P<name>\S+) => (?P<path>/\S+|not found)")
_GLIBC_SYMBOL = re.compile(rb"GLIBC_2\.(\d+)")
_DEADLINE = 120
"""Seconds for one call of ldd or patchelf; a library of half a gigabyte takes a few seconds on a slow disk."""


def build_tree(program: Path, stdlib: Path, minor: str, tree: Path, *, portable: bool) -> str:
    """Copy an interpreter into `bin/` and `lib/` of an empty tree, with the shared libraries that it loads.

    The program gets a run path relative to itself. This is an RPATH on purpose, because that applies to everything that
    is loaded later, too.

    Args:
        program: the real program, not a link or a shim.
        stdlib: its standard library.
        minor: its series, `3.10`.
        tree: directory to create.
        portable: whether it was built to be moved. Then the system libraries that it uses exist on every machine, and
            shipping the controller's copies would only tie it to the controller's glibc.

    Returns:
        The oldest glibc that the result runs with, `2.17`.

    Raises:
        ArtifactError: patchelf or ldd failed.
    """
    (tree / "bin").mkdir(parents=True)
    packed = Path(shutil.copy2(program, tree / "bin" / f"python{minor}"))
    packed.chmod(0o755)
    library = Path(shutil.copytree(stdlib, tree / "lib" / f"python{minor}", ignore=_LEFT_OUT))
    (library / "site-packages").mkdir()
    _add_libraries(program, stdlib, tree, portable=portable)
    for file in _elf_files(tree):
        if file != packed and patchelf("--print-rpath", str(file)).strip():
            patchelf("--remove-rpath", str(file))
    patchelf("--force-rpath", "--set-rpath", "$ORIGIN/../lib", str(packed))
    return oldest_glibc(tree)


def write_interpreter_tarball(tree: Path, minor: str, target: Path) -> None:
    """Pack the tree of an interpreter, which is then also called `python` and `python3`; see `write_tarball`."""
    for alias in ("python", "python3"):
        (tree / "bin" / alias).unlink(missing_ok=True)
        (tree / "bin" / alias).symlink_to(f"python{minor}")
    write_tarball(tree, target)


def oldest_glibc(tree: Path) -> str:
    """The oldest glibc that the programs and libraries of a tree run with, `2.17`; nothing is older than that."""
    minors = [int(found) for file in _elf_files(tree) for found in _GLIBC_SYMBOL.findall(file.read_bytes())]
    return f"2.{max(minors, default=17)}"


def write_tarball(tree: Path, target: Path) -> None:
    """Pack a tree without anything that differs between two machines or two days."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(tree.rglob("*")):
            archive.add(path, str(path.relative_to(tree)), recursive=False, filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _elf_files(tree: Path) -> Iterator[Path]:
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink() and (path.parent.name == "bin" or ".so" in path.name):
            with path.open("rb") as stream:
                if stream.read(4) == b"\x7fELF":
                    yield path


def _add_libraries(program: Path, stdlib: Path, tree: Path, *, portable: bool) -> None:
    """Copy the shared libraries except glibc; an optional module whose libraries are missing is left out."""
    modules = tree / "lib" / stdlib.name / "lib-dynload"
    for file in (program, *(stdlib / "lib-dynload" / module.name for module in sorted(modules.glob("*.so")))):
        for match in filter(None, map(_LDD_LINE.match, _run("ldd", str(file)).splitlines())):
            name, found = match["name"], Path(match["path"])
            if _GLIBC.fullmatch(name) or (tree / "lib" / name).exists():
                continue
            own = program.parent.parent / "lib" / name
            if own.exists():
                found = own
            elif portable and found.exists():
                continue
            if not found.exists():
                (modules / file.name).unlink(missing_ok=True)
                break
            shutil.copy2(found.resolve(), tree / "lib" / name)


def patchelf(*arguments: str) -> str:
    """Run patchelf, which the Python package of that name installs beside our interpreter. Raises ArtifactError."""
    beside = Path(sys.executable).parent / "patchelf"
    return _run(str(beside) if beside.exists() else "patchelf", *arguments)


def _run(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_DEADLINE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ArtifactError(f"{argv[0]} does not run: {error}") from error
    if done.returncode != 0 and "not a dynamic executable" not in done.stderr + done.stdout:
        raise ArtifactError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout
