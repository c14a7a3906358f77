"""Faults that only the fixtures of EggRoll and OSX can be made to have: each has one root, and goes with its cause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from eggroll_packages import REAL
from raised import RAISED
from rolling import WORKER, Rolling, causes
from sampling import sample
from two_parties import A, home

from fatecloud.components.clustermanager.commands import RESOURCES

if REAL:
    pytest.skip("upstream's EggRoll and OSX have no faults on request", allow_module_level=True)
pytestmark = pytest.mark.e2e
FAULTS = (
    ("it gets nothing from its database", A, "clustermanager", f"hang={RESOURCES}", {"CLUSTERMANAGER_DATABASE_LOST"}),
    ("it is registered elsewhere", WORKER, "nodemanager", "address=192.0.2.9:4671", {"CLUSTERMANAGER_NODE_MISSING"}),
    ("commands hang in it", A, "osx", "hang=unaryCall", {"OSX_COMMANDS_LOST"}),
    ("it loses large packets", A, "osx", "lose=4000", {"OSX_COMMANDS_LOST"}),
    ("its heap leaks", WORKER, "nodemanager", "leak=67108864", {"JAVA_OUT_OF_MEMORY"}),
)


@contextmanager
def made(rolling: Rolling, node: str, component: str, fault: str) -> Iterator[None]:
    """The fixture has a fault, by a file with its data, which no one judges."""
    place = f"{home(rolling.program)}/data/{rolling.slug('9999', component)}/faults.properties"
    rolling.nodes.write(node, place, f"{fault}\n".encode(), mode=0o644)
    try:
        yield
    finally:
        rolling.nodes.check(node, ["rm", place])


@pytest.mark.parametrize(
    ("node", "component", "fault", "root"),
    [pytest.param(*fault[1:], id=f"{fault[2]}: {fault[0]}") for fault in sample("faults of the fixtures", FAULTS, 1)],
)
def test_each_fault_has_its_root(rolling: Rolling, node: str, component: str, fault: str, root: set[str]) -> None:
    rolling.restored()
    with RAISED.anything(), made(rolling, node, component, fault):
        report = rolling.program.wait_for(lambda report: causes(report) == root, 120)
        assert causes(report) == root, report["findings"]
    if "JAVA_OUT_OF_MEMORY" in root:
        # It has been started again already; the finding stays until an operator has seen it.
        with RAISED.anything():
            rolling.program.ok("restart", f"9999/{component}@{node}", "--yes")
    rolling.restored(180)


def test_eggs_that_never_report_fail_the_test_of_a_session(rolling: Rolling) -> None:
    with RAISED.anything(), made(rolling, A, "clustermanager", "new=yes"):
        found = rolling.program.run("test", "egg", "--from", "9999", "--to", "9999", "--deadline", "60")
    assert found.status == 4, found
    assert "no egg started" in found.err
    rolling.restored()
