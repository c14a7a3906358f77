"""Repairs wheels whose libraries would not load on newer nodes: once, on the controller, and reproducibly.

glibc 2.41 no longer makes the stack executable for a library that asks for it: it refuses to load the library. Some
libraries ask for it by mistake (their assembler source lacks `.note.GNU-stack`); removing the flag is enough.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

from fatecloud.artifacts.pack import patchelf
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store, sha256_of
from fatecloud.errors import ArtifactError
from fatecloud.model.release import Artifact, Release

BUILD_TAG = "1noexecstack"
"""Begins the build number (PEP 427) in the file name of a repaired wheel."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_CHUNK = 1 << 20


def repaired(release: Release, wheel: Artifact, store: Store) -> Artifact | None:
    """The repaired wheel for a locked one, or the locked one itself; None if it still has to be repaired."""
    if wheel.name not in release.python.execstack:
        return wheel
    try:
        note = _record(wheel, release.python.execstack[wheel.name], store)
        sha256, filename = note.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return None
    if not store.has(sha256):
        return None
    return Artifact(wheel.name, filename, sha256, store.path(sha256).stat().st_size, "wheel")


def repair_wheels(
    release: Release, wheels: Sequence[Artifact], store: Store, progress: Progress
) -> tuple[Artifact, ...]:
    """The wheels that nodes get, after those that need a repair were repaired.

    Args:
        release: defines which wheels need a repair, and which of their files.
        wheels: locked, and in the store unless they were repaired before.
        store: gets the repaired wheels; the locked ones stay.
        progress: is informed about each repair.

    Raises:
        ArtifactError: a wheel lacks a file that the catalogue names, or it cannot be changed.
    """
    result = []
    for wheel in wheels:
        found = repaired(release, wheel, store)
        if found is None:
            progress.say(f"{wheel.name}: clearing the executable stack, which glibc 2.41 and newer refuse")
            found = _repair(wheel, release.python.execstack[wheel.name], store)
        result.append(found)
    return tuple(result)


def _build(libraries: Sequence[str]) -> str:
    """Build number of a wheel in which these libraries were changed: another list makes another wheel."""
    return f"{BUILD_TAG}{hashlib.sha256(chr(10).join(sorted(libraries)).encode()).hexdigest()[:8]}"


def _record(wheel: Artifact, libraries: Sequence[str], store: Store) -> Path:
    """File that names the repaired wheel of a locked one."""
    folder = store.root / "derived"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{wheel.sha256}-{_build(libraries)}"


def _repair(wheel: Artifact, libraries: Sequence[str], store: Store) -> Artifact:
    with store.workspace() as scratch:
        project, version, tags = wheel.filename.split("-", 2)
        target = scratch / f"{project}-{version}-{_build(libraries)}-{tags}"
        try:
            _rewrite(store.path(wheel.sha256), target, libraries, scratch)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise ArtifactError(f"repairing {wheel.filename}: {error}") from error
        sha256 = sha256_of(target)
        kept = store.take(target, sha256)
    _record(wheel, libraries, store).write_text(f"{sha256} {kept.name}\n", encoding="utf-8")
    return Artifact(wheel.name, kept.name, sha256, kept.stat().st_size, "wheel")


def _rewrite(source: Path, target: Path, libraries: Sequence[str], scratch: Path) -> None:
    """Copy a wheel with changed libraries.

    Unchanged members are copied in their compressed form. Changed ones are stored uncompressed: another zlib would
    compress them to other bytes, and two controllers would keep replacing each other's environments.
    """
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        record = next(name for name in old.namelist() if name.endswith(".dist-info/RECORD"))
        lines = old.read(record).decode().splitlines()
        for entry in old.infolist():
            if entry.filename in libraries:
                library = Path(old.extract(entry, scratch))
                patchelf("--clear-execstack", str(library))
                lines = [_line(line, entry.filename, library) for line in lines]
                with library.open("rb") as stream, new.open(_plain(entry), "w", force_zip64=False) as out:
                    shutil.copyfileobj(stream, out, _CHUNK)
                library.unlink()
            elif entry.filename != record:
                _copy_packed(old, entry, new)
        new.writestr(_plain(old.getinfo(record)), "".join(f"{line}\n" for line in lines))
        absent = set(libraries) - set(old.namelist())
    if absent:
        raise ArtifactError(f"{source.name} has no {', '.join(sorted(absent))}")


def _plain(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(entry.filename, _EPOCH)
    info.external_attr = entry.external_attr
    info.file_size = entry.file_size
    return info


def _line(line: str, name: str, file: Path) -> str:
    """A line of RECORD, with the new hash and size if it is the line of this file."""
    if line.rsplit(",", 2)[0] != name:
        return line
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    encoded = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return f"{name},sha256={encoded},{file.stat().st_size}"


def _copy_packed(old: zipfile.ZipFile, entry: zipfile.ZipInfo, new: zipfile.ZipFile) -> None:
    """Copy a member without decompressing it, which zipfile itself cannot do."""
    stream, out = old.fp, new.fp
    if stream is None or out is None:
        raise zipfile.BadZipFile("closed")
    stream.seek(entry.header_offset)
    header = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
    stream.seek(header[-2] + header[-1], 1)  # its name and its extra field
    copied = zipfile.ZipInfo(entry.filename, entry.date_time)
    copied.external_attr, copied.compress_type = entry.external_attr, entry.compress_type
    copied.CRC, copied.compress_size, copied.file_size = entry.CRC, entry.compress_size, entry.file_size
    copied.header_offset = out.tell()
    out.write(copied.FileHeader(zip64=False))
    left = entry.compress_size
    while left:
        data = stream.read(min(left, _CHUNK))
        if not data:
            raise zipfile.BadZipFile(f"{entry.filename} is incomplete")
        out.write(data)
        left -= len(data)
    new.filelist.append(copied)
    new.NameToInfo[copied.filename] = copied
    new.start_dir = out.tell()
