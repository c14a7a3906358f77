"""Messages of protocol buffers as a probe needs them: fields by number, without a schema.

The encoding is described in protobuf's documentation as "Encoding". A field is an int (varint), or bytes: a text, a
message, packed numbers, or a number of fixed size, little endian.
"""

from __future__ import annotations

from typing import Any

_VARINT, _FIXED64, _TEXT, _FIXED32 = 0, 1, 2, 5
_WIDTH = {_FIXED64: 8, _FIXED32: 4}
_LONGEST = 10
"""Bytes of a varint."""


def field(number: int, value: Any) -> bytes:
    """One field, encoded.

    Args:
        number: as in the `.proto` file.
        value: an int (a negative one as `int64` has it), a bool, a str, or bytes, which may be a message of fields.
    """
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(int(value) & (1 << 64) - 1)
    octets = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | _TEXT) + _varint(len(octets)) + octets


def fields(message: bytes) -> dict[int, list[Any]]:
    """Values by number, each an int or bytes, in the order in which they stand there.

    Raises:
        ValueError: it is not such a message.
    """
    found: dict[int, list[Any]] = {}
    at = 0
    while at < len(message):
        key, at = _read(message, at)
        kind = key & 7
        value: Any
        if kind == _VARINT:
            value, at = _read(message, at)
        elif kind == _TEXT or kind in _WIDTH:
            length, at = (_WIDTH[kind], at) if kind in _WIDTH else _read(message, at)
            value, at = message[at : at + length], at + length
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if at > len(message):
            raise ValueError("a message that ends within a field")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(number: int) -> bytes:
    octets = []
    while number >> 7:
        octets.append(number & 127 | 128)
        number >>= 7
    return bytes([*octets, number])


def _read(message: bytes, at: int) -> tuple[int, int]:
    """A varint, and where the next thing begins."""
    number = 0
    for place, octet in enumerate(message[at : at + _LONGEST]):
        number |= (octet & 127) << 7 * place
        if not octet & 128:
            return number, at + place + 1
    raise ValueError("a number without an end")
