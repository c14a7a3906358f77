"""Many nodes at once."""

import subprocess
import sys
import time

import pytest
from loopback_ssh import a_node

from fatecloud.errors import TransportError
from fatecloud.model.node import Node
from fatecloud.transport.parallel import on_all

NODES = [a_node(name=f"n{number}") for number in range(8)]


def test_all_answer_in_the_nodes_order_and_together() -> None:
    def slow(node: Node) -> str:
        time.sleep(0.3 if node.name == "n0" else 0.2)
        return node.name.upper()

    began = time.monotonic()
    found = on_all(NODES, slow, 10)
    assert list(found.items()) == [(node.name, node.name.upper()) for node in NODES]
    assert time.monotonic() - began < 1.2


def test_a_failure_is_that_nodes_result() -> None:
    def some(node: Node) -> str:
        if node.name == "n1":
            raise TransportError(node.name, "NODE_UNREACHABLE", "gone")
        return "ok"

    found = on_all(NODES, some, 10)
    assert isinstance(found["n1"], TransportError)
    assert {outcome for name, outcome in found.items() if name != "n1"} == {"ok"}


def test_a_hung_node_takes_the_deadline_and_costs_no_other_answer() -> None:
    def hang(node: Node) -> str:
        time.sleep(3 if node.name == "n2" else 0)
        return "ok"

    began = time.monotonic()
    found = on_all(NODES, hang, 0.5)
    assert time.monotonic() - began < 2
    hung = found["n2"]
    assert isinstance(hung, TransportError)
    assert hung.code == "NODE_TIMEOUT"
    assert sum(outcome == "ok" for outcome in found.values()) == len(NODES) - 1


def test_no_more_than_the_workers_at_a_time() -> None:
    running: list[str] = []
    most = 0

    def count(node: Node) -> None:
        nonlocal most
        running.append(node.name)
        most = max(most, len(running))
        time.sleep(0.05)
        running.remove(node.name)

    on_all(NODES, count, 10, workers=3)
    assert most == 3


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        on_all(NODES, lambda _node: 1 // 0, 10)


def test_none_is_an_answer_and_no_nodes_mean_no_work() -> None:
    assert on_all(NODES[:1], lambda _node: None, 10) == {"n0": None}
    assert on_all([], lambda _node: None, 10) == {}


def test_a_hung_node_does_not_hold_up_the_end_of_the_program() -> None:
    program = (
        "import time, types\n"
        "from fatecloud.transport.parallel import on_all\n"
        "on_all([types.SimpleNamespace(name='a')], lambda node: time.sleep(60), 0.2)\n"
    )
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    assert time.monotonic() - began < 20
