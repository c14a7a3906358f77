"""One member of an archive, whatever the archive is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fatecloud.artifacts.packages.bounds import Bounds
from fatecloud.artifacts.packages.streams import Peekable
from fatecloud.plain import plain

MemberKind = Literal["file", "directory", "link", "same", "other"]
"""`same`: another name of a file that came before; `other`: a device, a pipe, a sparse file."""
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Member:
    """To be read before the next one."""

    name: str
    """As the archive has it."""
    kind: MemberKind
    size: int
    """Bytes, as the archive claims; no more are read."""
    mode: int
    target: str
    """Of a link, or the file that has another name here."""
    content: Peekable
    problem: str = ""
    """What keeps its content from being read, such as a password."""


def path_of(name: str) -> str:
    """The path without parts that mean nothing; empty for the archive's own top."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def wrong_with(member: Member, bounds: Bounds) -> str:
    """What forbids a member to be in an archive that is used; empty if nothing does."""
    shown = repr(plain(member.name[:_SHOWN]))
    parts = [part for part in member.name.split("/") if part not in ("", ".")]
    if len(member.name) > bounds.name or len(parts) > bounds.deepest:
        return f"{shown} has a path of more than {bounds.deepest} names or {bounds.name} characters"
    if plain(member.name) != member.name:
        return f"{shown} has characters in its name that cannot be printed"
    if member.name.startswith("/") or ".." in parts:
        return f"{shown} leads out of it"
    if member.kind == "other":
        return f"{shown} is a device, a pipe or a sparse file, expected files, directories and links"
    if member.kind == "link" and _leads_out(parts, member.target):
        return f"{shown} is a link that leads out of it"
    return f"{shown} {member.problem}" if member.problem else ""


def _leads_out(parts: list[str], target: str) -> bool:
    """Whether a link leads out of what `parts` begins in: only leading `..` count, as when a node unpacks it."""
    words = target.split("/")
    ups = next((number for number, word in enumerate(words) if word != ".."), len(words))
    return not target or target.startswith("/") or "\0" in target or ".." in words[ups:] or ups > len(parts) - 1


def leaves(path: str, target: str) -> bool:
    """Whether a link at a path below a directory leads out of that directory."""
    return _leads_out(path.split("/"), target)
