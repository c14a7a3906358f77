"""Groups of FATE-Serving from upstream's own zips: how tests that need nothing else set them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from own_store import import_confirmed, operator
from program import Program
from raised import RAISED

from fatecloud.workflow.sandbox import Handed


def operator_of(
    handed: Handed, place: Path, change: Callable[[dict[str, Any]], None], release: str, archives: Iterable[Path]
) -> Program:
    """The operator of groups alone, whose store has nothing but these archives; nothing is deployed.

    Args:
        handed: the nodes.
        place: an empty directory.
        change: gives the inventory, which has no parties, its groups.
        release: of the groups.
        archives: upstream's zips of it.
    """
    empty = place / "empty"
    empty.mkdir()

    def groups_alone(document: dict[str, Any]) -> None:
        for name in ("release", "architecture", "parties"):
            document.pop(name, None)
        change(document)

    program = operator(handed, place, empty, groups_alone)
    program.ok("release", "fetch", release)
    import_confirmed(program, archives)
    return program


def pair(
    release: str, sides: Mapping[str, tuple[str, int]], services: Sequence[str], **server: Any
) -> dict[str, dict[str, Any]]:
    """A group for each side, with everything on one node and features of the sample.

    Args:
        release: of the groups.
        sides: group -> its node, and the number of its party.
        services: of each.
        server: more settings of the servers.
    """
    return {
        side: {
            "release": release,
            "services": dict.fromkeys(services, node),
            "config": {
                "serving-proxy": {"party": party},
                "serving-server": {"features": {"source": "sample"}, **server},
                "redis": {"memory": "8MiB"},
            },
        }
        for side, (node, party) in sides.items()
    }


def deploy(program: Program) -> None:
    """From nothing; a request through both proxies is the proof."""
    with RAISED.anything():
        done = program.ok("deploy", "--yes", timeout=2400)
    assert "route guest -> host: success" in done.out + done.err


def healthy(program: Program, seconds: float) -> None:
    """There is nothing to find, within so many seconds."""
    report = program.wait_for(lambda report: report["status"] == 0, timeout=seconds)
    assert (report["findings"], report["status"]) == ([], 0)
