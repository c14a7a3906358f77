"""Copies of an artifact store: what is imported into one reaches no other."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path


def copied(store: Path, place: Path) -> Path:
    """A store with the same artifacts, at a path where nothing is."""
    return Path(shutil.copytree(store, place, copy_function=_link))


def _link(source: str, target: str) -> None:
    """Give a file of a store a second name: such a file is replaced, and never written again."""
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copyfile(source, target)


def confirmed(archive: Path) -> tuple[str, ...]:
    """The words that import an archive that no one has signed, with the fingerprint that its publisher gave out."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return ("release", "import", str(archive), "--confirm-fingerprint", f"sha256:{digest}")
