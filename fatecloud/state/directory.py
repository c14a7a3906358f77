"""The directory where a controller keeps the history of a cluster. The nodes, not this history, say what is true."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from fatecloud.errors import UsageError
from fatecloud.whoami import home


def default_root() -> Path:
    """`$XDG_STATE_HOME/fatecloud`, or `~/.local/state/fatecloud`."""
    base = os.environ.get("XDG_STATE_HOME") or str(home() / ".local" / "state")
    return Path(base) / "fatecloud"


def cluster_directory(cluster_id: str, root: Path | None = None) -> Path:
    """The directory of a cluster, created with mode 0700 if it does not exist.

    Its name is the cluster's id, because several clusters can have the same name.

    Raises:
        UsageError: it cannot be created or belongs to another user.
    """
    directory = place_of(cluster_id, root)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # One that was there already may be open to others, who could then exchange the known host keys.
        directory.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the state directory {directory} cannot be used: {error.strerror}", remedy="use another --state-dir"
        ) from error
    return directory


def place_of(cluster_id: str, root: Path | None = None) -> Path:
    """Where a cluster's directory is or would be."""
    return (root or default_root()) / cluster_id


def known_controller(directory: Path) -> str | None:
    """The id of this controller, as `controller_id` gives it; None before it has one."""
    try:
        return (directory / "controller").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def controller_id(directory: Path) -> str:
    """A random id that distinguishes this controller from every other one. It is created at the first call.

    Host names would not do: of two machines called `localhost`, each would take the other's run for a dead run of its
    own, and take over its nodes.

    Args:
        directory: the cluster's state directory.

    Raises:
        UsageError: the id cannot be stored.
    """
    file = directory / "controller"
    try:
        with (
            suppress(FileExistsError),
            os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new,
        ):
            new.write(secrets.token_hex(16))
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", remedy="use another --state-dir") from error
