"""A loaded node is asked once more for what was late: then its services can be judged by what they answer."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from check_world import ENGINE, a_main, a_state, the_desired
from preflight_world import a_load

from fatecloud.collect.again import LOAD_COMMAND, load_in
from fatecloud.collect.gather import gather
from fatecloud.errors import TransportError
from fatecloud.model.completed import Completed
from fatecloud.model.observed import Observed, Unreachable

READY = f"{ENGINE}:engine.api"
BUSY = a_load(cores=2, load1=30.2, busy={"stress": 30}, pressure={"cpu": 99.0, "memory": 0.0, "io": 0.0})
CLOCK = {"epoch": 1.0, "boot_epoch": None, "timezone": "UTC", "synchronized": None}
LATE = {"exit": None, "data": None, "error": "timeout after 10 s", "seconds": 10.0}
IN_TIME = {"exit": 0, "data": {"ok": True}, "error": None, "seconds": 4.0}
PARTLY = {
    "exit": 0,
    "data": {"ok": False, "peers": {"10000": {"ok": False, "kind": "silent"}}},
    "error": None,
    "seconds": 9,
}
STAT = b"cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n"
HEAVY, LIGHT = b"31.20 22.10 12.00 30/900 123\n" + STAT, b"0.20 0.10 0.00 1/900 123\n" + STAT


def document(answer: dict[str, Any], load: dict[str, Any] = BUSY, **facts: Any) -> str:
    read = {"clock": {"value": CLOCK}, "load": {"value": load}} | facts
    return json.dumps({"version": 1, "facts": read, "probes": {READY: answer}, "begun": 1.0, "finished": 1.5})


class Node:
    """A connection with one answer for each time that its collector is asked; None for none in time."""

    def __init__(self, *answers: str | None, load: bytes | None = HEAVY) -> None:
        self.answers, self.load = list(answers), load
        self.asked: list[dict[str, Any]] = []
        self.given: list[float] = []

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float, become: bool = False) -> Completed:
        del become
        answer: str | bytes | None = self.load
        if argv != LOAD_COMMAND:
            numbers, _, rest = stdin.partition(b"\n")
            self.asked.append(json.loads(zlib.decompress(rest[-int(numbers.split()[-1]) :])))
            self.given.append(timeout)
            answer = self.answers.pop(0)
        if answer is None:
            raise TransportError("a1", "NODE_TIMEOUT", f"`{argv[0]}` did not end within {timeout:g} s")
        return Completed(0, answer if isinstance(answer, bytes) else answer.encode(), b"", 0.5)


def read(node: Node, want: Sequence[str] = ("clock", "load")) -> Observed:
    return gather(the_desired(), lambda _node, _seconds: node, nodes=["a1"], want=want)


def probe(seen: Observed) -> Any:
    facts = seen.reached("a1")
    assert facts is not None
    return facts.probes[READY]


@pytest.mark.parametrize("late", [LATE, PARTLY], ids=["it was late", "a party was late"])
def test_a_late_answer_of_a_loaded_node_is_asked_for_once_more_and_alone(late: dict[str, Any]) -> None:
    node = Node(document(late), document(IN_TIME))
    assert probe(read(node)).data == {"ok": True}
    assert [(spec["want"], [one["id"] for one in spec["probes"]]) for spec in node.asked[1:]] == [(["load"], [READY])]
    # A busy service gets more time for its answer, and the node for all of it.
    first, second = (spec["probes"][0] for spec in node.asked)
    assert ("patience" in first, second["patience"], second["timeout"]) == (False, 2, 2 * first["timeout"])
    assert node.given[1] > 1.9 * node.given[0]


def test_what_is_late_twice_stays_late_and_is_judged_by_the_load_of_now() -> None:
    seen = read(Node(document(LATE), document(LATE, a_load())))
    facts = seen.reached("a1")
    assert facts is not None
    assert facts.probes[READY].late
    assert facts.fact("load").value == a_load()
    assert facts.fact("clock").value == CLOCK


def test_a_second_time_without_an_answer_changes_nothing() -> None:
    seen = read(Node(document(LATE), None))
    assert probe(seen).error == LATE["error"]


def test_a_late_fact_is_read_again_together_with_all_others() -> None:
    hung = {"disk": {"error": "not there within 18 s"}}
    node = Node(document(IN_TIME, **hung), document(IN_TIME, disk={"value": {}}))
    seen = read(node, want=("clock", "disk", "load"))
    facts = seen.reached("a1")
    assert facts is not None
    assert facts.fact("disk").value == {}
    assert (node.asked[1]["want"], node.asked[1]["probes"]) == (["clock", "disk", "load"], [])


@pytest.mark.parametrize(
    "state",
    [a_state(7) | {"main": a_main(7, state="T", frozen=True)}, a_state(7) | {"state": "failed"}],
    ids=["it is stopped", "it does not run"],
)
def test_what_a_fault_makes_late_is_not_asked_for_again(state: dict[str, Any]) -> None:
    node = Node(document(LATE, services={"value": {ENGINE: state}}))
    assert probe(read(node, want=("clock", "load", "services"))).late
    assert len(node.asked) == 1


@pytest.mark.parametrize(("answer", "load"), [(IN_TIME, BUSY), (LATE, a_load())], ids=["in time", "not loaded"])
def test_no_other_node_is_asked_twice(answer: dict[str, Any], load: dict[str, Any]) -> None:
    node = Node(document(answer, load))
    read(node)
    assert len(node.asked) == 1


def test_a_loaded_node_that_says_nothing_in_time_gets_twice_the_time() -> None:
    node = Node(None, document(IN_TIME))
    assert probe(read(node)).data == {"ok": True}
    assert node.given[1] > 1.9 * node.given[0]
    assert len(node.asked[1]["probes"]) == 1


def test_a_loaded_node_that_says_nothing_twice_is_given_up_with_its_load() -> None:
    lost = read(Node(None, None)).nodes["a1"]
    assert isinstance(lost, Unreachable)
    assert lost.code == "NODE_TIMEOUT"
    assert lost.message.endswith(": 31 processes want its 2 cores")


@pytest.mark.parametrize("load", [LIGHT, None, b"what"], ids=["no load", "hung", "nonsense"])
def test_a_node_that_hangs_for_another_reason_is_given_up(load: bytes | None) -> None:
    node = Node(None, load=load)
    lost = read(node).nodes["a1"]
    assert isinstance(lost, Unreachable)
    assert lost.code == "NODE_TIMEOUT"
    assert len(node.asked) == 1


@pytest.mark.parametrize("text", [b"", b"x y z\n" + STAT, b"1.0 2.0\n"])
def test_another_text_says_nothing_about_the_load(text: bytes) -> None:
    assert load_in(text) is None


def test_the_command_says_how_much_work_this_machine_has() -> None:
    text = b"".join(Path(path).read_bytes() for path in LOAD_COMMAND[1:])
    found = load_in(text)
    assert found
    assert found["cores"] >= 1
