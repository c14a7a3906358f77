"""The keys that a login offers: those of the agent, and files."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fatecloud.errors import UsageError
from fatecloud.transport.jump import Hop
from fatecloud.transport.library import paramiko
from fatecloud.whoami import home

_DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


def _default_keys() -> list[Path]:
    try:
        return [home() / ".ssh" / name for name in _DEFAULT_KEYS]
    except UsageError:  # a user without a home has no keys there, and the node's refusal lists what it accepts
        return []


def keys_of(hop: Hop, held: list[paramiko.PKey], tried: list[str]) -> Iterator[tuple[str, paramiko.PKey]]:
    """The keys to offer, in order, with their names for people; those that cannot be read are only named in `tried`."""
    paths = [Path(hop.key).expanduser()] if hop.key else _default_keys()
    if not hop.key:
        yield from ((f"agent key {key.get_name()}", key) for key in held)
    for path in paths:
        # Keys that the inventory names are reported when they are missing; the usual ones need not be there.
        if not hop.key and not path.is_file():
            continue
        try:
            key = paramiko.PKey.from_path(path)
        except (paramiko.PasswordRequiredException, TypeError):
            # The library says TypeError where a passphrase is missing.
            public = _public(path)
            # With `ssh: {key}` only that key is offered, but the agent may be the one that can use it.
            same = [key for key in held if key.asbytes() == public]
            yield from ((f"agent key for {path}", key) for key in same)
            if not same:
                tried.append(f"key {path} (has a passphrase and is not in the agent)")
        except (OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a readable private key"
            tried.append(f"key {path} ({reason})")
        else:
            yield f"key {path}", key


@contextmanager
def agent_keys(hop: Hop) -> Iterator[list[paramiko.PKey]]:
    """The keys of a running agent. They sign through it, so it stays connected until the end of the block."""
    if not hop.agent or not os.environ.get("SSH_AUTH_SOCK"):
        yield []
        return
    try:
        agent = paramiko.Agent()
    except (paramiko.SSHException, OSError):
        yield []
        return
    try:
        yield list(agent.get_keys())
    finally:
        agent.close()


def _public(path: Path) -> bytes:
    try:
        return base64.b64decode(Path(f"{path}.pub").read_text().split()[1])
    except (OSError, IndexError, binascii.Error):
        return b""
