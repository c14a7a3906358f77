"""Reading many nodes at once: what is asked for, what comes back, what a bad node costs, and what a file keeps."""

from __future__ import annotations

import json
import subprocess
import threading
import time
import zlib
from collections.abc import Sequence
from typing import Any

import pytest
from check_world import CONF, ENGINE, NODE_CONF, Documents, healthy_documents, observed, the_desired

from fatecloud.collect import shipment
from fatecloud.collect.gather import gather
from fatecloud.collect.record import observed_from_json, observed_to_json, redacted
from fatecloud.collect.spec import question_of, spec_for
from fatecloud.errors import InputError, TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.layout import for_collector
from fatecloud.model.node import Node
from fatecloud.model.observed import Fact, NodeFacts, Observed, Unreachable
from fatecloud.model.remedy import Ask, Edit, Run
from fatecloud.model.service import NodeProbe

CLOCK = {"epoch": 1.0, "boot_epoch": None, "timezone": "UTC", "synchronized": None}
FORM = "the collector's document has another form than a collector's"
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "facts": {"clock": {"value": CLOCK}, "disk": {"error": "hung"}},
    "probes": {f"{ENGINE}:engine.api": {"exit": 0, "data": {"ok": True}, "error": None, "seconds": 0.2}},
    "begun": 1000.0,
    "finished": 1000.5,
}


class Answers:
    """A connection on which every command ends in the same way."""

    def __init__(self, stdout: str, exit_: int = 0, stderr: str = "") -> None:
        self.done = Completed(exit_, stdout.encode(), stderr.encode(), 0.5)
        self.asked: list[dict[str, Any]] = []

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        self.asked.append({"argv": argv, "stdin": stdin, "timeout": timeout, "become": become})
        return self.done


class Hangs(Answers):
    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        super().run(argv, stdin=stdin, timeout=timeout, become=become)
        threading.Event().wait(60)
        raise AssertionError("this must not wait")


def answer(**changes: Any) -> str:
    return "Welcome to a1\n" + json.dumps(DOCUMENT | changes) + "\n"


def test_a_spec_asks_for_everything_that_the_nodes_services_need() -> None:
    spec = spec_for(the_desired(), "a1")
    assert spec["layout"]["store"] == "/data/fate/store"
    assert (spec["owner"], spec["users"]) == ("root", ["app", "root"])
    assert {CONF, NODE_CONF} <= set(spec["files"])
    assert "/data/fate/demo-c3f9a2-9999-engine/venv/.complete" in spec["files"]
    assert [s["key"] for s in spec["services"]] == [ENGINE, "9999/front@a1"]
    assert spec["services"][0]["unit"] == "fatecloud-demo-c3f9a2-9999-engine.service"
    assert spec["services"][0]["started"] == "/data/fate/demo-c3f9a2-9999-engine/run/started"
    assert spec["services"][0]["logs"] == [
        {"path": "/data/fate/logs/demo-c3f9a2-9999-engine/*.log", "levels": True},
        {"path": "/data/fate/logs/demo-c3f9a2-9999-engine/console.log", "levels": False},
    ]
    assert spec["probes"] == [
        {
            "id": f"{ENGINE}:engine.api",
            "argv": ["python3", "-"],
            "stdin": "print('{}')",
            "timeout": 10.0,
            "libraries": False,
            "user": "app",
        }
    ]
    assert spec["family_packages"] == {"debian": ["front-server"], "redhat": ["front"]}
    assert json.loads(json.dumps(spec)) == spec


def test_a_spec_can_ask_for_less_and_for_more() -> None:
    early = question_of(the_desired().services[ENGINE], NodeProbe("engine.peers", ("python3", "-")), early=True)
    more = {"sysctl": ["a", "b"], "files": ["/x"], "store": {"artifacts": ["s"]}, "probes": [early]}
    spec = spec_for(the_desired(), "a1", want=("services", "clock"), probes=False, extra=more)
    assert (spec["want"], spec["probes"]) == (["clock", "services"], [early])
    assert early["user"] is None, "before anything is installed there is no user of the services"
    assert (spec["sysctl"], spec["store"]) == (["a", "b"], {"artifacts": ["s"]})
    assert {"/x", CONF} <= set(spec["files"])


