"""Unpacks archives into a directory of ours, whatever they hold. Python 3.8, stdlib.

An archive of a release is known by its hash, so it is not hostile; but releases are added by hand, and a mistake there
must not reach the node. Nothing is written outside the directory, no link leads out of it, and all of it is bounded.
"""

from __future__ import annotations

import io
import os
import posixpath
import shutil
import stat
import tarfile
import zipfile
from typing import Iterator

from ansible.module_utils.fatecloud_refused import Refused

LARGEST = 4 << 30
"""Bytes of all files. The largest sets of FATE have 0.5 GB, a CPython 0.3 GB."""
MOST = 200_000
"""Files, links and directories."""
DEEPEST = 40
"""Names in a path."""
HEADER = 64 << 10
"""Bytes of a tar's long names and attributes, which Python reads into memory in whatever size the archive claims."""
_COMPRESSED = ((b"\x1f\x8b", "r:gz"), (b"BZh", "r:bz2"), (b"\xfd7zXZ", "r:xz"))
_LONG = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


class Unpacking:
    """A directory that is being filled, by one archive or by several.

    Args:
        target: is there, and only we can write into it.
        root: directory inside the archives whose content is taken; all else is left out. Empty for everything.
    """

    def __init__(self, target: str, root: str = "") -> None:
        self.target = target
        self.root = [name for name in root.split("/") if name]
        self.count = self.size = 0

    def archive(self, data: io.BytesIO, name: str) -> None:
        """Unpack a tar, compressed or not, a zip or a wheel.

        Args:
            name: of the archive, for messages.

        Raises:
            Refused: it is none, is damaged, or holds what has no place here; with the member's name.
        """
        before = self.count
        try:
            for member in _zip(data) if zipfile.is_zipfile(data) else _tar(data):
                self._take(*member)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError) as error:
            raise Refused(f"{name} cannot be unpacked: {error}") from error
        except Refused as refusal:
            raise Refused(f"{name}: {refusal}") from None
        if self.count == before:
            raise Refused(f"{name} has nothing below {'/'.join(self.root) or 'its top'}")

    def file(self, name: str, data: io.BytesIO) -> None:
        """Put a file as it is. Raises Refused."""
        self._write(self._place(name.split("/")), data, 0o644)

    def _take(self, name: str, kind: str, content: object, mode: int) -> None:
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts or "\0" in name or len(parts) > DEEPEST:
            raise Refused(f"{name[:200]!r} in it leads elsewhere")
        if parts[: len(self.root)] != self.root or len(parts) == len(self.root):
            return
        parts = parts[len(self.root) :]
        self.count += 1
        if self.count > MOST:
            raise Refused(f"it has more than {MOST} files")
        if kind == "directory":
            self._folder(parts)
        elif kind == "link":
            self._link(parts, content)
        elif kind == "same":
            self._same(parts, content)
        else:
            self._write(self._place(parts), content, mode)

    def _folder(self, parts: list) -> str:
        path = self.target
        for part in parts:
            path = os.path.join(path, part)
            if os.path.islink(path) or (os.path.exists(path) and not os.path.isdir(path)):
                raise Refused(f"{'/'.join(parts)[:200]!r} in it lies below a file or a link")
            if not os.path.isdir(path):
                os.mkdir(path, 0o755)
        return path

    def _place(self, parts: list) -> str:
        """Where a file or link goes; what an earlier member put there is gone."""
        path = os.path.join(self._folder(parts[:-1]), parts[-1])
        if os.path.isdir(path) and not os.path.islink(path):
            raise Refused(f"{'/'.join(parts)[:200]!r} in it is a directory too")
        if os.path.lexists(path):
            os.unlink(path)
        return path

    def _write(self, path: str, stream: object, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o755 if mode & stat.S_IXUSR else 0o644), "wb") as file:
            for block in iter(lambda: stream.read(1 << 20), b""):
                self.size += len(block)
                if self.size > LARGEST:
                    raise Refused(f"it has more than {LARGEST >> 20} MiB")
                file.write(block)

    def _link(self, parts: list, target: str) -> None:
        words = target.split("/")
        ups = next((number for number, word in enumerate(words) if word != ".."), len(words))
        # Only leading `..`: after a name, they would depend on where a link of that name leads.
        if not target or target.startswith("/") or "\0" in target or ".." in words[ups:] or ups > len(parts) - 1:
            raise Refused(f"{'/'.join(parts)[:200]!r} in it is a link that leads out of it")
        os.symlink(target, self._place(parts))

    def _same(self, parts: list, name: str) -> None:
        """A second name of a file that is there already, by the name that the archive gives that one: a copy."""
        other = [part for part in posixpath.normpath(name).split("/") if part]
        source = os.path.join(self.target, *other[len(self.root) :])
        if ".." in other or other[: len(self.root)] != self.root or not _is_plain(self.target, source):
            raise Refused(f"{'/'.join(parts)[:200]!r} in it is another name of something that is not in it")
        with open(source, "rb") as file:
            self._write(self._place(parts), file, os.fstat(file.fileno()).st_mode)


def _is_plain(top: str, path: str) -> bool:
    """Whether a path is a regular file, and no link is on the way to it from the top."""
    return os.path.realpath(path) == os.path.join(os.path.realpath(top), os.path.relpath(path, top)) and os.path.isfile(
        path
    )


class _Bounded(tarfile.TarInfo):
    """A member whose long names and attributes are not read in just any size."""

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in _LONG and self.size > HEADER:
            raise tarfile.ReadError(f"a name or attribute of {self.size} bytes")
        return super()._proc_member(tar)


def _tar(data: io.BytesIO) -> Iterator[tuple]:
    data.seek(0)
    start = data.read(8)
    data.seek(0)
    mode = next((mode for magic, mode in _COMPRESSED if start.startswith(magic)), "r:")
    with tarfile.open(fileobj=data, mode=mode, tarinfo=_Bounded) as tar:
        for member in tar:
            tar.members = []  # it would keep all of them
            if member.isdir():
                yield member.name, "directory", None, 0
            elif member.issym():
                yield member.name, "link", member.linkname, 0
            elif member.islnk():
                yield member.name, "same", member.linkname, 0
            elif member.isreg():
                yield member.name, "file", tar.extractfile(member), member.mode
            else:
                raise Refused(f"{member.name[:200]!r} in it is a device or a pipe")


def _zip(data: io.BytesIO) -> Iterator[tuple]:
    with zipfile.ZipFile(data) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            kind = stat.S_IFMT(mode) if member.create_system == 3 else 0  # noqa: PLR2004 - made on Unix
            if member.is_dir():
                yield member.filename, "directory", None, 0
            elif kind == stat.S_IFLNK:
                with archive.open(member) as stream:
                    yield member.filename, "link", stream.read(HEADER).decode(), 0
            elif kind in (0, stat.S_IFREG):
                with archive.open(member) as stream:
                    yield member.filename, "file", stream, mode
            else:
                raise Refused(f"{member.filename[:200]!r} in it is a device or a pipe")


def free_for(path: str, size: int) -> None:
    """Make sure that there is room. Raises Refused."""
    free = shutil.disk_usage(path).free
    if free < size:
        raise Refused(f"{path}: {free >> 20} MiB free, {size >> 20} MiB needed to unpack")
