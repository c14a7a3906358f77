"""Whether the data of a service are where they were: the mark in their directory against the one on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["there", "unmarked", "gone", "other", "pending"]


@dataclass(frozen=True, slots=True)
class DataState:
    """A service's data directory as it was read.

    `there`: the mark is the expected one. `unmarked`: none is expected yet. `gone`: one is expected, and it is not
    there, or it is there without the data. `other`: the mark of other data is there. `pending`: restored data that
    were not accepted yet.
    """

    state: State
    path: str
    now: str
    """What is mounted there now, as text."""
    then: str = ""
    """What was mounted there when the data were marked; empty when no mark is expected."""
    found: str = ""
    """The directory's content, as text."""
    moved: bool = False
    """Whether the data are there, but on another file system than when they were marked."""
    recorded: bool = True
    """Whether the manifest and our copy of the mark both know it."""

    @property
    def blocks(self) -> bool:
        """Whether a start would create new data, or use the wrong ones."""
        return self.state in ("gone", "other", "pending")


def data_state(seen: Mapping[str, Any], recorded: Mapping[str, Any] | None, stamp: str) -> DataState:
    """Judge one service.

    Args:
        seen: its entry of the `data` fact.
        recorded: its entry of the manifest's `data`.
        stamp: the service's own.
    """
    mark, copy = seen["mark"], seen["copy"]
    expected = next((known for known in (copy, recorded) if known and known.get("path") == seen["path"]), None)
    state: State = "there"
    if expected is None:
        state = "other" if mark and mark.get("stamp") != stamp else "unmarked"
    elif mark is None or mark.get("id") != expected.get("id") or mark.get("adopting"):
        state = "pending" if mark and mark.get("adopting") else "gone"
    if state in ("there", "unmarked") and seen["hollow"]:
        state = "gone"
    return DataState(
        state,
        seen["path"],
        mount_text(seen["mount"]),
        mount_text(expected["mount"]) if expected else "",
        _found(seen),
        moved=state == "there" and expected is not None and not _same(seen["mount"], expected["mount"]),
        recorded=bool(recorded) and copy == mark,
    )


def mount_text(mount: Mapping[str, str]) -> str:
    """A file system for people: `/dev/sdb1 (xfs, UUID 1-2) mounted at /data`. A device may change its name."""
    if mount.get("uuid"):
        return f"{mount['fstype']} with UUID {mount['uuid']} mounted at {mount['mount']}"
    return f"{mount['device']} ({mount['fstype']}) mounted at {mount['mount']}"


def _same(now: Mapping[str, str], then: Mapping[str, str]) -> bool:
    """Whether two readings are of one file system; it may be mounted elsewhere, and its device may change its name."""
    if now.get("uuid") and then.get("uuid"):
        return now["uuid"] == then["uuid"]
    return (now["device"], now["fstype"]) == (then["device"], then["fstype"])


def _found(seen: Mapping[str, Any]) -> str:
    if seen["entries"] is None:
        return "no directory"
    if not seen["entries"]:
        return "an empty directory"
    names = ", ".join(seen["names"][:5]) + (", ..." if seen["entries"] > 5 else "")  # noqa: PLR2004 - as the slice says
    if seen["hollow"]:
        return f"a directory with {names}, without the data that belong there"
    return f"a directory with {names}" + ("" if seen["mark"] else ", without a mark")
