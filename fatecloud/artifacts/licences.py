"""What the wheels in the store say about their licences."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from contextlib import suppress
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path

from fatecloud.artifacts.store import Store
from fatecloud.model.artifact import Artifact

_CLASSIFIER = "License :: "
_UMBRELLA = "OSI Approved"
_LONGEST = 100
"""Characters of a name. Some packages put the whole text of their licence into the field."""
_LIMIT = 1 << 20
"""Bytes of a wheel's metadata."""


def licences(artifacts: Iterable[Artifact], store: Store) -> dict[str, str]:
    """Licences by the names of artifacts, as SPDX expressions or as names of licences.

    Args:
        artifacts: those that are asked about.
        store: only wheels that it has can say something.
    """
    found = {}
    for artifact in artifacts:
        if artifact.filename.endswith(".whl") and store.has(artifact.sha256):
            with suppress(OSError, zipfile.BadZipFile, KeyError):  # a damaged one says nothing
                if licence := _licence(_metadata(store.path(artifact.sha256))):
                    found[artifact.name] = licence
    return found


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next((name for name in archive.namelist() if name.endswith(".dist-info/METADATA")), "")
        with archive.open(name) as member:
            return BytesHeaderParser().parsebytes(member.read(_LIMIT))


def _licence(metadata: Message) -> str:
    if expression := metadata.get("License-Expression", "").strip():
        return expression
    classifiers = [
        text.split(" :: ")[1:] for text in metadata.get_all("Classifier", ()) if text.startswith(_CLASSIFIER)
    ]
    names = [words[-1] for words in classifiers if words[-1] != _UMBRELLA]
    field = metadata.get("License", "").strip()
    if len(names) != 1 and field and len(field) <= _LONGEST and "\n" not in field and field != "UNKNOWN":
        return field
    return " and ".join(names)
