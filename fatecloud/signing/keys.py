"""Ed25519 keys. The private one is a secret of the vault; the public one is written as OpenSSH writes it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fatecloud.signing.fingerprint import fingerprint
from fatecloud.signing.wire import packed, unpacked

TYPE = "ssh-ed25519"
_SIZE = 32
"""Bytes of a private key and of a public one."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with."""

    raw: bytes

    def __str__(self) -> str:
        return f"{TYPE} {base64.b64encode(self.blob).decode()}"

    @property
    def blob(self) -> bytes:
        """The key in OpenSSH's binary form."""
        return packed(TYPE.encode(), self.raw)

    @property
    def fingerprint(self) -> str:
        """What people compare; `ssh-keygen -lf` prints the same."""
        return fingerprint(self.blob)

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether the owner of this key signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def public_of(blob: bytes) -> PublicKey:
    """A key from OpenSSH's binary form. Raises ValueError for anything but an Ed25519 key."""
    kind, raw = unpacked(blob, 2)
    if kind != TYPE.encode() or len(raw) != _SIZE:
        raise ValueError("not an Ed25519 key")
    return PublicKey(raw)


def public_of_line(line: str) -> PublicKey:
    """A key from `ssh-ed25519 AAAA...`. Raises ValueError."""
    kind, _, encoded = line.partition(" ")
    if kind != TYPE:
        raise ValueError("not an Ed25519 key")
    return public_of(_decoded(encoded))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; its repr hides it."""

    seed: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The form in which the vault keeps it."""
        return base64.b64encode(self.seed).decode()

    @property
    def public(self) -> PublicKey:
        """Its public key."""
        return PublicKey(Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature of a message: 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def new_key() -> SigningKey:
    """A random one."""
    return SigningKey(Ed25519PrivateKey.generate().private_bytes_raw())


def key_of(text: str) -> SigningKey:
    """A private key from the form in which the vault keeps it. Raises ValueError, without the text."""
    seed = _decoded(text)
    if len(seed) != _SIZE:
        raise ValueError("not an Ed25519 key")
    return SigningKey(seed)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
