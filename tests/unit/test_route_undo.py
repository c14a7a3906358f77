"""What `route undo` would put back, and what is said of it afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from fatecloud.errors import FatecloudError, NoMatch
from fatecloud.model.earlier import Version, versions_of
from fatecloud.model.service import FileSpec
from fatecloud.plan.earlier import chosen, undo_plan
from fatecloud.render.files import render_specs
from fatecloud.shipped import folder

ONE, TWO = "9999/osx@a1", "10000/osx@b1"
NOW = 10_000.0
TEXTS = {hashlib.sha256(text.encode()).hexdigest(): text for text in ("old\n", "new\n", "allow\n")}
OLD, NEW, LIST = TEXTS


def entry(digest: str) -> dict[str, Any]:
    return {"digest": digest, "sha256": digest, "mode": "0640", "owner": "root", "service": ONE}


def version(run: str, at: float, files: Mapping[str, Any] | None = None, *, undo: bool = False) -> Version:
    return Version(run, at, files or {"/table": entry(OLD)}, undo)


def test_the_last_run_that_changed_a_table_is_undone_wherever_it_changed_one() -> None:
    kept = {ONE: (version("r1", 1), version("r2", 5)), TWO: (version("r1", 1),), "11000/osx@c1": (version("r2", 6),)}
    assert {key: found.run for key, found in chosen(kept, None, NOW).items()} == {ONE: "r2", "11000/osx@c1": "r2"}
    assert set(chosen(kept, "r1", NOW)) == {ONE, TWO}


def test_a_run_that_changed_none_names_those_that_did() -> None:
    with pytest.raises(NoMatch, match="run r9 changed no table") as caught:
        chosen({ONE: (version("r1", NOW - 7200), version("r2", NOW - 60))}, "r9", NOW)
    assert caught.value.remedy == "these did: r1 (2 h ago), r2 (1 min ago)"
    with pytest.raises(NoMatch, match="no earlier table of routes is kept here"):
        chosen({ONE: ()}, None, NOW)


def test_what_is_put_back_is_shown_as_a_difference_from_what_is_there() -> None:
    files = {"/table": entry(OLD), "/gone": None, "/back": entry(LIST), "/same": entry(NEW)}
    recorded = {"/table": entry(NEW), "/gone": entry(LIST), "/same": entry(NEW)}
    plan = undo_plan("demo", {ONE: "a1"}, {ONE: version("r1", 1, files)}, {"a1": {"files": recorded}}, TEXTS)
    assert [(one.kind, one.path) for one in plan.files] == [
        ("create", "/back"),
        ("remove", "/gone"),
        ("change", "/table"),
    ]
    assert plan.files[2].diff.splitlines()[3:] == ["-new", "+old"]
    same = undo_plan("demo", {ONE: "a1"}, {ONE: version("r1", 1, recorded)}, {"a1": {"files": recorded}}, TEXTS)
    assert same.empty


def test_a_manifest_names_the_versions_of_a_service() -> None:
    manifest = {"earlier": {ONE: [{"run": "r1", "at": 5, "files": {"/table": entry(OLD), "/x": None}, "undo": True}]}}
    (found,) = versions_of(manifest, ONE)
    assert (found.run, found.undo, found.digests) == ("r1", True, frozenset([OLD]))
    assert versions_of(manifest, TWO) == versions_of({}, ONE) == ()


def test_what_holds_a_secret_is_never_kept() -> None:
    values = {"table": {"password": "@@fatecloud:x:raw@@"}}
    spec = FileSpec("/table", "osx/route_table.json.j2", values, kept=True)
    with pytest.raises(FatecloudError, match="it holds a secret"):
        render_specs((spec,), ONE, folder("templates"))
