"""The private known_hosts file of a cluster: what is in it is trusted, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from fatecloud.errors import TransportError
from fatecloud.transport.library import paramiko

_SHA2_NAMES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""A known key of type ssh-rsa is asked for by the names of its safe signatures."""


class KnownHost:
    """What the file says about one address."""

    def __init__(self, path: Path, address: str, port: int) -> None:
        self._path = path
        self.name = address if port == paramiko.config.SSH_PORT else f"[{address}]:{port}"
        keys = paramiko.HostKeys()
        if path.exists():
            keys.load(str(path))
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
            TransportError: NODE_HOST_KEY_CHANGED, always, when another key is known; NODE_HOST_KEY_UNKNOWN when none is
                and `accept_new` is false.
        """
        if self._known:
            if self._known.get(key.get_name()) == key:
                return
            raise TransportError(
                node,
                "NODE_HOST_KEY_CHANGED",
                f"{self.name} shows the host key {fingerprint(key)}, and {self._path} knows another one: "
                "the machine was reinstalled, or somebody stands between",
                remedy="Compare the fingerprint on the node's console (`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub`); "
                f"when it is right, `ssh-keygen -R '{self.name}' -f {self._path}` and run again.",
            )
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


def fingerprint(key: paramiko.PKey) -> str:
    """Type and SHA256 of a key, as OpenSSH writes them: `ED25519 SHA256:...`."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    kind = key.get_name().removeprefix("ssh-").partition("-")[0].upper()
    return f"{kind} SHA256:{digest}"
