"""The private known_hosts file of a cluster: only the keys in it are trusted."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from dataclasses import replace
from pathlib import Path

from fatecloud.errors import TransportError
from fatecloud.model.remedy import Edit, Run, administrator, look
from fatecloud.transport import hostlines
from fatecloud.transport.library import paramiko

ACCEPT = Run("fatecloud check --accept-new-host-keys", when="when this fingerprint is the node's")

_SHA2_NAMES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
"""A known key of type ssh-rsa is asked for by the names of its safe signatures."""


class KnownHost:
    """What the file says about one address."""

    def __init__(self, path: Path, address: str, port: int) -> None:
        self._path = path
        self.name = address if port == paramiko.config.SSH_PORT else f"[{address}]:{port}"
        keys = paramiko.HostKeys()
        self._damaged: list[int] = []
        self._damaged_revocations: list[int] = []
        self._revoked: set[bytes] = set()
        for line in hostlines.read(path):
            revokes = line.marker == hostlines.REVOKED
            if line.blob is None:
                (self._damaged_revocations if revokes else self._damaged).append(line.number)
            elif revokes:
                self._revoked.add(line.blob)
            elif not line.marker and (entry := line.entry()):
                for host in entry.hostnames or ():
                    keys.add(host, entry.key.get_name(), entry.key)
        self._known = keys.lookup(self.name)

    def prefer(self, transport: paramiko.Transport) -> None:
        """Ask the server for a key of a type that is known, so that the comparison means something."""
        options = transport.get_security_options()
        known = [name for kind in (self._known or {}) for name in _SHA2_NAMES.get(kind, (kind,))]
        wanted = [name for name in known if name in options.key_types]
        # The other types stay as a last resort, so that a changed key is reported as such and not as a failed
        # negotiation.
        options.key_types = tuple(wanted) + tuple(name for name in options.key_types if name not in wanted)

    def verify(self, node: str, key: paramiko.PKey, *, accept_new: bool) -> None:
        """Compare the key that the server showed.

        Raises:
            TransportError: NODE_HOST_KEY_REVOKED, always, when this key is revoked; NODE_HOST_KEY_CHANGED, always, when
                another key is known; NODE_HOST_KEYS_DAMAGED, always, when the file has lines that cannot be read and
                none is known, or one of these lines revokes a key; NODE_HOST_KEY_UNKNOWN when none is known and
                `accept_new` is false.
        """
        if key.asbytes() in self._revoked:
            # For any host: a stolen key can be shown under any name.
            raise TransportError(
                node,
                "NODE_HOST_KEY_REVOKED",
                f"{self.name} shows the host key {fingerprint(key)}, which {self._path} marks as revoked",
                remedies=(
                    administrator(node, "find out who uses the revoked key; give the right machine a new host key"),
                ),
            )
        if self._damaged_revocations:
            # The key that the server shows may be the revoked one, however well it is known.
            raise self._unreadable_revocation(node)
        if self._known:
            if self._known.get(key.get_name()) == key:
                return
            forget = Run(f"ssh-keygen -R '{self.name}' -f {shlex.quote(str(self._path))}")
            raise TransportError(
                node,
                # Never accepted by --accept-new-host-keys: this is what someone in between looks like.
                "NODE_HOST_KEY_CHANGED",
                f"{self.name} shows the host key {fingerprint(key)}, but {self._path} has another one: "
                "the machine was reinstalled, or someone intercepts the connection",
                remedies=(
                    look("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub", node),
                    # ssh-keygen replaces no file with a line that it cannot read.
                    *((self._delete_damaged(),) if self._damaged else ()),
                    replace(forget, when="when this fingerprint is the node's"),
                    ACCEPT,
                ),
            )
        if self._damaged:
            # The key of this host may be the one that cannot be read: a new one would replace it unnoticed.
            raise self._unreadable(node, key)
        if not accept_new:
            raise TransportError(
                node,
                "NODE_HOST_KEY_UNKNOWN",
                f"{self.name} shows the host key {fingerprint(key)}, which is not known yet",
                remedies=(ACCEPT,),
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
        return TransportError(
            node,
            "NODE_HOST_KEYS_DAMAGED",
            f"no readable line of the cluster's known_hosts file has a key of {self.name}, and "
            f"{'these lines are' if several else 'this line is'} damaged: {places}",
            remedies=(
                Edit("restore it from a backup", "known_hosts"),
                replace(self._delete_damaged(), instead=True),
                replace(ACCEPT, when=f"then, when the node's fingerprint is {fingerprint(key)}"),
            ),
        )

    def _delete_damaged(self) -> Run:
        lines = ";".join(f"{number}d" for number in self._damaged)
        return Run(f"sed -i '{lines}' {shlex.quote(str(self._path))}", when="without a backup of the damaged lines")

    def _unreadable_revocation(self, node: str) -> TransportError:
        places = ", ".join(f"{self._path}:{number}" for number in self._damaged_revocations)
        return TransportError(
            node,
            "NODE_HOST_KEYS_DAMAGED",
            f"a key was revoked, and it cannot be read which: {places}. No host key is trusted meanwhile",
            remedies=(
                Edit("write the whole revoked key on that line (`@revoked * TYPE KEY`)", "known_hosts"),
                Edit("delete the line, if the key is no longer in use anywhere", "known_hosts", instead=True),
            ),
        )

    def _remember(self, key: paramiko.PKey) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = f"{self.name} {key.get_name()} {key.get_base64()}\n".encode()
        # One write to a file opened for appending is atomic, and many nodes are met for the first time at once.
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            # A writer that was killed may have left half a line, which would spoil ours too.
            unfinished = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, (b"\n" if unfinished else b"") + line)
        finally:
            os.close(descriptor)


def fingerprint(key: paramiko.PKey) -> str:
    """Type and SHA256 of a key, as OpenSSH writes them: `ED25519 SHA256:...`."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    kind = key.get_name().removeprefix("ssh-").partition("-")[0].upper()
    return f"{kind} SHA256:{digest}"