def spec_of(stdin: bytes) -> dict[str, Any]:
    """The error behind the code."""
    numbers, _, rest = stdin.partition(b"\n")
    found: dict[str, Any] = json.loads(zlib.decompress(rest[-int(numbers.split()[-1]) :]))
    return found


def test_documents_become_facts_and_answers() -> None:
    connections = {"a1": Answers(answer()), "a2": Answers(answer())}
    seen = gather(the_desired(), lambda node, _seconds: connections[node.name])
    facts = seen.nodes["a1"]
    assert isinstance(facts, NodeFacts)
    assert facts.fact("clock").value == CLOCK
    assert facts.fact("disk") == Fact(error="hung")
    assert facts.fact("memory").error == "the collector returned no memory"
    assert facts.probes[f"{ENGINE}:engine.api"].data == {"ok": True}
    asked = connections["a1"].asked[0]
    assert asked["become"] is True
    assert asked["argv"] == shipment.command("/data/fate")
    assert spec_of(asked["stdin"])["layout"] == for_collector("/data/fate")


def test_the_clock_is_compared_with_the_middle_of_the_exec(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1100.0, 1102.0, 1102.0])
    monkeypatch.setattr(time, "time", lambda: next(clock))
    seen = gather(the_desired(), lambda _node, _seconds: Answers(answer()), nodes=["a1"])
    facts = seen.reached("a1")
    assert facts is not None
    assert facts.fact("skew").value == {"seconds": -100.75, "uncertainty": 0.75}


def test_what_goes_wrong_on_the_way_becomes_a_code_and_costs_no_other_node() -> None:
    def connect(node: Node, _seconds: float) -> Answers:
        if node.name == "a1":
            raise TransportError("a1", "NODE_AUTH_FAILED", "refused the key", remedies=(Edit("x"),))
        return Answers(answer())

    seen = gather(the_desired(), connect)
    lost = seen.nodes["a1"]
    assert isinstance(lost, Unreachable)
    assert (lost.code, lost.message, lost.remedies) == ("NODE_AUTH_FAILED", "refused the key", (Edit("x"),))
    assert seen.reached("a2") is not None


@pytest.mark.parametrize(
    ("connection", "code", "words"),
    [
        (Answers("", shipment.NO_INTERPRETER, "no Python"), "NODE_NO_INTERPRETER", "no Python 3.6"),
        (Answers("motd\n", 1, "Traceback\nKeyError: 1"), "NODE_COLLECTOR_FAILED", "exit 1: KeyError: 1"),
        (Answers('{"version": 1, "facts"', 0), "NODE_COLLECTOR_FAILED", "exit 0"),
    ],
)
def test_a_node_without_a_document_says_why(connection: Answers, code: str, words: str) -> None:
    lost = gather(the_desired(), lambda _node, _seconds: connection, nodes=["a1"]).nodes["a1"]
    assert isinstance(lost, Unreachable)
    assert lost.code == code
    assert words in lost.message


def test_a_document_that_breaks_us_costs_its_own_node_only() -> None:
    lines = {"a1": '{"version": 1, "facts": {}}\n', "a2": answer()}
    found = gather(the_desired(), lambda node, _seconds: Answers(lines[node.name]))
    broken = found.nodes["a1"]
    assert isinstance(broken, Unreachable)
    assert (broken.code, broken.message) == ("NODE_COLLECTOR_FAILED", FORM)
    assert found.reached("a2") is not None


