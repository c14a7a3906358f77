"""Files through a command's streams: works wherever a shell does, with or without SFTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed

TIMEOUT = 60.0
_SLOWEST = 256 * 1024
"""Bytes per second that a large file may at least count on."""
_CHUNK = 256 * 1024
_WRITE = 'umask 077; cat > "$1.part" && chmod "$2" "$1.part" && mv -f "$1.part" "$1"'


def writing(data: bytes | Path, remote: str, mode: int) -> tuple[tuple[str, ...], Iterable[bytes], float]:
    """The command that writes its input into a file, the input, and the seconds that it may take."""
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    chunks = _chunks(data) if isinstance(data, Path) else (data,) if data else ()
    return ("sh", "-c", _WRITE, "put", remote, f"{mode:o}"), chunks, TIMEOUT + size / _SLOWEST


def reading(remote: str) -> tuple[str, ...]:
    """The command that prints a file."""
    return ("cat", "--", remote)


def succeeded(node: str, remote: str, done: Completed) -> bytes:
    """The output of a command that has to succeed.

    Raises:
        TransportError: NODE_FILE_REFUSED.
    """
    if done.exit != 0:
        raise TransportError(node, "NODE_FILE_REFUSED", f"{remote}: {done.error or f'exit status {done.exit}'}")
    return done.stdout


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk
