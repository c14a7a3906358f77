"""Signatures in OpenSSH's format (PROTOCOL.sshsig): `ssh-keygen -Y verify` checks them without fatecloud.

The namespace is part of what is signed, so that a signature for one purpose does not count for another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from fatecloud.signing.keys import TYPE, PublicKey, SigningKey, public_of
from fatecloud.signing.wire import packed, unpacked

BUNDLE, EXPORT, MODEL = "bundle@fatecloud", "export@fatecloud", "model@fatecloud"
"""Namespaces of signatures of bundles, of what a check saw, and of trained models."""
LIMIT = 4096
"""Characters that a signature has at most; ours have 300."""
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"
_VERSION = b"\0\0\0\1"
_HASH = "sha512"
_WIDTH = 70


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as it was read; nothing about it is verified yet."""

    key: PublicKey
    namespace: str
    value: bytes

    def covers(self, message: bytes, namespace: str) -> bool:
        """Whether the owner of the key signed exactly this message for this purpose."""
        return self.namespace == namespace and self.key.signed(self.value, _signed(message, namespace))


def signed(message: bytes, namespace: str, key: SigningKey) -> str:
    """The signature of a message, as text."""
    value = packed(TYPE.encode(), key.sign(_signed(message, namespace)))
    blob = _MAGIC + _VERSION + packed(key.public.blob, namespace.encode(), b"", _HASH.encode(), value)
    encoded = base64.b64encode(blob).decode()
    lines = [encoded[at : at + _WIDTH] for at in range(0, len(encoded), _WIDTH)]
    return "\n".join([_BEGIN, *lines, _END, ""])


def signature_of(text: str) -> Signature:
    """Read a signature. Raises ValueError for anything that `signed` would not have written."""
    lines = text.split("\n")
    if len(text) > LIMIT or lines[0] != _BEGIN or lines[-2:] != [_END, ""]:
        raise ValueError("not a signature")
    try:
        blob = base64.b64decode("".join(lines[1:-2]), validate=True)
    except binascii.Error:
        raise ValueError("not a signature") from None
    begin = _MAGIC + _VERSION
    if not blob.startswith(begin):
        raise ValueError("not a signature of this version")
    key, namespace, reserved, hashed, value = unpacked(blob[len(begin) :], 5)
    kind, raw = unpacked(value, 2)
    if reserved or hashed != _HASH.encode() or kind != TYPE.encode():
        raise ValueError("not an Ed25519 signature with SHA-512")
    return Signature(public_of(key), namespace.decode("ascii"), raw)


def _signed(message: bytes, namespace: str) -> bytes:
    return _MAGIC + packed(namespace.encode(), b"", _HASH.encode(), hashlib.sha512(message).digest())
