"""What a service sees of a tree never leaves its own directories, and the release has to have it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from small_cluster import RELEASE, TREE

from fatecloud.model.service import FileSpec, Process
from fatecloud.model.trees import TreeUse
from fatecloud.model.wanted import Wanted
from fatecloud.resolve.trees import placed_trees

HOME = "/data/fate/x"
CONTEXT: Any = SimpleNamespace(
    release=replace(RELEASE, trees={"app": TREE}),
    component=SimpleNamespace(name="server"),
    home=HOME,
    data="/data/fate/data/x",
    logs="/data/fate/logs/x",
    tree=lambda name: f"{HOME}/trees/{name}",
)


def wanted(use: TreeUse, *files: str) -> Wanted:
    specs = tuple(FileSpec(path, "x.j2", {}) for path in files)
    return Wanted(Process(("/bin/true",)), specs, {}, trees=(use,))


def test_a_file_rendered_below_a_tree_takes_the_place_of_the_trees_own() -> None:
    use = TreeUse("app", writes={"logs": "/data/fate/logs/x", "bin/pid": f"{HOME}/run/numbers"})
    (placed,) = placed_trees(CONTEXT, wanted(use, f"{HOME}/trees/app/conf/app.conf", f"{HOME}/conf/other.conf"))
    assert (placed.path, placed.files, placed.tree) == (f"{HOME}/trees/app", ("conf/app.conf",), TREE)
    assert placed.writes == use.writes


def test_a_tree_that_the_release_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match="server: tiny has no tree 'other'"):
        placed_trees(CONTEXT, wanted(TreeUse("other")))


@pytest.mark.parametrize(
    "target", ["/etc", HOME, f"{HOME}/conf", f"{HOME}/run/pid", "/data/fate/data", "/data/fate/data/xy", "/tmp"]
)
def test_what_software_writes_stays_in_directories_of_its_own(target: str) -> None:
    with pytest.raises(ValueError, match=f"logs would be {target}, which is not the service's own"):
        placed_trees(CONTEXT, wanted(TreeUse("app", writes={"logs": target})))


def test_no_file_of_ours_is_rendered_where_the_service_may_write() -> None:
    use = TreeUse("app", writes={"conf": "/data/fate/data/x/conf"})
    with pytest.raises(ValueError, match=r"conf/app\.conf is rendered into conf"):
        placed_trees(CONTEXT, wanted(use, f"{HOME}/trees/app/conf/app.conf"))
