"""The one list of what a node's store holds for its services."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_cluster import KEY, PYTHON, PYTHONS, TREE, desired, node

from fatecloud.model.artifact import Artifact
from fatecloud.model.desired import Desired
from fatecloud.model.identity import ServiceId
from fatecloud.model.parts import artifacts_of, lacking, parts_of
from fatecloud.model.python import PythonSet
from fatecloud.model.runtime import PythonRuntime
from fatecloud.model.trees import PlacedTree, TreeUse
from fatecloud.render.node_variables import node_variables
from fatecloud.render.service_variables import service_variables

OLD = PythonSet(
    replace(PYTHON.requirement, name="old", minor="3.6", lock=(Artifact("y==1", "y-1.whl", "d" * 64, 10, "wheel"),)),
    replace(PYTHON.interpreter, name="cpython==3.6.15", sha256="e" * 64),
)


def wanted(*runtimes: str, trees: tuple[PlacedTree, ...] = (), supervision: str = "systemd") -> Desired:
    """A node with a service for each of these Python sets, all of them with these trees."""
    place = node("/data/fate", supervision=supervision)
    plain = desired(place)
    services = {}
    for number, name in enumerate(runtimes):
        ident = ServiceId("tiny-c3f9a2", str(9999 + number), "flow", "a1")
        runtime = PythonRuntime(name) if name else None
        home = f"/data/fate/{ident.slug}"
        services[ident.key] = replace(plain.services[KEY], id=ident, home=home, runtime=runtime, trees=trees)
    known = {**PYTHONS, ("tiny", "old"): OLD}
    release = replace(plain.releases["9999"], pythons={"fate": PYTHON.requirement, "old": OLD.requirement})
    state = replace(
        plain,
        releases={s.id.owner: release for s in services.values()},
        services=services,
        pythons=known,
        stages=(tuple(services),),
    )
    return replace(state, supervisor=replace(TREE, name="supervisor"))


def kinds(state: Desired) -> list[str]:
    return [part.kind for part in parts_of(state, "a1")]


def test_a_release_without_python_needs_nothing_of_a_store() -> None:
    assert parts_of(wanted(""), "a1") == ()
    variables = node_variables(wanted(""), wanted("").node("a1"), lambda _: pytest.fail("nothing is shipped"))
    assert (variables["artifacts"], variables["pythons"], variables["trees"]) == ([], [], [])


def test_what_several_services_share_is_there_once() -> None:
    state = wanted("fate", "fate")
    assert kinds(state) == ["python", "tool", "venv"]
    assert [a.filename for a in artifacts_of(parts_of(state, "a1"))] == [
        "cpython.tar.gz",
        "uv.whl",
        "x-1-py3-none-any.whl",
    ]


def test_sets_of_several_series_lie_side_by_side() -> None:
    state = wanted("fate", "old", "")
    assert kinds(state) == ["python", "tool", "venv", "python", "venv"], "one installer serves both"
    place = state.node("a1")
    variables = node_variables(state, place, Path)
    assert [python["minor"] for python in variables["pythons"]] == ["3.6", "3.10"]
    made = [service_variables(state, service)["python"] for service in state.services.values()]
    assert made == [PYTHON.digest, OLD.digest, ""]
    assert len({PYTHON.digest, OLD.digest}) == 2


def test_supervisor_is_brought_where_it_runs_the_services() -> None:
    assert kinds(wanted("", supervision="supervisor")) == ["tree"]
    assert kinds(wanted(supervision="supervisor")) == [], "a node without services"


def placed(**changes: object) -> PlacedTree:
    writes = {"logs": "/data/fate/logs/x"}
    plain = PlacedTree(TREE, "/data/fate/x/trees/app", writes, copied=False, files=())
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_tree_is_one_part_however_many_services_see_it() -> None:
    assert kinds(wanted("", "", trees=(placed(),))) == ["tree"]


def test_the_digest_of_a_view_follows_everything_that_is_shown() -> None:
    others = [
        placed(writes={}),
        placed(copied=True),
        placed(files=("conf/a",)),
        placed(path="/data/fate/y/trees/app"),
        placed(tree=replace(TREE, root="other")),
        placed(tree=replace(TREE, artifacts=())),
    ]
    assert len({view.digest for view in (placed(), *others)}) == 7
    assert placed().marker == f"{TREE.digest}\n{placed().digest}\n"


def test_what_a_node_lacks_is_what_is_not_whole_there() -> None:
    parts = parts_of(wanted("fate", trees=(placed(),)), "a1")
    whole = {kind: [part.id for part in parts if part.kind == kind] for kind in ("python", "venv", "tree")}
    assert lacking(parts, {"made": whole, "changed": []}) == ()
    assert [part.kind for part in lacking(parts, {"made": {}, "changed": []})] == ["python", "venv", "tree"]
    changed = lacking(parts, {"made": whole, "changed": whole["tree"]})
    assert [part.kind for part in changed] == ["tree"]


@pytest.mark.parametrize("path", ["/logs", "../logs", "a/../b", "", ".", "a//b", "a/"])
def test_what_software_writes_lies_below_its_tree(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path below it"):
        TreeUse("app", writes={path: "/data/x"})
    TreeUse("app", writes={"bin/pid": "/data/x"})
