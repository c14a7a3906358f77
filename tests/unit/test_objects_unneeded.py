"""What no service needs any more is named as long as it is there, with the SQL that drops it. Nothing drops it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from component_world import MYSQL, NOW, desired

from fatecloud.model.desired import Desired
from fatecloud.model.observed import Fact, NodeFacts, Observed, ProbeAnswer
from fatecloud.model.plan import LeftObjects
from fatecloud.plan.objects import objects_left, objects_unneeded
from fatecloud.report.objects import unneeded_document, unneeded_text
from fatecloud.workflow.objects import removals

NEEDED = ("database fate_flow", "account fate")
OLD = ("account fate_rules", "database rules")


def seen(entry: dict[str, Any] | None, held: list[str] | None = None, *, answer: object = None) -> Observed:
    """The database's node with this record, and what the server says that it has."""
    said = answer if held is None else {"ok": True, "held": held}
    manifest = Fact({"services": {MYSQL: entry}} if entry is not None else None)
    probe = ProbeAnswer(0, said, None, 0.1)
    return Observed({"a1": NodeFacts("a1", {"manifest": manifest}, {f"{MYSQL}:mysql.admin": probe}, 0.1)}, NOW)


def made(*names: str) -> dict[str, Any]:
    return {"objects": list(NEEDED), "objects_made": [*NEEDED, *names]}


def test_what_is_there_and_not_needed_is_named_until_it_is_gone() -> None:
    there = [*NEEDED, *OLD, "database of_someone_else"]
    assert objects_unneeded(desired(), seen(made(*OLD), there)) == (LeftObjects(MYSQL, OLD, asked=True),)
    assert objects_unneeded(desired(), seen(made(*OLD), list(NEEDED))) == ()
    assert objects_unneeded(desired(), seen(made(), there)) == ()
    # A deploy names it once: afterwards it is no longer among what the last one applied.
    assert objects_left(desired(), {"a1": {"services": {MYSQL: made(*OLD)}}}) == ()


@pytest.mark.parametrize("answer", [None, {"ok": False, "kind": "refused"}, {"held": "all"}, ["held"]])
def test_a_server_that_says_nothing_has_what_is_on_record(answer: object) -> None:
    left = objects_unneeded(desired(), seen(made(*OLD), answer=answer))
    assert left == (LeftObjects(MYSQL, OLD),)
    assert "the service gave no answer: on record" in unneeded_text(left)
    assert unneeded_document(left)["items"][0] == {
        "giver": MYSQL,
        "type": "account",
        "name": "fate_rules",
        "there": None,
    }


def test_without_a_record_there_is_nothing_to_name() -> None:
    assert objects_unneeded(desired(), seen(None)) == ()
    assert objects_unneeded(desired(), Observed({}, NOW)) == ()
    assert unneeded_text(()) == "every object that was made is needed"


def session(wanted: Desired) -> Any:
    return SimpleNamespace(resolved=wanted)


def test_the_sql_drops_exactly_these_and_no_name_that_a_node_made_up() -> None:
    wanted = desired()
    hostile = ("database x`; DROP DATABASE fate_flow; --", "account a'b", "vhost rules", "database ")
    sql = removals(session(wanted), (LeftObjects(MYSQL, (*OLD, *hostile), asked=True),))
    statements = [line for line in sql.splitlines() if not line.startswith("--")]
    assert statements == ["DROP DATABASE IF EXISTS `rules`;", "DROP USER IF EXISTS 'fate_rules'@'%';"]
    service = wanted.services[MYSQL]
    assert f"sudo -u {service.user} mariadb --no-defaults --socket={service.home}/run/mysqld.sock" in sql
    assert removals(session(wanted), ()) == "-- nothing to drop\n"


def test_a_service_that_makes_nothing_any_more_still_has_what_it_made() -> None:
    wanted = desired()
    without = replace(wanted.services[MYSQL], objects=None)
    left = objects_unneeded(replace(wanted, services={MYSQL: without}), seen(made()))
    assert left == (LeftObjects(MYSQL, tuple(sorted(NEEDED))),)
