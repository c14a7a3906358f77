"""What has to be changed, once, when a service gets a newer version: a table, a file, a directory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """A step between two versions of a component. It runs on the service's node, as its user, while it is stopped."""

    to: str
    """The version that needs it: a service of any older one passes through it. One for each version."""
    what: str
    """What it changes, for people."""
    dump: tuple[str, ...]
    """Argv that prints what brings the old state back. Its output becomes a file of root's below `paths.backup`."""
    migrate: tuple[str, ...]
    """Argv that makes the change. It may be run again, after a kill in the middle too."""
    verify: tuple[str, ...]
    """Argv that exits with 0 if the change is there; otherwise it prints what is wrong."""
    back: str
    """Command for a shell of root's, who alone can read the dump, that brings the old state back.

    `{dump}` is the path of the dump.
    """
    timeout: int = 3600
    """Seconds, for each of the three."""
