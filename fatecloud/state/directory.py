"""Where a controller keeps what it remembers of a cluster: history, never truth."""

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
    """The directory of a cluster, made with mode 0700 when it is not there.

    Its name is the cluster's id, so that another cluster of the same name has another one.

    Raises:
        UsageError: it cannot be made or is somebody else's.
    """
    directory = place_of(cluster_id, root)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.chmod(0o700)
    except OSError as error:
        raise UsageError(
            f"the state directory {directory} cannot be used: {error.strerror}", remedy="give another --state-dir"
        ) from error
    return directory


def place_of(cluster_id: str, root: Path | None = None) -> Path:
    """Where a cluster's directory is or would be."""
    return (root or default_root()) / cluster_id


def controller_id(directory: Path) -> str:
    """What tells this controller from every other one, made at random when it is first asked for.

    Names do not: two machines called `localhost` would each call the other's run a dead one of its own, and end it.

    Args:
        directory: the cluster's state directory.

    Raises:
        UsageError: it cannot be kept.
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
        raise UsageError(f"{file} cannot be kept: {error.strerror}", remedy="give another --state-dir") from error
