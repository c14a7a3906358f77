"""Each fault of the database raises exactly its code, with a remedy."""

from __future__ import annotations

import pytest
from component_world import MYSQL, Change, findings, say, set_answer

from fatecloud.components.mysql.database import RIGHTS

ADMIN = f"{MYSQL}:mysql.admin"
OBJECTS = "sudo -u fc-eeeeee-9999-mysql /data/projects/fate/demo-eeeeee-9999-mysql/bin/objects  # on a1"


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("MYSQL_UNUSABLE", say(ADMIN, ok=False, kind="auth", error="ERROR 1698 (28000): Access denied")),
        ("MYSQL_UNUSABLE", say(ADMIN, ok=False, kind="refused", error="Can't connect to local server")),
        ("MYSQL_SCHEMA_MISSING", set_answer(ADMIN, databases__fate_flow__schema=False)),
        ("MYSQL_USER_MISSING", set_answer(ADMIN, databases__fate_flow__account=False, databases__fate_flow__rights=[])),
        ("MYSQL_USER_MISSING", set_answer(ADMIN, databases__fate_flow__rights=[])),
        ("MYSQL_USER_MISSING", set_answer(ADMIN, databases__fate_flow__rights=sorted({*RIGHTS} - {"ALTER"}))),
    ],
)
def test_a_fault_raises_exactly_its_code(code: str, change: Change) -> None:
    (finding,) = findings(change)
    assert (finding.code, finding.severity, str(finding.subject)) == (code, "critical", MYSQL)
    assert all(finding.remedy)


def test_the_remedy_of_lost_objects_is_our_own_script() -> None:
    found = findings(set_answer(ADMIN, databases__fate_flow__schema=False, databases__fate_flow__account=False))
    assert {f.code: f.remedy[0] for f in found} == {"MYSQL_SCHEMA_MISSING": OBJECTS, "MYSQL_USER_MISSING": OBJECTS}


@pytest.mark.parametrize(("used", "raised"), [(400, False), (401, True)])
def test_connections_close_to_the_limit_are_a_warning(used: int, raised: bool) -> None:  # noqa: FBT001
    found = findings(set_answer(ADMIN, threads_connected=used))
    assert [(f.code, f.severity) for f in found] == ([("MYSQL_CONNECTIONS_HIGH", "warning")] if raised else [])
