"""The one list of what a node's store holds for its services."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from small_cluster import KEY, PYTHON, PYTHONS, RELEASE, TREE, desired, node

from fatecloud.checks.preflight import judge_preflight
from fatecloud.errors import ArtifactMissing
from fatecloud.model.artifact import Artifact
from fatecloud.model.desired import Desired
from fatecloud.model.identity import ServiceId
from fatecloud.model.observed import Observed
from fatecloud.model.package import PackageNeed
from fatecloud.model.parts import artifacts_of, lacking, packages_missing, parts_of
from fatecloud.model.python import PythonSet
from fatecloud.model.release import Release
from fatecloud.model.runtime import PythonRuntime
from fatecloud.model.trees import PlacedTree, Tree, TreeUse
from fatecloud.plan.real import markers
from fatecloud.render.node_variables import node_variables
from fatecloud.render.service_variables import service_variables
from fatecloud.workflow.stored import require_packages

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


NEED = PackageNeed("app", "1.0", "app-1.0.zip", ("all.tar.gz",))


def without_package(release: Release) -> Desired:
    """A service that uses a package which was not imported here."""
    state = wanted("", trees=(PlacedTree(Tree("app", ()), "/data/fate/x/trees/app", {}, copied=False, files=()),))
    return replace(state, releases=dict.fromkeys(state.releases, release))


def test_a_package_that_was_not_imported_is_in_no_part_and_its_marker_is_not_known() -> None:
    state = without_package(replace(RELEASE, packages={"app": NEED}))
    assert parts_of(state, "a1") == ()
    assert markers(state, next(iter(state.services.values()))) == {}
    assert packages_missing(state) == (NEED,)
    assert packages_missing(wanted("", trees=(placed(),))) == ()


def test_verbs_that_ship_name_it_as_upstream_does() -> None:
    state = without_package(replace(RELEASE, packages={"app": NEED}))
    with pytest.raises(
        ArtifactMissing, match=r"were not imported:\n  app 1\.0: app-1\.0\.zip, also in all\.tar\.gz"
    ) as caught:
        require_packages(state)
    assert caught.value.remedy == "fatecloud release import app-1.0.zip"
    (finding,) = judge_preflight(state, Observed({}, 0)).findings[:1]
    assert (finding.code, "fatecloud release import app-1.0.zip" in str(finding.remedy[0])) == (
        "PREFLIGHT_ARTIFACT_MISSING",
        True,
    )
