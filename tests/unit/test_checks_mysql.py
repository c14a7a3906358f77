"""Each fault of the database raises exactly its code, with a remedy."""

from __future__ import annotations

import pytest
from component_world import MYSQL, findings, set_answer

from fatecloud.model.remedy import Run

ADMIN = f"{MYSQL}:mysql.admin"
OBJECTS = Run("sudo -u fc-eeeeee-9999-mysql /data/projects/fate/demo-eeeeee-9999-mysql/bin/objects", "a1")


def test_the_remedy_of_lost_objects_is_our_own_script() -> None:
    found = findings(set_answer(ADMIN, databases__fate_flow__schema=False, databases__fate_flow__account=False))
    assert {f.code: f.remedy[0] for f in found} == {"MYSQL_SCHEMA_MISSING": OBJECTS, "MYSQL_USER_MISSING": OBJECTS}


@pytest.mark.parametrize(("used", "raised"), [(400, False), (401, True)])
def test_connections_close_to_the_limit_are_a_warning(used: int, raised: bool) -> None:  # noqa: FBT001
    found = findings(set_answer(ADMIN, threads_connected=used))
    assert [(f.code, f.severity) for f in found] == ([("MYSQL_CONNECTIONS_HIGH", "warning")] if raised else [])
