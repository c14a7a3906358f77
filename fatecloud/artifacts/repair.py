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

from fatecloud.artifacts.derive import take_made
from fatecloud.artifacts.pack import patchelf
from fatecloud.artifacts.progress import Progress
from fatecloud.artifacts.store import Store
from fatecloud.errors import ArtifactError
from fatecloud.model.artifact import Artifact
from fatecloud.model.python import PythonRequirement

BUILD_TAG = "1noexecstack"
"""Begins the build number (PEP 427) in the file name of a repaired wheel."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_CHUNK = 1 << 20


def repair_wheels(python: PythonRequirement, wheels: Sequence[Artifact], store: Store, progress: Progress) -> None:
    """Make the wheels that nodes get instead of locked ones that need a repair, as the catalogue names them.

    Args:
        python: defines which wheels need a repair, which of their files, and what is made of them.
        wheels: locked, and in the store.
        store: gets the repaired wheels; the locked ones stay.
        progress: is informed about each repair.

    Raises:
        ArtifactError: a wheel lacks a file that the catalogue names, or it cannot be changed.
        HashMismatch: the result has other bytes than the catalogue names.
    """
    for wheel in wheels:
        if wheel.name in python.execstack:
            progress.say(f"{wheel.name}: clearing the executable stack, which glibc 2.41 and newer refuse")
            _repair(wheel, python.execstack[wheel.name], python.made[wheel.name], store)


def repaired_name(wheel: Artifact, libraries: Sequence[str]) -> str:
    """File name of a wheel in which these libraries were changed: another list makes another build number."""
    project, version, tags = wheel.filename.split("-", 2)
    changed = hashlib.sha256(chr(10).join(sorted(libraries)).encode()).hexdigest()
    return f"{project}-{version}-{BUILD_TAG}{changed[:8]}-{tags}"


def _repair(wheel: Artifact, libraries: Sequence[str], made: Artifact, store: Store) -> None:
    with store.workspace() as scratch:
        target = scratch / repaired_name(wheel, libraries)
        try:
            _rewrite(store.verified(wheel), target, libraries, scratch)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise ArtifactError(f"repairing {wheel.filename}: {error}") from error
        take_made(target, made, store)


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
