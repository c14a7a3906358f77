"""Fingerprints as OpenSSH writes them, so that people compare one kind of text: `SHA256:` and 43 characters."""

from __future__ import annotations

import base64
import hashlib
import re

PATTERN = r"SHA256:[A-Za-z0-9+/]{43}"
_HEX = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


def fingerprint(data: bytes) -> str:
    """The fingerprint of bytes."""
    return _written(hashlib.sha256(data).digest())


def from_hex(sha256: str) -> str:
    """The fingerprint of bytes whose SHA-256 is known."""
    return _written(bytes.fromhex(sha256))


def normal(text: str) -> str:
    """A fingerprint that an operator typed, also in the form of sha256sum. Raises ValueError for other texts."""
    if re.fullmatch(PATTERN, text):
        return text
    if match := _HEX.fullmatch(text.lower()):
        return from_hex(match[1])
    raise ValueError(f"not a fingerprint: {text!r}")


def _written(digest: bytes) -> str:
    return "SHA256:" + base64.b64encode(digest).rstrip(b"=").decode()
