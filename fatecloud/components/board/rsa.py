"""Runs on the node: encrypts a password with a public key, as FATEBoard's page does, without a library."""

from __future__ import annotations

import binascii
import os
from base64 import b64decode
from collections.abc import Iterator

SEQUENCE, INTEGER, BITS = 0x30, 0x02, 0x03
_OVERHEAD = 11
"""Bytes around a message in PKCS#1 v1.5: two zeros, the kind, and at least eight random ones."""


def encrypted(message: bytes, key: str) -> bytes:
    """A message, by RSA with the padding of PKCS#1 v1.5 (RFC 8017, section 7.2).

    Args:
        message: at most 11 bytes shorter than the modulus.
        key: a SubjectPublicKeyInfo in Base64.

    Raises:
        ValueError: the key is none, or too short for the message.
    """
    modulus, exponent = _numbers(key)
    size = (modulus.bit_length() + 7) // 8
    room = size - _OVERHEAD - len(message)
    if room < 0:
        raise ValueError(f"a key of {size} bytes for a message of {len(message)}")
    padding = bytes(1 + byte % 255 for byte in os.urandom(room + 8))
    block = int.from_bytes(b"\0\2" + padding + b"\0" + message, "big")
    return pow(block, exponent, modulus).to_bytes(size, "big")


def _numbers(key: str) -> tuple[int, int]:
    try:
        (_, info), *_ = _parts(b64decode(key, validate=True))
        bits = next(body for tag, body in _parts(info) if tag == BITS)
        # One byte says how many bits of the last one do not count.
        (tag, pair), *_ = _parts(bits[1:])
        modulus, exponent = (int.from_bytes(body, "big") for kind, body in _parts(pair) if kind == INTEGER)
    except (binascii.Error, IndexError, StopIteration) as error:
        raise ValueError(f"not a public key: {error}") from error
    if tag != SEQUENCE or modulus < 1:
        raise ValueError("not a public key")
    return modulus, exponent


def _parts(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each part, by the rules of DER."""
    at = 0
    while at < len(octets):
        tag, length, at = octets[at], octets[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(octets[at : at + size], "big"), at + size
        yield tag, octets[at : at + length]
        at += length
