"""Whose a file or a directory of ours is on its node: what a plan compares, and a check expects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import dirname
from typing import Any

from fatecloud.model.accounts import Account, owner_of
from fatecloud.model.desired import Desired, DesiredService
from fatecloud.model.layout import check_program_of, consoles_of, private_of
from fatecloud.model.node import Node
from fatecloud.model.places import SUPERVISOR
from fatecloud.model.remedy import Run

OTHERS = 0o007
"""Bits of a mode for everyone but owner and group."""

_ANYONE = Account("", "")


def access_of(node: Node, service: DesiredService | None, owner: str, mode: int) -> Account:
    """The user and the group that a file has to have; a name is empty where any is right.

    The group matters where not everyone can read the file: without it its service cannot. A deploy without root gives
    no file to a group.

    Args:
        service: whose it is; None for a file of the node itself.
        owner: as a desired file and the manifest say it, `service` or `root`.
    """
    user = service.user if service and owner == "service" else owner_of(node).user
    named = service and node.become == "root" and not mode & OTHERS
    return Account(user, service.group if service and named else "")


def is_given(access: Account, seen: Mapping[str, Any]) -> bool:
    """Whether a file has this user and group.

    Args:
        seen: the file's entry in the fact `files`; of one that could not be opened it has no names.
    """
    if not seen.get("owner"):
        return True
    return access.user in ("", seen["owner"]) and access.group in ("", seen.get("group"))


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory of ours as it should be."""

    mode: int
    access: Account
    """Names are empty where any is right."""

    def is_as(self, seen: Mapping[str, Any]) -> bool:
        """Whether it has these rights.

        Args:
            seen: its entry in the fact `folders`; without names where it could not be looked at.
        """
        return not seen["owner"] or (int(seen["mode"], 8) == self.mode and is_given(self.access, seen))


def folders_of(desired: Desired, node: Node, service: DesiredService | None) -> dict[str, Folder]:
    """The directories of a service, or with None those of the node. Without root none of them can be given away."""
    root = node.become == "root"
    if not service:
        access = Account("root", "root") if root else _ANYONE
        return {path: Folder(mode, access) for path, mode in node_places(desired, node).items()}
    own = Account(service.user, service.group) if root else _ANYONE
    ours = Account("root", service.group) if root else _ANYONE
    found = {path: Folder(mode, ours) for path, mode in service.places.items()}
    return found | {path: Folder(mode, own) for path, mode in service.directories.items()}


def node_places(desired: Desired, node: Node) -> dict[str, int]:
    """The directories that serve a whole node, with their modes."""
    places = dict.fromkeys((node.paths.base, node.paths.data, node.paths.logs), 0o755)
    if desired.supervisor and desired.on_node(node.name) and node.supervision == "supervisor":
        places |= dict.fromkeys((f"{private_of(node)}/{SUPERVISOR}", f"{private_of(node)}/{SUPERVISOR}/conf.d"), 0o700)
        if node.become == "root":
            places[consoles_of(node)] = 0o750
    if node.check:
        places[dirname(check_program_of(desired.cluster.label))] = 0o755
    return places


def folders_wrong(
    desired: Desired, node: Node, service: DesiredService | None, seen: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """The directories that are gone, and those with other rights than they should have.

    Without those that hold data which are gone: a deploy makes no empty place for them.

    Args:
        seen: the fact `folders`.
    """
    wanted = folders_of(desired, node, service)
    keeps = service.data if service and service.signs else ""
    lost = f"{keeps}/" if keeps and keeps in seen and seen[keeps] is None else ""
    gone = [path for path in sorted(wanted) if path in seen and seen[path] is None]
    other = [path for path in sorted(wanted) if seen.get(path) and not wanted[path].is_as(seen[path])]
    return [path for path in gone if not (lost and f"{path}/".startswith(lost))], other


def folders_open(desired: Desired, node: Node, service: DesiredService | None, seen: Mapping[str, Any]) -> list[str]:
    """The directories that others could have changed although they are not theirs: no deploy works in one of them.

    Args:
        seen: the fact `folders`.
    """
    own = service.directories if service else {}
    wanted = {path: folder for path, folder in folders_of(desired, node, service).items() if path not in own}
    return [path for path in sorted(wanted) if seen.get(path) and _is_open(wanted[path], seen[path])]


def _is_open(folder: Folder, seen: Mapping[str, Any]) -> bool:
    mode, theirs = int(seen["mode"], 8), seen["group"] != seen["owner"]  # a user's own group has the user's name
    return bool(seen["owner"]) and (
        folder.access.user not in ("", seen["owner"]) or bool(mode & 0o002) or (theirs and bool(mode & 0o020))
    )


def taking_back(desired: Desired, node: Node, service: DesiredService | None, path: str) -> Run:
    """The command that gives one of them back the rights that it should have."""
    folder = folders_of(desired, node, service)[path]
    chmod = f"chmod {folder.mode:04o} {path}"
    if node.become != "root":
        return Run(chmod, node.name)
    return Run(f"chown {folder.access.user}:{folder.access.group} {path} && {chmod}", node.name, root=True)
