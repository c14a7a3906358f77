"""The content of a part: names of files and their bytes, as one JSON document in one form only."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from fatecloud.artifacts.index import canonical
from fatecloud.errors import ModelRefused
from fatecloud.model.trained import Reason

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}[./][A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}")
"""`hetero_lr_0.model:HeteroLogisticRegressionParam`, `hetero_lr_0/train_output_model`."""


def content_of(files: Mapping[str, bytes]) -> bytes:
    """The document of these files."""
    return canonical({name: base64.b64encode(octets).decode() for name, octets in files.items()})


def files_of(content: bytes, what: str) -> dict[str, bytes]:
    """The files of a document that `content_of` has written.

    Args:
        content: bounded by who reads it.
        what: whose it is, for people.

    Raises:
        ModelRefused: it has another form.
    """
    try:
        found = json.loads(content)
        files = {name: base64.b64decode(text, validate=True) for name, text in found.items()}
    except (ValueError, AttributeError, TypeError, RecursionError, binascii.Error):
        raise ModelRefused(Reason.CONTENT, f"{what}: it is not a document of files") from None
    if not files or content_of(files) != content:
        raise ModelRefused(Reason.CONTENT, f"{what}: its document of files has another form")
    if wrong := [name for name in files if not _NAME.fullmatch(name) or ".." in name]:
        raise ModelRefused(Reason.PATH, f"{what}: it has a file {wrong[0][:80]!r}")
    return files