def test_a_hung_node_takes_its_deadline_and_costs_no_other_answer() -> None:
    begun = time.monotonic()
    seen = gather(
        the_desired(), lambda node, _seconds: Hangs("") if node.name == "a1" else Answers(answer()), deadline=0.5
    )
    assert time.monotonic() - begun < 5
    lost = seen.nodes["a1"]
    assert isinstance(lost, Unreachable)
    assert lost.code == "NODE_TIMEOUT"
    assert seen.reached("a2") is not None


def test_connecting_and_reading_share_one_deadline() -> None:
    given: list[float] = []
    connections: dict[str, Answers] = {}

    class Late(Answers):
        def __init__(self, seconds: float) -> None:
            super().__init__(answer())
            given.append(seconds)
            time.sleep(0.3)

    gather(the_desired(), lambda _node, seconds: connections.setdefault("a1", Late(seconds)), nodes=["a1"], deadline=5)
    asked = connections["a1"].asked[0]
    deadline = spec_of(asked["stdin"])["deadline"]
    assert given[0] <= 5
    assert asked["timeout"] <= 4.7
    # What the collector has by then still has a way to go.
    assert deadline <= asked["timeout"] - 0.4


def test_other_work_is_done_once_the_nodes_were_asked_and_before_they_answered() -> None:
    answered = threading.Event()
    order: list[str] = []

    class Waits(Answers):
        def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
            order.append("asked")
            assert answered.wait(5), "nothing was done meanwhile"
            order.append("answered")
            return super().run(argv, stdin=stdin, timeout=timeout, become=become)

    def meanwhile() -> None:
        order.append("meanwhile")
        answered.set()

    seen = gather(the_desired(), lambda _node, _seconds: Waits(answer()), nodes=["a1"], meanwhile=meanwhile)
    assert order[-1] == "answered"
    assert set(order[:2]) == {"asked", "meanwhile"}
    assert seen.reached("a1") is not None


def test_the_real_collector_answers_a_gatherer() -> None:
    class Here(Answers):
        def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
            super().run(argv, stdin=stdin, timeout=timeout, become=become)
            done = subprocess.run(list(argv), input=stdin, capture_output=True, timeout=timeout, check=False)
            return Completed(done.returncode, done.stdout, done.stderr, 0.0)

    seen = gather(the_desired(), lambda _node, _seconds: Here(""), nodes=["a1"], want=["clock", "os"], probes=False)
    facts = seen.reached("a1")
    assert facts is not None
    assert facts.fact("os").value["kernel"]
    assert abs(facts.fact("skew").value["seconds"]) < 2


REMEDIES = (Run("fatecloud check", when="then"), Edit("x", "f", "a1"), Ask("one", "why?", instead=True))


def seen_once() -> Observed:
    return observed(
        healthy_documents(), {"a3": Unreachable("a3", "NODE_TIMEOUT", "silent", REMEDIES, 2.0)}, {"disk": "hung"}
    )


def test_a_facts_file_restores_what_was_observed() -> None:
    seen = seen_once()
    text = observed_to_json(seen)
    assert observed_from_json(text, "f") == seen
    assert observed_to_json(observed_from_json(text, "f")) == text


def test_no_secret_from_any_place_goes_into_a_facts_file() -> None:
    def plant(documents: Documents) -> Documents:
        documents["a1"]["listeners"][0]["cmdline"] = "server --password s3cret"
        documents["a1"]["logs"]["/var/s3cret.log"] = {"errors": ["login s3cret failed"]}
        return documents

    text = observed_to_json(redacted(observed(plant(healthy_documents())), lambda text: text.replace("s3cret", "***")))
    assert "s3cret" not in text
    assert "server --password ***" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a facts file"),
        ("[1]", "not a facts file"),
        ("{}", "not a facts file"),
        ('{"schema": "fatecloud/observed/v9"}', "fatecloud/observed/v9"),
        ('{"schema": "fatecloud/observed/v1", "nodes": {"a": {"facts": {}}}}', "not a facts file"),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        observed_from_json(text, "some.json")
    assert words in caught.value.message
    assert caught.value.message.startswith("some.json: ")
    assert "\n" not in caught.value.message
