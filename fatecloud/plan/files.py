"""Compares desired files with the files on a node."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from fatecloud.model.access import access_of, is_given
from fatecloud.model.desired import Desired, DesiredFile
from fatecloud.model.plan import FileChange


def file_changes(
    desired: Desired,
    node: str,
    real: Mapping[str, str],
    seen: Mapping[str, Any],
    manifest: Mapping[str, Any],
    old_texts: Mapping[str, str],
    pending: Mapping[str, str] = MappingProxyType({}),
    unfinished: Collection[str] = (),
) -> tuple[FileChange, ...]:
    """What differs between the desired files of a node and what is there.

    Args:
        desired: with rendered files.
        real: path -> sha256 that the file must have.
        seen: the collector's `files` fact: path -> {sha256, mode, ...} or None.
        manifest: the manifest's `files`: path -> {sha256, digest, ...}.
        old_texts: secret-free digest -> the text of the last deploy, as far as known.
        pending: the manifest's `pending`: path -> sha256 of the content that an interrupted run was about to write.
        unfinished: directories that a run has begun to fill and not finished: environments and views of trees.
    """
    changes, files = [], desired.files.get(node, ())
    for file in files:
        there, ours = seen.get(file.path), manifest.get(file.path)
        kind = _kind(desired, node, file, real[file.path], there)
        if kind is None:
            continue
        # A run that was killed may have written the new content before it noted it: that is not an edit.
        known = (real[file.path], pending.get(file.path), ours["sha256"] if ours else None)
        # Packages bring some of the files that we replace; who fills the directory again removes these first.
        brought = not ours and any(file.path.startswith(f"{directory}/") for directory in unfinished)
        drifted = bool(there and there["sha256"] not in known and not brought)
        changes.append(FileChange(node, file.path, kind, file.service, _diff(file, ours, old_texts), drifted))
    wanted, staying = {file.path for file in files}, {file.service for file in files}
    for path, entry in manifest.items():
        if path not in wanted:
            service, there = entry.get("service", "node"), seen.get(path)
            # An edited file of a service that left the inventory is not drift: its whole directory is removed.
            drifted = bool(there and service in staying and there["sha256"] != entry["sha256"])
            changes.append(FileChange(node, path, "remove", service, drifted=drifted))
    return tuple(sorted(changes, key=lambda change: (change.service, change.path)))


def _kind(desired: Desired, node: str, file: DesiredFile, real: str, there: Mapping[str, Any] | None) -> Any:
    if there is None:
        return "create"
    if there["sha256"] != real:
        return "change"
    if int(there["mode"], 8) != file.mode:
        return "mode"
    access = access_of(desired.node(node), desired.services.get(file.service), file.owner, file.mode)
    return None if is_given(access, there) else "owner"


def _diff(file: DesiredFile, ours: Mapping[str, Any] | None, old_texts: Mapping[str, str]) -> str:
    # Only a secret changed, or the file was edited: of neither a line may be shown.
    if ours and ours["digest"] == file.digest:
        return ""
    if ours and ours["digest"] not in old_texts:
        return "no difference to show: the text that was deployed is not on record"
    old = old_texts[ours["digest"]] if ours else ""
    lines = difflib.unified_diff(
        old.splitlines(), file.text.splitlines(), f"{file.path} (now)", f"{file.path} (planned)", lineterm="", n=2
    )
    return "\n".join(lines)


def texts_needed(files: tuple[DesiredFile, ...], manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Digests of the old texts that a diff needs: those of files whose text changes apart from secrets."""
    return tuple(
        sorted({ours["digest"] for f in files if (ours := manifest.get(f.path)) and ours["digest"] != f.digest})
    )
