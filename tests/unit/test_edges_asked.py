"""No edge without a dial: asked over both ways, with questions of a real size, and a failed answer is a finding."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, Self, cast

import pytest
from check_world import ENGINE, STORE, Documents, report_of, the_desired
from component_world import CASES, Answers, desired, report

from fatecloud.components.flow import own_database
from fatecloud.components.rabbitmq import probe_peers
from fatecloud.components.zookeeper import probe_members
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.observed import ProbeAnswer
from fatecloud.model.service import Edge, NodeProbe, Process
from fatecloud.model.wanted import CARRIED_LEAST, CARRIED_MOST, Wanted
from fatecloud.probing import pushing
from fatecloud.probing.sized import sized
from fatecloud.resolve.pairs import refuse_one_way

NO_ANSWER = {"ok": False, "kind": "timeout", "error": "no answer", "where": "192.0.2.1:1"}


def an_edge(source: str, target: str, kind: str = "proxy", *, direct: bool = True) -> Edge:
    return Edge(source, target, kind, Endpoint("192.0.2.1", 1), direct=direct, probe="asks")


@pytest.mark.parametrize("carries", [0, CARRIED_LEAST - 1, CARRIED_MOST + 1])
def test_a_component_that_asks_with_small_questions_only_is_refused(carries: int) -> None:
    probes = (NodeProbe("asks", ("x",), carries=carries),)
    with pytest.raises(ValueError, match=r"9/a@n -> 9/b@n \(proxy\): asks has to carry 1400 to 65536 bytes"):
        Wanted(process=Process(("x",)), edges=(an_edge("9/a@n", "9/b@n"),), probes=probes)
    # What goes through the own proxy is carried over an edge of that.
    Wanted(process=Process(("x",)), edges=(an_edge("9/a@n", "9/b@n", direct=False),), probes=probes)


def test_a_component_that_asks_another_party_one_way_is_refused() -> None:
    there, back = an_edge("9/a@n", "10/a@m"), an_edge("10/a@m", "9/a@n")
    refuse_one_way((there, back), {"9": 0, "10": 0})
    refuse_one_way((there,), {"9": 0})
    refuse_one_way((an_edge("9/a@n", "peer:11"), an_edge("9/a@n", "shared/b@n")), {"9": 0, "10": 0})
    for others in ((), (an_edge("9/b@n", "10/b@m", "broker"), an_edge("10/b@m", "9/b@n", "broker"))):
        with pytest.raises(ValueError, match=r"9/a@n -> 10/a@m \(proxy\): party 10 has none back to 9"):
            refuse_one_way((there, *others), {"9": 0, "10": 0})


def unanswered(document: Any) -> Any:
    """The same document, where every question in it got no answer."""
    if not isinstance(document, dict):
        return document
    parts = {key: unanswered(value) for key, value in document.items()}
    return {**parts, **NO_ANSWER} if "ok" in document else parts


@pytest.mark.parametrize("example", sorted({case.example for case in CASES}))
def test_no_answer_over_an_edge_is_a_finding_where_the_edge_starts(example: str) -> None:
    edges = [edge for service in desired(example).services.values() for edge in service.edges]
    other = {edge: edge.source.partition("/")[0] != edge.target.partition("/")[0] for edge in edges}
    for edge in (edge for edge in edges if edge.direct and (edge.hard or other[edge])):
        key = f"{edge.source}:{edge.probe}"

        def change(answers: Answers, key: str = key) -> None:
            answers[key] = unanswered(deepcopy(answers[key]))

        found = report(change, example=example).findings
        assert [f.id for f in found if f.subject.service == edge.source and f.severity == "critical"], edge


def test_lost_packets_are_the_root_of_what_else_is_said_over_the_edge() -> None:
    def lose(documents: Documents) -> None:
        said = {"ok": False, "kind": "large", "error": "short ones only"}
        documents["a1"]["probes"][f"{ENGINE}:engine.database"] = ProbeAnswer(0, said, None, 0.1)

    (finding,) = report_of(lose, desired=the_desired()).findings
    assert (finding.id, finding.about) == (f"SERVICE_PACKETS_LOST@{ENGINE}", STORE)
    assert str(finding.remedy[0]) == f"fatecloud exec {ENGINE} -- ping -c 3 -M do -s 1472 10.0.0.2"


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ((True,), None),
        ((False, False), "timeout"),
        ((False, True, True), None),
        ((False, True, False), "large"),
    ],
    ids=["well", "down", "busy for a moment", "large ones are lost"],
)
def test_only_a_short_answer_between_two_long_silences_means_lost_packets(
    answers: tuple[bool, ...], kind: str | None
) -> None:
    left = list(answers)
    lengths = []

    def ask(padding: int, _seconds: float) -> dict[str, Any]:
        lengths.append(padding)
        return {"ok": True} if left.pop(0) else dict(NO_ANSWER)

    assert sized(ask, 6000, (1.0, 1.0, 1.0)).get("kind") == kind
    assert (left, lengths) == ([], [6000, 0, 6000][: len(answers)])


def test_a_call_that_is_lost_after_the_greeting_of_grpc_means_lost_packets() -> None:
    def ask(padding: int, _seconds: float) -> dict[str, Any]:
        return {"ok": False, "kind": "unanswered"} if padding else {"ok": True}

    assert sized(ask, 6000, (1.0, 1.0, 1.0))["kind"] == "large"


def test_an_answer_that_refuses_is_an_answer() -> None:
    assert sized(lambda *_: {"ok": False, "kind": "refused"}, 6000, (1.0, 1.0, 1.0))["kind"] == "refused"


@contextmanager
def connected() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as line,
        server.accept()[0] as other,
    ):
        yield line, other


def test_packets_arrive_although_the_software_there_does_not_read_them() -> None:
    with connected() as (line, _):
        assert pushing.arrives(line, b"x" * 4000, 5.0)
        assert pushing.under_way(line) == 0


def test_packets_that_are_not_acknowledged_do_not_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "under_way", lambda _: 4000)
    with connected() as (line, _):
        assert not pushing.arrives(line, b"x" * 4000, 0.05)


def test_a_broker_that_greets_and_loses_large_packets_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_peers, "arrives", lambda *_: False)
    with connected() as (line, _):
        assert probe_peers.lost(line)["kind"] == "large"
    monkeypatch.setattr(probe_peers, "arrives", pushing.arrives)
    with connected() as (line, other):
        assert probe_peers.lost(line) == {}
        begin = other.recv(4096)
    assert len(begin) > probe_peers.PADDING
    assert begin[:3] == probe_peers.METHOD + probe_peers.CHANNEL_ZERO


def test_a_member_whose_figures_do_not_arrive_loses_large_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> str:
        raise TimeoutError

    monkeypatch.setattr(probe_members, "state", lambda *_: {"ok": True, "mode": "leader"})
    monkeypatch.setattr(probe_members, "words", silent)
    assert probe_members.ask("n", "127.0.0.1:2181")["kind"] == "large"
    monkeypatch.setattr(probe_members, "words", lambda *_: "zk_version\t3.8")
    assert probe_members.ask("n", "127.0.0.1:2181") == {"ok": True, "mode": "leader"}


class Driver:
    """As much of pymysql as flow's question needs, on a route that may lose large packets."""

    class err:  # noqa: N801 - the driver's name
        MySQLError = OSError

    def __init__(self, *, loses: bool) -> None:
        self.loses, self.asked = loses, [""]

    def cursor(self) -> Driver:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to release."""

    def close(self) -> None:
        """Nothing to close."""

    def execute(self, sql: str, values: tuple[str, ...] = ()) -> None:
        self.asked.append(sql)
        if self.loses and len("".join(values)) > CARRIED_LEAST:
            raise OSError(2013, "Lost connection to MySQL server during query (timed out)")

    def fetchall(self) -> list[tuple[object, ...]]:
        return [(32, 20, 8)] if "t_engine_registry" in self.asked[-1] else []

    def fetchone(self) -> tuple[object, ...]:
        sql = self.asked[-1]
        return (3,) if "count" in sql else ("x", "5")


@pytest.mark.parametrize(("loses", "kind"), [(False, None), (True, "large")])
def test_a_database_behind_a_route_that_loses_large_packets(
    monkeypatch: pytest.MonkeyPatch, *, loses: bool, kind: str | None
) -> None:
    driver = Driver(loses=loses)
    monkeypatch.setitem(sys.modules, "pymysql", cast("Any", driver))
    monkeypatch.setattr(own_database, "connected", lambda *_: driver)
    answer = own_database.mysql({"host": "h", "port": 3306, "name": "f", "passwd": "s3cret"})
    assert (answer["ok"], answer.get("kind"), answer["where"]) == (not loses, kind, "h:3306")
    assert answer.get("cores") == (None if loses else {"all": 32, "free": 20, "held": 8})
