"""Reads the text of an inventory file, and explains in one line why a file cannot be one."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from fatecloud.errors import InventoryError
from fatecloud.inventory.problems import Mark, Problems

SIZE_LIMIT = 8 * 1024 * 1024
"""Bytes."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: Path, problems: Problems) -> str:
    """The file's text; a byte order mark and Windows line ends are accepted.

    Raises:
        InventoryError: the file does not exist, is not a regular file, cannot be read, is too large or empty, or is
            not printable UTF-8.
    """
    content = _read_bytes(path)
    if len(content) > SIZE_LIMIT:
        problems.stop(Mark(1, 1), f"the file is larger than {SIZE_LIMIT // 1024 // 1024} MiB", "an inventory")
    if content.startswith(_WIDE_MARKS):
        problems.stop(Mark(1, 1), "the file is UTF-16 text", "UTF-8")
    try:
        # Remove a byte order mark first: the codec `utf-8-sig` would report positions of errors without it.
        content = content.removeprefix(codecs.BOM_UTF8)
        text = content.decode()
    except UnicodeDecodeError as error:
        good = content[: error.start].decode()
        problems.stop(
            _mark(good, len(good)), f"byte 0x{content[error.start]:02x} is not UTF-8", "a file saved as UTF-8"
        )
    bad = _UNPRINTABLE.search(text)
    if bad:
        problems.stop(_mark(text, bad.start()), f"character U+{ord(bad[0]):04X} is not printable", "plain text")
    if not text.strip():
        problems.stop(Mark(1, 1), "the file is empty", "an inventory, as `fatecloud init` writes one")
    return text


def _read_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InventoryError(f"{path}: is a directory, expected an inventory file", remedy="name the file in it")
        if path.exists() and not path.is_file():
            raise InventoryError(f"{path}: is not a regular file, expected an inventory file")
        with path.open("rb") as stream:
            return stream.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        remedy = "pass the path of an inventory with -i, or write one with `fatecloud init`"
        raise InventoryError(f"{path}: no such file", remedy=remedy) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InventoryError(f"{path}: cannot be read: {reason}") from None


def _mark(text: str, index: int) -> Mark:
    lines = text[:index].splitlines() or [""]
    if text[:index].endswith(("\n", "\r")):
        lines.append("")
    return Mark(len(lines), len(lines[-1]) + 1)
