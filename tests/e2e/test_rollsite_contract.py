"""EggRoll 2.5.3, rollsite and flow 1.11, upstream's or the fixtures', answer as upstream's were seen to answer.

As in `test_eggroll_contract.py`, field by field; the record is `rollsite_answers.json`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import contract
import pytest
from answers import RECORD_OF_1, unlike
from rolling import Rolling
from rollsites import WORKERS, healthy
from two_parties import PARTIES, A, B, home
from waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
SESSION = "20260103_of_a_contract"
SERVICES = {A: ("clustermanager", "nodemanager", "rollsite", "flow"), WORKERS[A]: ("nodemanager",)}
OWN = (A, WORKERS[A])
ROWS = {
    "eggroll_meta.server_node": ("name", "server_cluster_id", "host", "port", "node_type", "status"),
    "eggroll_meta.node_resource": ("resource_type", "allocated", "pre_allocated", "extention", "status"),
}
ROWS_OF_SESSION = {
    "eggroll_meta.session_main": ("name", "status", "tag", "total_proc_count", "active_proc_count"),
    "eggroll_meta.session_option": ("name", "data"),
    "eggroll_meta.session_processor": ("processor_type", "status", "tag", "processor_option"),
}
ROWS_OF_JOB = {
    "fate_flow.t_job": ("f_role", "f_party_id", "f_status", "f_is_initiator", "f_resource_in_use", "f_progress"),
    "fate_flow.t_task": ("f_role", "f_party_id", "f_component_name", "f_status", "f_run_on_this_party"),
}
MEASURED = ("seconds", "age", "tables", "threads", "max_connections", "version", "last_error", "traceback")
"""Versions of a database and of an interpreter, too."""
_TRACE = re.compile(r" (?:at|Caused by:) [\w.$]+.*", re.DOTALL)
_SPEAKER = re.compile(r"(?<=INTERNAL: )\S+?:(-?\d+): ")


def ask(rollsites: Rolling, *questions: str, session: str = SESSION) -> dict[str, Any]:
    """Answers by their questions."""
    address = rollsites.nodes.addresses[A]
    places = {
        "manager": f"{address}:4670",
        "nodemanager": f"{address}:4671",
        "rollsite": f"{address}:9370",
        "flow": f"{address}:9380",
        "party": "9999",
        "peer": "10000",
        "session": session,
    }
    found = contract.printed(rollsites, contract.script("ask_2.py"), places, questions)
    return {name: shown(answer) for name, answer in found.items()}


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer by the names of its fields; of an error the first words, and the port that it names."""
    if not answer["ok"]:
        return {**answer, "error": _SPEAKER.sub(r"<someone>:\1: ", _TRACE.sub("", answer["error"]))}
    if not answer["message"]:
        return answer
    message = contract.message_of(answer)
    body = message.get("body", {})
    if str(body.get("value", "")).startswith("{"):
        # What flow says is flow's.
        message["body"] = {**body, "value": json.loads(body["value"])}
    return {"ok": True, "message": message}


def differs(rollsites: Rolling, name: str, answer: Any) -> list[str]:
    """The fields in which it is unlike the record."""
    return unlike(rollsites, name, answer, RECORD_OF_1)


def test_fatecloud_s_own_questions(rollsites: Rolling, tmp_path: Path) -> None:
    healthy(rollsites.program)
    assert differs(rollsites, "probes", contract.probed(rollsites, tmp_path, SERVICES, *MEASURED)) == []


def test_managers(rollsites: Rolling) -> None:
    assert differs(rollsites, "managers", ask(rollsites, "managers", "processes")) == []
    assert differs(rollsites, "rows of managers", contract.rows(rollsites, ROWS)) == []


@pytest.mark.parametrize("way", ["end", "stop"])
def test_a_session(rollsites: Rolling, way: str) -> None:
    session = f"{SESSION}_{way}"
    where = f"session_id = '{session}'"
    assert differs(rollsites, f"session to {way}", ask(rollsites, "create", session=session)) == []
    assert differs(rollsites, f"rows of a session to {way}", contract.rows(rollsites, ROWS_OF_SESSION, where)) == []
    eggs = {node: contract.commands(rollsites, node) for node in OWN}
    assert differs(rollsites, f"eggs to {way}", eggs) == []
    assert differs(rollsites, f"{way} of a session", ask(rollsites, way, session=session)) == []
    wait_until(lambda: not any(map(rollsites.eggs, OWN)))
    assert differs(rollsites, f"rows after the {way}", contract.rows(rollsites, ROWS_OF_SESSION, where)) == []
    files = {node: contract.files(rollsites, node, session) for node in OWN}
    assert differs(rollsites, f"files of a session to {way}", files) == []


def test_rollsite(rollsites: Rolling) -> None:
    assert differs(rollsites, "rollsite", ask(rollsites, "routes")) == []


@pytest.mark.patient
def test_a_table_that_changes_is_read_again(rollsites: Rolling) -> None:
    address = rollsites.nodes.addresses[A]
    place = f"{home(rollsites.program)}/{rollsites.slug('9999', 'rollsite')}/trees/eggroll/conf/route_table.json"
    table = json.loads(rollsites.nodes.check(A, ["cat", place]))
    table["route_table"] |= {
        "77": {"default": [{"ip": address, "port": 9}]},
        "78": {"default": [{"ip": "localhost", "port": 9370}]},
        "79": {"default": [{"ip": address, "port": "9370"}]},
        "80": {"fateflow": [{"ip": address, "port": 9360}]},
    }
    before = ask(rollsites, "changed")
    rollsites.nodes.check(A, ["cp", "-p", place, f"{place}.kept"])
    try:
        rollsites.nodes.check(A, ["sh", "-c", 'printf %s "$1" > "$0"', place, json.dumps(table)])
        wait_until(lambda: ask(rollsites, "changed") != before)
        assert differs(rollsites, "rollsite with new routes", ask(rollsites, "changed")) == []
    finally:
        rollsites.nodes.check(A, ["mv", f"{place}.kept", place])
    wait_until(lambda: ask(rollsites, "changed") == before)


def test_flow(rollsites: Rolling) -> None:
    assert differs(rollsites, "flow", ask(rollsites, "flow")) == []


def test_what_a_toy_leaves(rollsites: Rolling) -> None:
    done = rollsites.program.ok(
        "test", "toy", "--from", PARTIES[A], "--to", PARTIES[B], "--deadline", "600", "-o", "json", timeout=700
    )
    (job,) = re.findall(r'"id": "(\d{20,})"', done.out)
    assert differs(rollsites, "rows of a job", contract.rows(rollsites, ROWS_OF_JOB, f"f_job_id = '{job}'")) == []
