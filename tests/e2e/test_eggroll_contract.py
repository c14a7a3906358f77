"""EggRoll and OSX, upstream's or the fixtures', answer as upstream's were seen to answer, field by field.

So CI holds the fixtures to the record, `eggroll_answers.json`, and a machine with upstream's archives holds it to them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answers import unlike
from contract_messages import SCHEMAS, named
from fault_sites import WORKER
from jvm import SOURCES
from raised import RAISED
from rolling import Rolling
from two_parties import A, home
from waiting import wait_until

from fatecloud import components
from fatecloud.components.script import script_text

pytestmark = pytest.mark.e2e
SESSION = "20260102_of_a_contract"
SERVICES = {A: ("clustermanager", "nodemanager", "osx"), WORKER: ("nodemanager",)}
ROWS = {
    "server_node": ("name", "server_cluster_id", "host", "port", "node_type", "status"),
    "node_resource": ("resource_type", "allocated", "pre_allocated", "extention", "status"),
}
ROWS_OF_SESSION = {
    "session_main": (
        "name",
        "status",
        "status_reason",
        "before_status",
        "tag",
        "total_proc_count",
        "active_proc_count",
    ),
    "session_option": ("name", "data"),
    "session_processor": ("processor_type", "status", "before_status", "tag", "processor_option"),
}
_MEASURED: dict[str, Callable[[Any], Any]] = {
    "id": lambda _: "one",
    "rows": lambda _: "some",
    "sessions": lambda _: "some",
    "resources": sorted,
    "heartbeats": lambda beats: {where: status for where, (status, _) in beats.items()},
}
"""Of answers of probes: what is left of a part."""


@pytest.fixture(scope="module")
def script() -> str:
    """What asks on the node."""
    components.__path__.append(str(SOURCES))
    try:
        return script_text("contract", "ask.py")
    finally:
        components.__path__.remove(str(SOURCES))


def ask(rolling: Rolling, script: str, *questions: str) -> dict[str, Any]:
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
    rolling.nodes.write(A, "/srv/ask.py", script.encode())
    printed = rolling.nodes.check(A, ["python3", "-IS", "/srv/ask.py", json.dumps(places), *questions], timeout=300)
    return {
        f"{name}: {question}": shown(answer)
        for name, answers in json.loads(printed).items()
        for question, answer in answers.items()
    }


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer, its message by the names of its fields."""
    if not answer["ok"] or not answer["message"]:
        return answer
    message = named(bytes.fromhex(answer["octets"]), SCHEMAS[answer["message"]])
    if answer["message"] == "packet":
        # What flow says is flow's, and so is what it was asked.
        message = {
            "header": {name: message["header"][name] for name in ("source", "target")},
            "code": json.loads(message["body"]["value"])["code"],
        }
    return {"ok": True, "message": message}


def rows(rolling: Rolling, tables: dict[str, tuple[str, ...]], where: str = "true") -> dict[str, Any]:
    """Rows of EggRoll's database, without what differs from run to run."""
    found = {}
    for table, columns in tables.items():
        pairs = ", ".join(f"'{column}', {column}" for column in columns)
        select = f"select json_object({pairs}) from eggroll_meta.{table} where {where}"  # noqa: S608 - names of our own
        printed = rolling.site.sql(select)
        found[table] = [json.loads(line) for line in printed.splitlines()]
    return found


def measured(data: Any) -> Any:
    """An answer of a probe, without what differs from run to run."""
    if isinstance(data, dict):
        return {name: _MEASURED.get(name, measured)(value) for name, value in data.items()}
    return [measured(part) for part in data] if isinstance(data, list) else data


def test_fatecloud_s_own_questions(rolling: Rolling, tmp_path: Path) -> None:
    rolling.restored()
    with RAISED.anything():
        rolling.program.run("check", "--save-facts", str(tmp_path / "facts.json"))
    facts = json.loads((tmp_path / "facts.json").read_text())
    found = {
        key: measured(answer["data"])
        for node in facts["nodes"].values()
        for key, answer in node["probes"].items()
        if any(f"/{component}" in key for component in SERVICES.get(node["node"], ()))
    }
    assert unlike(rolling, "probes", found) == []


def test_managers(rolling: Rolling, script: str) -> None:
    assert unlike(rolling, "managers", ask(rolling, script, "managers", "processes")) == []
    assert unlike(rolling, "rows of managers", rows(rolling, ROWS)) == []


def test_a_session(rolling: Rolling, script: str) -> None:
    created = ask(rolling, script, "create")
    assert unlike(rolling, "session", created) == []
    assert unlike(rolling, "rows of a session", rows(rolling, ROWS_OF_SESSION, f"session_id = '{SESSION}'")) == []
    assert unlike(rolling, "eggs", {node: commands(rolling, node) for node in SERVICES}) == []
    assert unlike(rolling, "session that ends", ask(rolling, script, "end")) == []
    wait_until(lambda: not any(map(rolling.eggs, SERVICES)))
    ended = rows(rolling, ROWS_OF_SESSION, f"session_id = '{SESSION}'")
    assert unlike(rolling, "rows of a session that has ended", ended) == []
    assert unlike(rolling, "files of a session", {node: files(rolling, node) for node in SERVICES}) == []


def commands(rolling: Rolling, node: str) -> list[str]:
    """Command lines of eggs."""
    found = rolling.nodes.check(node, ["pgrep", "-af", "[e]gg_pair.py --config"])
    return [re.sub(r"(-id|^) ?\d+", r"\1 N", line) for line in found.splitlines()]


def files(rolling: Rolling, node: str) -> list[str]:
    """What a session has written."""
    logs = f"{home(rolling.program)}/logs/{rolling.slug('9999', 'nodemanager')}/{SESSION}"
    found = rolling.nodes.check(node, ["find", logs, "-type", "f", "-printf", "%P\n"]).splitlines()
    return sorted(re.sub(r"\d+", "N", name) for name in found)


def test_osx(rolling: Rolling, script: str) -> None:
    assert unlike(rolling, "osx", ask(rolling, script, "routes")) == []


def test_a_table_that_changes_is_read_again(rolling: Rolling, script: str) -> None:
    place = f"{home(rolling.program)}/{rolling.slug('9999', 'osx')}/trees/osx/conf/broker/route_table.json"
    changed = json.loads(rolling.nodes.check(A, ["cat", place]))
    changed["route_table"]["77"] = {"default": [{"ip": "127.0.0.1", "port": 9}]}
    before = ask(rolling, script, "unknown")
    rolling.nodes.check(A, ["cp", "-p", place, f"{place}.kept"])
    try:
        rolling.nodes.check(A, ["sh", "-c", 'printf %s "$1" > "$0"', place, json.dumps(changed)])
        wait_until(lambda: ask(rolling, script, "unknown") != before)
        assert unlike(rolling, "osx with a new route", ask(rolling, script, "unknown")) == []
    finally:
        rolling.nodes.check(A, ["mv", f"{place}.kept", place])
    wait_until(lambda: ask(rolling, script, "unknown") == before)
