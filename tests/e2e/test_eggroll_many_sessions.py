"""Many sessions: what EggRoll and OSX leave behind of each stays within its bound."""

from __future__ import annotations

import json

import pytest
from fault_sites import WORKER
from rolling import Rolling
from two_parties import A, edit, home

from fatecloud.components.script import script_text

pytestmark = [pytest.mark.e2e, pytest.mark.patient, pytest.mark.timeout(5400)]
SCRIPT = "/srv/try_session.py"
SESSIONS, AT_A_TIME, KEPT = 200, 10, 20
FEW = 20
"""Files beside the directories of sessions: a log that was turned over, a table of the database."""


def test_what_many_sessions_leave_behind_is_bounded(rolling: Rolling) -> None:
    edit(rolling.program, _keep_few)
    rolling.program.ok("deploy", "--yes", "--no-verify", timeout=900)
    rolling.nodes.write(A, SCRIPT, script_text("clustermanager", "v3/try_session.py").encode())
    started(rolling, 0)
    before = {node: files(rolling, node) for node in (A, WORKER)}
    for first in range(AT_A_TIME, SESSIONS, AT_A_TIME):
        started(rolling, first)
    for node in (A, WORKER):
        assert directories(rolling, node) > KEPT, node
        age(rolling, node)
        rolling.nodes.check(node, ["systemctl", "start", rolling.unit("9999", "nodemanager-sweep")], timeout=300)
        assert directories(rolling, node) <= KEPT, node
        assert files(rolling, node) <= before[node] + FEW, node
        assert rolling.eggs(node) == []
    of_sessions = "select count(*) from eggroll_meta.session_main; select count(*) from eggroll_meta.session_processor"
    assert int(rolling.site.sql(of_sessions).split()[0]) > KEPT
    rolling.site.sql("update eggroll_meta.session_main set updated_at = updated_at - interval 15 day")
    rolling.nodes.check(A, ["systemctl", "start", rolling.unit("9999", "clustermanager-sweep")], timeout=300)
    assert rolling.site.sql(of_sessions).split() == ["0", "0"]
    rolling.restored()


def _keep_few(document: dict[str, dict[str, dict[str, dict[str, object]]]]) -> None:
    document["parties"]["9999"]["config"]["nodemanager"] = {"residues": {"sessions": KEPT}}


def started(rolling: Rolling, first: int) -> None:
    """Some sessions, one after another, each with eggs at both nodemanagers."""
    last = first + AT_A_TIME - 1
    each = f"python3 -IS {SCRIPT} 127.0.0.1 4670 20260104_$number 120; echo"
    printed = rolling.nodes.check(
        A, ["bash", "-c", f"for number in {{{first}..{last}}}; do {each}; done"], timeout=1800
    )
    tried = [json.loads(line) for line in printed.splitlines() if line]
    assert len(tried) == AT_A_TIME
    assert [one for one in tried if not one["ok"] or one["left"] or one["not_ended"]] == []


def directories(rolling: Rolling, node: str) -> int:
    """Directories of sessions on a node."""
    return len(
        rolling.nodes.check(node, ["find", logs(rolling), "-mindepth", "1", "-maxdepth", "1", "-name", "2*"]).split()
    )


def age(rolling: Rolling, node: str) -> None:
    """What was written to within the last hour is not removed for its number."""
    older = f"find {logs(rolling)} -exec touch --no-dereference --date '2 hours ago' {{}} +"
    rolling.nodes.check(node, ["sh", "-c", older], timeout=300)


def logs(rolling: Rolling) -> str:
    return f"{home(rolling.program)}/logs/{rolling.slug('9999', 'nodemanager')}"


def files(rolling: Rolling, node: str) -> int:
    """Files on a node that are in no directory of a session."""
    below = f"{home(rolling.program)} /dev/shm /tmp /var/tmp"
    find = f"find {below} -xdev -path '*/logs/*-nodemanager/2*' -prune -o -type f -print 2>/dev/null || true"
    return len(rolling.nodes.check(node, ["sh", "-c", find], timeout=300).split())
