"""The kinds of words in an inventory (names, paths, logins), each with a description of what is expected."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from fatecloud.inventory.addresses import endpoint_of, host_of
from fatecloud.inventory.kinds import Text
from fatecloud.model.places import is_systems, normal
from fatecloud.signing.fingerprint import PATTERN as FINGERPRINT

CLUSTER_NAME = Text(
    "lower-case letters, digits and '-' (not two in a row), at most 32, a letter first",
    r"(?!.*--)[a-z]([a-z0-9-]{0,30}[a-z0-9])?",
)
NODE_NAME = Text(
    "letters, digits, '-' and '_', at most 63 (and not `all` or `ungrouped`, which mean more to Ansible)",
    r"(?!(?:all|ungrouped)$)[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?",
)
PARTY_ID = Text('a party id: digits, at most 9, in quotes: "9999"', r"(?:0|[1-9][0-9]{0,8})")
GROUP_NAME = Text(
    "the name of a group: lower-case letters and digits, at most 16, a letter first (and not `cluster` or `prompt`, "
    "which mean more among secrets)",
    r"(?!(?:cluster|prompt)$)[a-z][a-z0-9]{0,15}",
)
SECRET_NAME = Text(
    "the name of a secret: letters, digits, '.', '-' and '_', not beginning with `cluster.`, which are our own",
    r"(?!cluster\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}",
)
APP_ID = Text("the id of an app: letters, digits, '.', '-' and '_'", r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def key_of_peer(text: str) -> str:
    """The fingerprint of a key, perhaps with its last day. Raises ValueError."""
    _, word, day = text.partition(" until ")
    if word:
        date.fromisoformat(day)
    return text


PEER_KEY = Text(
    "the fingerprint of a key: SHA256:..., or with the last day on which it counts: SHA256:... until 2027-02-28",
    rf"{FINGERPRINT}( until [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?",
    key_of_peer,
)
FATE_VERSION = Text("a version of FATE: 1.11.4", r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}")
RELEASE_NAME = Text("the name of a release: fate-2.2.0", r"[a-z0-9][a-z0-9.-]{0,63}")
LOGIN = Text("a user name", r"[A-Za-z0-9_.][A-Za-z0-9_.@\\-]{0,63}")
EXTERNAL_ACCOUNT = Text(
    "an account name: letters, digits, '.', '@', '-' and '_'", r"[A-Za-z0-9_.][A-Za-z0-9_.@-]{0,79}"
)
ACCOUNT = Text("a user or group name", r"[A-Za-z0-9_.](?:[A-Za-z0-9_.@\\ -]{0,62}[A-Za-z0-9_.@\\-])?")
NEW_ACCOUNT = Text("a user or group name: lower-case letters, digits, '-' and '_'", r"[a-z_][a-z0-9_-]{0,31}")
"""A name that every distribution can create an account for. Existing accounts may have other names (`domain users`)."""


def jump_of(text: str) -> str:
    """A jump host as written, checked. Raises ValueError."""
    host = text.rpartition("@")[2]
    if ":" in host.rpartition("]")[2]:
        endpoint_of(host)
    else:
        host_of(host.strip("[]"))
    return text


JUMP = Text("[user@]host[:port]", r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]{0,63}@)?[A-Za-z0-9._:\[\]-]{1,262}", jump_of)


def key_file_of(text: str) -> str:
    """A path with the home directory filled in. Raises ValueError for `~user` if this machine has no such user."""
    try:
        return str(Path(text).expanduser())
    except RuntimeError:
        raise ValueError(f"no home directory: {text!r}") from None


KEY_FILE = Text("the path of a private key on this machine", r"[^\x00-\x1f\x7f\"]{1,1024}", key_file_of)
INTERPRETER = Text("an absolute path", r"/[A-Za-z0-9._/+-]{1,1023}")


def directory_of(text: str) -> str:
    """A directory that a cluster may use as its own, normalised. Raises ValueError for directories of the system."""
    path = normal(text)
    if is_systems(path) or ".." in text.split("/"):
        raise ValueError(f"{path} is the system's")
    return path


DIRECTORY = Text(
    "an absolute path of our own (letters, digits and ._/+-; not /, /etc, ...), or ~/... on a local node",
    r"(?:~/|/)[A-Za-z0-9._/+-]{1,255}",
    lambda text: text.rstrip("/") if text.startswith("~/") and ".." not in text.split("/") else directory_of(text),
)
FILE = Text("an absolute path of a file (letters, digits and ._/+-)", r"/(?!.*\.\.)[A-Za-z0-9._/+-]{1,255}(?<!/)")


def is_home(path: str) -> bool:
    """Whether a directory is given relative to the login user's home."""
    return path.startswith("~/")
