"""How large a node is: given, or read once and kept in its manifest, so that every controller plans the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sessions

from fatecloud import catalogue
from fatecloud.inventory import load
from fatecloud.model.machine import Machine
from fatecloud.model.observed import Fact, NodeFacts, Observed, Unreachable
from fatecloud.render.node_variables import prepared_digest
from fatecloud.resolve.desired import resolve
from fatecloud.resolve.machines import as_read, resized
from fatecloud.shipped import folder
from fatecloud.workflow.session import Session

GIB = 1 << 30
CLUSTER = load(folder("inventories") / "all-in-one.yml")
(NODE,) = CLUSTER.nodes


def seen(memory: int | None = None, cores: int | None = None, kept: dict[str, Any] | None = None) -> Observed:
    """What the node has, and what its manifest says that it had."""
    facts = {
        "memory": Fact({"total": memory * GIB}) if memory else Fact(error="not read"),
        "cpu": Fact({"cores": cores}) if cores else Fact(error="not read"),
        "manifest": Fact(None if kept is None else {"id": CLUSTER.id, **kept}),
    }
    return Observed({NODE: NodeFacts(NODE, facts, {}, 0.1)}, 0.0)


def kept(memory: int | None, cores: int | None) -> dict[str, Any]:
    return {"machine": {"memory": memory and memory * GIB, "cores": cores}}


def a_session(tmp_path: Path) -> Session:
    """The session of one controller."""
    wanted = resolve(CLUSTER, catalogue.releases_of(CLUSTER))
    return sessions.a_session(tmp_path / "inventory.yml", wanted, tmp_path)


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (seen(16, 8), Machine(16 * GIB, 8)),
        (seen(16, 8, kept={}), Machine(16 * GIB, 8)),
        (seen(64, 32, kept=kept(16, 8)), Machine(16 * GIB, 8)),
        (seen(64, 32, kept=kept(None, 8)), Machine(64 * GIB, 8)),
        (seen(64, 32, kept=kept(16, 8) | {"id": "another"}), Machine(64 * GIB, 32)),
        (seen(kept=kept(16, 8)), Machine(16 * GIB, 8)),
        (seen(), Machine()),
        (Observed({NODE: Unreachable(NODE, "NODE_UNREACHABLE", "no")}, 0.0), Machine()),
    ],
    ids=["first", "not-noted", "noted", "half-noted", "of-another-cluster", "noted-only", "unread", "unreachable"],
)
def test_what_the_manifest_says_holds_and_before_that_what_the_node_has(observed: Observed, expected: Machine) -> None:
    assert as_read(CLUSTER, observed).nodes[NODE].machine == expected


def test_a_reading_that_lacks_the_machine_changes_nothing() -> None:
    sized = as_read(CLUSTER, seen(16, 8))
    assert as_read(sized, seen()) is sized


def test_the_operators_numbers_hold() -> None:
    given = replace(CLUSTER, nodes={NODE: replace(CLUSTER.nodes[NODE], memory=4 * GIB, cores=2)})
    assert as_read(given, seen(64, 32, kept=kept(16, 8))).nodes[NODE].machine == Machine(4 * GIB, 2)
    assert resized(as_read(given, seen(64, 32, kept=kept(16, 8))), seen(64, 32, kept=kept(16, 8))) == ()


def test_another_machine_is_a_note_with_the_lines_that_take_it_over() -> None:
    observed = seen(64, 32, kept=kept(16, 8))
    memory, cores = resized(as_read(CLUSTER, observed), observed)
    assert memory.startswith(f"node {NODE} has 64 GiB now; its services stay sized for 16 GiB")
    assert f"set `memory: 65536MiB` of node {NODE}" in memory
    assert cores.startswith(f"node {NODE} has 32 cores now; its services stay sized for 8")


@pytest.mark.parametrize("observed", [seen(16, 8, kept=kept(16, 8)), seen(64, 32), seen(kept=kept(16, 8))])
def test_the_same_machine_needs_no_note(observed: Observed) -> None:
    assert resized(as_read(CLUSTER, observed), observed) == ()


def test_a_kernel_that_keeps_some_more_for_itself_is_the_same_machine() -> None:
    observed = seen(16, kept=kept(16, None))
    facts = observed.reached(NODE)
    assert facts
    facts.fact("memory").value["total"] -= 100 << 20
    assert resized(as_read(CLUSTER, observed), observed) == ()


def test_two_controllers_want_the_same_after_the_machine_has_changed(tmp_path: Path) -> None:
    first, second = a_session(tmp_path), a_session(tmp_path)
    first.take(seen(16, 64))
    deployed = kept(16, 64)
    second.take(seen(8, 96, kept=deployed))
    first.take(seen(8, 96, kept=deployed))
    assert first.desired == second.desired
    assert prepared_digest(first.desired, first.desired.node(NODE)) == prepared_digest(
        second.desired, second.desired.node(NODE)
    )
    (flow,) = [service for service in second.desired.services.values() if service.id.component == "flow"]
    assert flow.facts["cores"] == 64


def test_files_follow_a_reading_that_came_after_they_were_rendered(tmp_path: Path) -> None:
    early, late = a_session(tmp_path), a_session(tmp_path)
    before = early.desired.files[NODE]
    early.take(seen(16, 64))
    late.take(seen(16, 64))
    assert early.desired == late.desired
    changed = {file.path.rsplit("/", 1)[-1] for file in set(early.desired.files[NODE]) - set(before)}
    assert changed == {"service_conf.yaml"}
