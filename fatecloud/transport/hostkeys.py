"""The private known_hosts file of a cluster: only the keys in it are trusted."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fatecloud.errors import TransportError
from fatecloud.transport.library import paramiko

_SHA2_NAMES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""A known key of type ssh-rsa is asked for by the names of its safe signatures."""

_REVOKED = "@revoked"
_MARKERS = (_REVOKED + " ", _REVOKED + "\t", "@cert-authority ", "@cert-authority\t")
"""What may lead a line of OpenSSH's, see sshd(8). Authorities for certificates are left to OpenSSH."""

_LENGTH = 4
"""Bytes of the number that leads each field of a key."""


class KnownHost:
    """What the file says about one address."""

    def __init__(self, path: Path, address: str, port: int) -> None:
        self._path = path
        self.name = address if port == paramiko.config.SSH_PORT else f"[{address}]:{port}"
        keys = paramiko.HostKeys()
        self._damaged: list[int] = []
        self._revoked: list[paramiko.PKey] = []
        for number, marker, entry in _entries(path):
            if entry is None:
                self._damaged.append(number)
                continue
            if marker == _REVOKED:
                self._revoked.append(entry.key)
            for host in (entry.hostnames or ()) if not marker else ():
                keys.add(host, entry.key.get_name(), entry.key)
        self._known = keys.lookup(self.name)

    def prefer(self, transport: paramiko.Transport) -> None:
        """Ask the server for a key of a type that is known, so that the comparison means something."""
        options = transport.get_security_options()
        known = [name for kind in (self._known or {}) for name in _SHA2_NAMES.get(kind, (kind,))]
        wanted = [name for name in known if name in options.key_types]
        options.key_types = tuple(wanted) + tuple(name for name in options.key_types if name not in wanted)

    def verify(self, node: str, key: paramiko.PKey, *, accept_new: bool) -> None:
        """Compare the key that the server showed.

        Raises:
            TransportError: NODE_HOST_KEY_CHANGED, always, when another key is known or this one is revoked;
                NODE_HOST_KEYS_DAMAGED, always, when none is known and the file has lines that cannot be read;
                NODE_HOST_KEY_UNKNOWN when none is known and `accept_new` is false.
        """
        if key in self._revoked:
            # For any host: a stolen key can be shown under any name.
            raise TransportError(
                node,
                "NODE_HOST_KEY_CHANGED",
                f"{self.name} shows the host key {fingerprint(key)}, which {self._path} marks as revoked",
                remedy="Find out who uses the revoked key; give the machine a new host key if it is the right machine.",
            )
        if self._known:
            if self._known.get(key.get_name()) == key:
                return
            raise TransportError(
                node,
                "NODE_HOST_KEY_CHANGED",
                f"{self.name} shows the host key {fingerprint(key)}, but {self._path} has another one: "
                "the machine was reinstalled, or someone intercepts the connection",
                remedy="Compare the fingerprint on the node's console (`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub`); "
                f"when it is right, `ssh-keygen -R '{self.name}' -f {self._path}` and run again.",
            )
        if self._damaged:
            # The key of this host may be the one that cannot be read: a new one would replace it unnoticed.
            raise self._unreadable(node, key)
        if not accept_new:
            raise TransportError(
                node,
                "NODE_HOST_KEY_UNKNOWN",
                f"{self.name} shows the host key {fingerprint(key)}, which is not known yet",
                remedy="Compare the fingerprint with the node's, then run again with --accept-new-host-keys.",
            )
        try:
            self._remember(key)
        except OSError as error:
            raise TransportError(
                node, "NODE_HOST_KEY_UNKNOWN", f"{self._path} cannot be written: {error.strerror}"
            ) from None

    def _unreadable(self, node: str, key: paramiko.PKey) -> TransportError:
        places = ", ".join(f"{self._path}:{number}" for number in self._damaged)
        several = len(self._damaged) > 1
        lines = ";".join(f"{number}d" for number in self._damaged)
        return TransportError(
            node,
            "NODE_HOST_KEYS_DAMAGED",
            f"no readable line of the cluster's known_hosts file has a key of {self.name}, and "
            f"{'these lines are' if several else 'this line is'} damaged: {places}",
            remedy=f"Restore the file from a backup; or delete the damaged line{'s' if several else ''} "
            f"(`sed -i '{lines}' {self._path}`), compare the fingerprint {fingerprint(key)} with the node's, "
            "and run again with --accept-new-host-keys.",
        )

    def _remember(self, key: paramiko.PKey) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = f"{self.name} {key.get_name()} {key.get_base64()}\n".encode()
        # One write to a file opened for appending is atomic, and many nodes are met for the first time at once.
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            unfinished = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, (b"\n" if unfinished else b"") + line)
        finally:
            os.close(descriptor)


def _entries(path: Path) -> Iterator[tuple[int, str, paramiko.hostkeys.HostKeyEntry | None]]:
    """Line number and entry of each line; None for a damaged one. Raises OSError.

    The library's own reader gives up at the first damaged line, and the keys of all other nodes would be lost with it.
    """
    if not path.exists():
        return
    for number, raw in enumerate(path.read_bytes().split(b"\n"), 1):
        line = raw.decode("utf-8", "replace").strip()
        if not line or line.startswith("#"):
            continue
        marker, line = line.split(None, 1) if line.startswith(_MARKERS) else ("", line)
        if not _whole(line):
            yield number, marker, None
            continue
        # A whole key of a type that the library does not know is neither damage nor of any use.
        with suppress(Exception):  # bytes that are not a key raise what they like, deep in the library
            if entry := paramiko.hostkeys.HostKeyEntry.from_line(line, number):
                yield number, marker, entry


def _whole(line: str) -> bool:
    """Whether a line has hosts, a type and a key that consists of fields of that type, as RFC 4253, 6.6 has them."""
    words = line.split()
    try:
        _, kind, encoded = words[:3]
        blob = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    fields = []
    while len(blob) >= _LENGTH:
        end = _LENGTH + int.from_bytes(blob[:_LENGTH], "big")
        fields.append(blob[_LENGTH:end])
        complete, blob = end <= len(blob), blob[end:]
        if not complete:
            return False
    return not blob and len(fields) > 1 and fields[0] == kind.encode()


def fingerprint(key: paramiko.PKey) -> str:
    """Type and SHA256 of a key, as OpenSSH writes them: `ED25519 SHA256:...`."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    kind = key.get_name().removeprefix("ssh-").partition("-")[0].upper()
    return f"{kind} SHA256:{digest}"
