"""The strings of OpenSSH's formats: a length in four bytes, then the bytes."""

from __future__ import annotations

import struct

_LENGTH = struct.Struct(">I")


def packed(*parts: bytes) -> bytes:
    """Strings one after the other."""
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def unpacked(data: bytes, count: int) -> list[bytes]:
    """So many strings and nothing after them. Raises ValueError for anything else."""
    found, at = [], 0
    for _ in range(count):
        if at + _LENGTH.size > len(data):
            raise ValueError("too short")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length > len(data) - at:
            raise ValueError("too short")
        found.append(data[at : at + length])
        at += length
    if at != len(data):
        raise ValueError("too long")
    return found
