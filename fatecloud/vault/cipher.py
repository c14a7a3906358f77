"""The format of ansible-vault (AES256), which Ansible and `ansible-vault` read and write too.

Its own library is not used: to import it takes a quarter of a second, more than all else that most verbs load.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from binascii import hexlify, unhexlify

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.padding import PKCS7

_MARK = b"$ANSIBLE_VAULT"
_HEADER = _MARK + b";1.1;AES256"
_LINE = 80
_ROUNDS, _KEY, _BLOCK = 10000, 32, 16
_SALT = 32


class WrongPassword(ValueError):
    """The password does not open it, or something has changed it."""


class Damaged(ValueError):
    """The file has another format."""


def is_encrypted(content: bytes) -> bool:
    """Whether a file claims this format."""
    return content.startswith(_MARK) and content.isascii()


def decrypt(content: bytes, password: bytes) -> bytes:
    """The text of an encrypted file, with or without a label of the password in its header.

    Raises:
        WrongPassword: it was encrypted with another one, or changed afterwards.
        Damaged: a part of it is missing or has another form.
    """
    try:
        header, *lines = content.splitlines()
        mark, _, cipher, *_ = map(bytes.strip, header.split(b";"))
        if (mark, cipher) != (_MARK, b"AES256"):
            raise Damaged
        salt, digest, text = map(unhexlify, unhexlify(b"".join(lines)).split(b"\n", 2))
    except ValueError:
        raise Damaged from None
    key, authentic, start = _keys(password, salt)
    if not hmac.compare_digest(hmac.digest(authentic, text, "sha256"), digest):
        raise WrongPassword
    stream = Cipher(AES(key), CTR(start)).decryptor()
    unpadder = PKCS7(8 * _BLOCK).unpadder()
    try:
        return unpadder.update(stream.update(text) + stream.finalize()) + unpadder.finalize()
    except ValueError:
        raise Damaged from None


def encrypt(text: bytes, password: bytes) -> bytes:
    """An encrypted file of this text."""
    salt = os.urandom(_SALT)
    key, authentic, start = _keys(password, salt)
    padder, stream = PKCS7(8 * _BLOCK).padder(), Cipher(AES(key), CTR(start)).encryptor()
    secret = stream.update(padder.update(text) + padder.finalize()) + stream.finalize()
    digest = hmac.digest(authentic, secret, "sha256")
    body = hexlify(b"\n".join(map(hexlify, (salt, digest, secret))))
    lines = [body[at : at + _LINE] for at in range(0, len(body), _LINE)]
    return b"\n".join([_HEADER, *lines, b""])


def _keys(password: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Keys to encrypt and to authenticate, and where the counter starts."""
    made = hashlib.pbkdf2_hmac("sha256", password, salt, _ROUNDS, 2 * _KEY + _BLOCK)
    return made[:_KEY], made[_KEY : 2 * _KEY], made[2 * _KEY :]
