"""All limits of what is read from a stranger's archive, and the account of what was read already.

Sizes of the real ones: eggroll.tar.gz 52 to 83 MB, osx 49, fateboard 54, FATE's sets 121 to 168, Serving's zips 45 to
73; the offline set of AnsibleFATE 2 GB with about 60,000 members in its archives.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from fatecloud.errors import ArtifactError
from fatecloud.model.sizes import size_text


class Fault(Exception):
    """Something in an archive that keeps it from being used: what, for people, without the place.

    Args:
        fatal: whether nothing more may be read, wherever it was found.
    """

    def __init__(self, text: str, *, fatal: bool = False) -> None:
        super().__init__(text)
        self.fatal = fatal


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits. Bytes unless another unit is named."""

    members: int = 400_000
    """Of all archives in a file together, with those inside others."""
    unpacked: int = 24 << 30
    """Of all of them, unpacked."""
    ratio: int = 200
    """Unpacked relative to packed; text packs to a tenth at most."""
    ratio_from: int = 256 << 20
    """Below this, the ratio does not matter: a small file of zeros fills no disk."""
    nested: int = 4
    """Archives in archives. AnsibleFATE has a source archive in a set of Python packages in itself."""
    deepest: int = 40
    """Names in a path; a node unpacks no more (`fatecloud_unpack.py`)."""
    name: int = 1024
    """Characters of a path."""
    header: int = 64 << 10
    """Long names and attributes of a member in a tar."""
    text: int = 64 << 10
    """A small file that is read whole."""
    texts: int = 8 << 20
    """All of these together."""
    jar: int = 512 << 20
    """A jar that is looked into."""
    directory: int = 64 << 20
    """The list of members at the end of a zip."""
    dictionary: int = 192 << 20
    """Memory that an .xz may ask for; `xz -9` needs 65 MiB."""
    package: int = 4 << 30
    """One package, unpacked; a node unpacks no more."""
    package_files: int = 200_000
    """Files and directories of one package; a node unpacks no more."""


class Budget:
    """What is left of the bounds for one file.

    Args:
        bounds: the limits.
        packed: bytes of the file.
    """

    def __init__(self, bounds: Bounds, packed: int) -> None:
        self.bounds = bounds
        self.packed = packed
        self.members = self.unpacked = self.texts = 0

    def member(self) -> None:
        """Count a member. Raises Fault."""
        self.members += 1
        if self.members > self.bounds.members:
            raise Fault(f"it has more than {self.bounds.members} members, with those of archives in it", fatal=True)

    def spend(self, size: int) -> None:
        """Count unpacked bytes. Raises Fault."""
        self.unpacked += size
        if self.unpacked > self.bounds.unpacked:
            raise Fault(f"it unpacks to more than {size_text(self.bounds.unpacked)}", fatal=True)
        if self.unpacked > max(self.bounds.ratio_from, self.bounds.ratio * self.packed):
            raise Fault(f"it unpacks to more than {self.bounds.ratio} times its size", fatal=True)

    def text(self, size: int) -> bool:
        """Whether a small file may be read; counts it."""
        if size > self.bounds.text or self.texts + size > self.bounds.texts:
            return False
        self.texts += size
        return True


def require_space(folder: Path, size: int, what: str) -> None:
    """Refuse to begin what does not fit on the disk of a directory.

    Args:
        size: bytes.
        what: for the message.

    Raises:
        ArtifactError: with the directory, what is free and what is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise ArtifactError(
            f"{folder}: {what} needs {size_text(size)}, and {size_text(free)} are free",
            remedy="make room there, or name a store on another disk: --store DIR",
        )
