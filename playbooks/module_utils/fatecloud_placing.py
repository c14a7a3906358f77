"""Files of services as a manifest records them: whose they are, who changed them, and how they are put in place.

Python 3.8, stdlib. A file here has `path`, `mode` (octal text) and `owner` (`root` or `service`).
"""

from __future__ import annotations

import os
import stat

from ansible.module_utils.fatecloud_inside import make_directory, same_access
from ansible.module_utils.fatecloud_node import replace


def strangers(hashes: dict, recorded: dict, pending: dict) -> list:
    """Paths whose content is neither what we want nor what we put there.

    Args:
        hashes: path -> (hash now or None, hash wanted or None where it is to be removed).
        recorded: the manifest's files.
        pending: path -> hash of what an interrupted task was about to put there.
    """
    return sorted(
        path
        for path, (there, wanted) in hashes.items()
        if there not in (None, wanted, recorded.get(path, {}).get("sha256"), pending.get(path))
    )


def owner_of(file: dict, service_ids: tuple) -> tuple:
    """Numeric owner of a file: root's files can be read by the service's group, where not everyone may read them.

    Args:
        file: what it has to be.
        service_ids: of the service, as `owner_ids` gives them.
    """
    if service_ids == (-1, -1):
        return os.geteuid(), -1  # ours, as we cannot give it away, of any group
    if file["owner"] != "root":
        return service_ids
    return 0, 0 if int(file["mode"], 8) & stat.S_IROTH else service_ids[1]


def would_change(file: dict, there: str | None, wanted: str, service_ids: tuple) -> bool:
    """Whether a file has another content, mode or owner than it should.

    Args:
        file: what it has to be.
        there: hash of what is at its path; None for nothing.
        wanted: hash of what should be there.
        service_ids: of the service, as `owner_ids` gives them.
    """
    return there != wanted or not same_access(file["path"], int(file["mode"], 8), *owner_of(file, service_ids))


def write(file: dict, data: bytes, there: str | None, wanted: str, service_ids: tuple) -> bool:
    """Make a file what it should be, with the directory that it lies in; whether anything changed.

    Args:
        file: as for `would_change`, and so are the hashes and the owner.
        data: its content.

    Raises:
        Refused: a link is on the way to it.
        OSError: it cannot be written.
    """
    if not would_change(file, there, wanted, service_ids):
        return False
    path = file["path"]
    if not os.path.isdir(os.path.dirname(path)):
        make_directory(os.path.dirname(path), 0o755)
    # Also when only the owner or the mode differs: who owned it may have it open for writing.
    replace(path, data, int(file["mode"], 8), *owner_of(file, service_ids))
    return True
