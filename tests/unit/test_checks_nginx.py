"""Each fault of nginx raises exactly its code, with a remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from component_world import NGINX, THEIRS, Change, findings, report, say, set_answer

from fatecloud.components.party_routes import Route, routes_to_parties
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.remedy import Run, look

THEIR_FLOW = "10000/flow@b1"
HTTP, UPSTREAM, PEERS = (f"{NGINX}:nginx.{name}" for name in ("http", "upstream", "peers"))


OPEN = {"ok": True, "party": "10000", "behind": {"ok": True, "code": 2000}}


def peer(**answer: object) -> Change:
    return set_answer(PEERS, ok=False, peers={"10000": {"endpoint": "192.0.2.21:9300"} | OPEN | answer})


def no_flow(kind: str) -> Change:
    return peer(behind={"ok": False, "kind": kind, "error": kind})


def test_a_proxy_of_another_make_counts_as_reached() -> None:
    assert findings(peer(party="")) == []


def test_an_unreachable_peer_is_about_the_service_at_the_other_end() -> None:
    (finding,) = findings(peer(ok=False, kind="refused", error="Connection refused"))
    assert finding.about == "10000/"
    assert finding.symptom == "9999/nginx@a1 -> 10000/nginx@b1 at 192.0.2.21:9300: Connection refused"
    assert finding.evidence == ("the opposite direction, 10000/nginx@b1 -> 9999/nginx@a1: open",)


def test_the_opposite_direction_is_not_called_open_when_its_flow_does_not_answer() -> None:
    back = {"9999": {"endpoint": "x", **OPEN, "behind": {"ok": False, "kind": "status", "error": "HTTP 502"}}}
    found = findings(peer(ok=False, kind="refused", error="refused"), set_answer(f"{THEIRS}:nginx.peers", peers=back))
    (finding,) = [finding for finding in found if finding.code == "NGINX_PEER_UNREACHABLE"]
    assert finding.evidence == ("the opposite direction, 10000/nginx@b1 -> 9999/nginx@a1: HTTP 502",)


def test_what_is_wrong_with_the_other_flow_explains_that_it_does_not_answer() -> None:
    theirs = say(f"{THEIR_FLOW}:flow.database", ok=False, engine="mysql", kind="timeout", error="no answer")
    found = {finding.code: finding for finding in findings(no_flow("silent"), theirs)}
    assert found["NGINX_PEER_FLOW_DOWN"].caused_by == (f"FLOW_DATABASE_HUNG@{THEIR_FLOW}",)


def test_without_an_own_route_the_other_flow_is_not_judged() -> None:
    result = report(set_answer(HTTP, missing=["10000"]), no_flow("status"))
    assert [finding.code for finding in result.findings] == ["NGINX_ROUTE_MISSING"]


def test_a_missing_route_hides_what_rests_on_it() -> None:
    upstream = say(UPSTREAM, ok=False, kind="status", status=404, error="HTTP 404 Not Found")
    result = report(set_answer(HTTP, missing=["9999"]), upstream)
    assert [finding.code for finding in result.findings] == ["NGINX_ROUTE_MISSING"]
    assert {(skip.check, skip.reason) for skip in result.skipped} == {
        ("upstream", "NGINX_ROUTE_MISSING"),
        ("peer_flows", "NGINX_ROUTE_MISSING"),
    }


def test_an_nginx_that_could_not_be_asked_is_unknown() -> None:
    found = findings(say(HTTP, ok=False, kind="refused", error="Connection refused"))
    assert [(f.code, f.severity) for f in found] == [("FACT_ABSENT", "unknown")]


def test_each_remedy_is_about_the_parties_of_its_own_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def two_routes(*arguments: Any) -> list[Route]:
        (route,) = routes_to_parties(*arguments)
        edge = replace(route.edge, target="peer:10001", endpoint=Endpoint("192.0.2.31", 9300))
        lost = {"ok": True, "behind": {"ok": False, "kind": "large", "error": "lost"}}
        return [route, Route(edge, lost)]

    monkeypatch.setattr("fatecloud.components.party_routes.routes_to_parties", two_routes)
    found = {finding.code: finding for finding in findings(no_flow("status"))}
    assert [line for line in found["NGINX_PEER_FLOW_DOWN"].remedy if "10001" in str(line)] == []
    assert [one for one in found["NGINX_PEER_MTU"].remedy if isinstance(one, Run)] == [
        look("ping -c 3 -M do -s 1472 192.0.2.31", "a1")
    ]
