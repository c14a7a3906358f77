"""EggRoll and OSX, upstream's or the fixtures', answer as upstream's were seen to answer, field by field.

So CI holds the fixtures to the record, `eggroll_answers.json`, and a machine with upstream's archives holds it to them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import contract
import pytest
from answers import unlike
from fault_sites import WORKER
from rolling import Rolling
from two_parties import A, home
from waiting import wait_until

pytestmark = pytest.mark.e2e
SESSION = "20260102_of_a_contract"
SERVICES = {A: ("clustermanager", "nodemanager", "osx"), WORKER: ("nodemanager",)}
ROWS = {
    "eggroll_meta.server_node": ("name", "server_cluster_id", "host", "port", "node_type", "status"),
    "eggroll_meta.node_resource": ("resource_type", "allocated", "pre_allocated", "extention", "status"),
}
ROWS_OF_SESSION = {
    "eggroll_meta.session_main": (
        "name",
        "status",
        "status_reason",
        "before_status",
        "tag",
        "total_proc_count",
        "active_proc_count",
    ),
    "eggroll_meta.session_option": ("name", "data"),
    "eggroll_meta.session_processor": ("processor_type", "status", "before_status", "tag", "processor_option"),
}


def ask(rolling: Rolling, *questions: str) -> dict[str, Any]:
    """Answers by their questions."""
    address = rolling.nodes.addresses[A]
    places = {
        "manager": f"{address}:4670",
        "nodemanager": f"{address}:4671",
        "osx": f"{address}:9370",
        "party": "9999",
        "peer": "10000",
        "session": SESSION,
    }
    found = contract.printed(rolling, contract.script("ask.py"), places, questions)
    return {name: shown(answer) for name, answer in found.items()}


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer, its message by the names of its fields."""
    if not answer["ok"] or not answer["message"]:
        return answer
    message = contract.message_of(answer)
    if answer["message"] == "packet":
        # What flow says is flow's, and so is what it was asked.
        message = {
            "header": {name: message["header"][name] for name in ("source", "target")},
            "code": json.loads(message["body"]["value"])["code"],
        }
    return {"ok": True, "message": message}


def test_fatecloud_s_own_questions(rolling: Rolling, tmp_path: Path) -> None:
    rolling.restored()
    assert unlike(rolling, "probes", contract.probed(rolling, tmp_path, SERVICES)) == []


def test_managers(rolling: Rolling) -> None:
    assert unlike(rolling, "managers", ask(rolling, "managers", "processes")) == []
    assert unlike(rolling, "rows of managers", contract.rows(rolling, ROWS)) == []


def test_a_session(rolling: Rolling) -> None:
    created = ask(rolling, "create")
    assert unlike(rolling, "session", created) == []
    assert (
        unlike(rolling, "rows of a session", contract.rows(rolling, ROWS_OF_SESSION, f"session_id = '{SESSION}'")) == []
    )
    assert unlike(rolling, "eggs", {node: contract.commands(rolling, node) for node in SERVICES}) == []
    assert unlike(rolling, "session that ends", ask(rolling, "end")) == []
    wait_until(lambda: not any(map(rolling.eggs, SERVICES)))
    ended = contract.rows(rolling, ROWS_OF_SESSION, f"session_id = '{SESSION}'")
    assert unlike(rolling, "rows of a session that has ended", ended) == []
    assert (
        unlike(rolling, "files of a session", {node: contract.files(rolling, node, SESSION) for node in SERVICES}) == []
    )


def test_osx(rolling: Rolling) -> None:
    assert unlike(rolling, "osx", ask(rolling, "routes")) == []


def test_a_table_that_changes_is_read_again(rolling: Rolling) -> None:
    place = f"{home(rolling.program)}/{rolling.slug('9999', 'osx')}/trees/osx/conf/broker/route_table.json"
    changed = json.loads(rolling.nodes.check(A, ["cat", place]))
    changed["route_table"]["77"] = {"default": [{"ip": "127.0.0.1", "port": 9}]}
    before = ask(rolling, "unknown")
    rolling.nodes.check(A, ["cp", "-p", place, f"{place}.kept"])
    try:
        rolling.nodes.check(A, ["sh", "-c", 'printf %s "$1" > "$0"', place, json.dumps(changed)])
        wait_until(lambda: ask(rolling, "unknown") != before)
        assert unlike(rolling, "osx with a new route", ask(rolling, "unknown")) == []
    finally:
        rolling.nodes.check(A, ["mv", f"{place}.kept", place])
    wait_until(lambda: ask(rolling, "unknown") == before)
