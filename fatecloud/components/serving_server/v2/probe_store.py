"""Runs on the node: which models the own server would bring back at a start, and whether their files are there.

It keeps two maps as Java writes objects, see `ModelManager.store`: of models by `TABLE_NAMESPACE`, and of these names
by service id. Only the texts in them are read here.
"""

from __future__ import annotations

import json
import os
import re
import struct
import sys
from collections.abc import Iterator
from typing import Any

from fatecloud.probing.dialing import readable

LOADED, BOUND = "loadModelStore.cache", "bindModelStore.cache"
_MAGIC, _TEXT = b"\xac\xed\x00\x05", 0x74
_BLANK = 0x20
_MOST = 8 << 20
"""Bytes of a map: some 600 for each model."""
_ROOM = 48 << 10
"""Bytes of each of the three lists in an answer, in JSON: some 400 names of models."""
_LONGEST = 500
_MODEL = re.compile(r"[^#/]+_(guest|host)#[0-9]+#.+")
_ENDS = (b"{", b"}")
"""How the file of a model begins and ends: it is JSON."""


def store(data: str) -> dict[str, Any]:
    """The document: `models`, `services`, `damaged` (the files of models that cannot be read), and `left_out`.

    The last is how many names there was no room for; while it is not 0, a list is not all.

    Args:
        data: the server's home.

    Raises:
        RuntimeError: a map is too long to be read.
    """
    folder = os.path.join(data, ".fate")
    try:
        loaded, bound = (_texts(os.path.join(folder, name)) for name in (LOADED, BOUND))
    except OSError as error:
        return {"ok": False, "kind": "file", "error": f"{error.filename}: {error.strerror}"}
    except ValueError as error:
        return {"ok": False, "kind": "foreign", "error": str(error)}
    models = sorted({text for text in loaded if _MODEL.match(text)})
    services = sorted({text for text in bound if not _MODEL.match(text)})
    looks = {name: _damage(os.path.join(folder, f"model_{name}_cache")) for name in models}
    damaged = {name: why for name, why in looks.items() if why}
    listed = {what: _fitting(names) for what, names in (("models", models), ("services", services))}
    named = _fitting(sorted(damaged))
    left_out = len(models) + len(services) + len(damaged) - sum(map(len, listed.values())) - len(named)
    return {
        "ok": True,
        **{what: [readable(name, _LONGEST) for name in names] for what, names in listed.items()},
        "damaged": {readable(name, _LONGEST): damaged[name] for name in named},
        "left_out": left_out,
    }


def _fitting(names: list[str]) -> list[str]:
    """The first ones that there is room for."""
    found, room = [], _ROOM
    for name in names:
        room -= len(json.dumps(readable(name, _LONGEST))) + 2
        if room < 0:
            break
        found.append(name)
    return found


def _texts(path: str) -> list[str]:
    """All texts in a map; none where there is no file, as before the first model. Raises OSError and ValueError."""
    if not os.path.exists(path) or not os.path.getsize(path):
        return []
    with open(path, "rb") as file:
        content = file.read(_MOST + 1)
    if len(content) > _MOST:
        raise RuntimeError(f"{path} has more than {_MOST >> 20} MiB")
    if not content.startswith(_MAGIC):
        raise ValueError(f"{path} is damaged: Java did not write it")
    # Types of fields are texts as well.
    return [text for text in _strings(content) if not re.match(r"\[*L[\w/$]+;$", text)]


def _strings(content: bytes) -> Iterator[str]:
    at = content.find(bytes([_TEXT]))
    while 0 <= at < len(content) - 2:
        (length,) = struct.unpack(">H", content[at + 1 : at + 3])
        raw = content[at + 3 : at + 3 + length]
        whole = bool(raw) and len(raw) == length and min(raw) >= _BLANK
        if whole:
            yield raw.decode("utf-8", "replace")
        # Where it is not a text, the byte was a part of something else.
        at = content.find(bytes([_TEXT]), at + 3 + length if whole else at + 1)


def _damage(path: str) -> str:
    """What is wrong with the file of a model; empty if nothing is seen at its ends."""
    try:
        with open(path, "rb") as file:
            first = file.read(1)
            file.seek(max(0, os.path.getsize(path) - 1))
            last = file.read(1)
    except OSError as error:
        return str(error.strerror)
    return "" if (first, last) == _ENDS else "its content is not a model"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(store(sys.argv[1])) + "\n")
