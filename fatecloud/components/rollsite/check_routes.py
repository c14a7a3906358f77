"""What can be wrong with the ways of a rollsite: its table, connections that it holds on to, and tables elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fatecloud.components.judging import answer_of, finding, verb
from fatecloud.components.party_routes import Route, blocked, routes_to_parties
from fatecloud.components.rollsite.stale import ROUTE, STALE
from fatecloud.components.rollsite.want import PEERS, STATE
from fatecloud.components.router_questions import NAMED
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import CHECK, PUT_BACK, Ask, Edit, Remedy

_SHOWN = 5
TABLE_WRONG = Code(
    "ROLLSITE_TABLE_WRONG",
    "critical",
    "Rollsite's table of routes leads to other places than the inventory says.",
    ("node",),
    explains=(
        "ROLLSITE_UNUSABLE",
        "ROLLSITE_UPSTREAM_DOWN",
        "ROLLSITE_COMMANDS_LOST",
        "ROLLSITE_PEER_UNREACHABLE",
        "ROLLSITE_PEER_FLOW_DOWN",
        "ROLLSITE_PEER_ROUTE_WRONG",
        "ROLLSITE_PEER_TLS",
    ),
)
CHANNEL_STALE = Code(
    "ROLLSITE_CHANNEL_STALE",
    "critical",
    "Rollsite holds on to a connection that failed, and passes nothing on although what it connects to is back.",
    ("node",),
)
PEER_ROUTE_WRONG = Code(
    "ROLLSITE_PEER_ROUTE_WRONG",
    "critical",
    "Another party's rollsite answers, and its table of routes does not lead to that party's flow.",
    ("proxy", "peer_flow"),
    outward=True,
)


@service_check(TABLE_WRONG, component="rollsite")
def own_table(view: ServiceView) -> Iterator[Finding]:
    """Its table leads where the inventory says, and for its own party to its own address, as the same text."""
    own, others = (answer_of(view, probe).get("table", []) for probe in (STATE, PEERS))
    wrong: list[str] = [*own, *others]
    if wrong:
        yield finding(
            view,
            TABLE_WRONG,
            "; ".join(wrong[:_SHOWN]),
            STATE if own else PEERS,
            source="table of routes of rollsite",
            cause="it was changed by hand, or over rollsite's port by someone who has the key for that; where its own "
            "party's entry is rollsite under another name, packets go round and take more and more threads",
            remedy=PUT_BACK,
            expected="the table that a deploy wrote",
            got=f"{len(wrong)} other entries",
        )


@service_check(CHANNEL_STALE, component="rollsite", after=("SERVICE_HUNG", "ROLLSITE_UNUSABLE", TABLE_WRONG.name))
def connects_again(view: ServiceView) -> Iterator[Finding]:
    """What it connects to gets its questions, also soon after it was away."""
    behind = answer_of(view, STATE).get("behind", {})
    held = [
        (f"a question for party {view.service.id.owner}", behind.get("error"), edge.target)
        for edge in view.service.edges
        if edge.kind == "upstream" and behind.get(NAMED) == STALE
    ]
    held += [
        (f"a question for party {route.party}", route.answer["behind"].get("error"), f"{route.party}/")
        for route in routes_to_parties(view, PEERS, "proxy")
        if route.named == STALE
    ]
    if held:
        yield finding(
            view,
            CHANNEL_STALE,
            "; ".join(
                f"{what} gets {error}, and its answer when it is sent past this rollsite" for what, error, _ in held
            ),
            PEERS if any(about.endswith("/") for _, _, about in held) else STATE,
            cause="what it connects to was away until just now; rollsite tries again after a pause that grows to two "
            "minutes. The other side is well",
            remedy=(
                replace(CHECK, when="after two minutes"),
                replace(verb(view, "restart"), when="if it does not heal, and no job runs", instead=True),
            ),
            expected="an answer, as without this rollsite",
            got="UNAVAILABLE",
        )


@service_check(PEER_ROUTE_WRONG, component="rollsite", after=("ROLLSITE_UNUSABLE", TABLE_WRONG.name))
def their_tables(view: ServiceView) -> Iterator[Finding]:
    """The tables of the other parties' rollsite lead to their flows."""
    wrong = [(route, _words(route)) for route in routes_to_parties(view, PEERS, "proxy") if route.named == ROUTE]
    yield from blocked(
        view,
        PEER_ROUTE_WRONG,
        wrong,
        PEERS,
        cause="its table has no entry for its own party or for the role fateflow of it, or the address is another "
        "party's: the first name on the way back is the rollsite that has no route",
        remedy=_ask(wrong),
        expected="an entry `fateflow` and an entry `default` for that party in its own rollsite's table",
    )


def _words(route: Route) -> str:
    answer = route.answer if not route.answer["ok"] else route.answer["behind"]
    return str(answer["error"])


def _ask(wrong: list[tuple[Route, Any]]) -> tuple[Remedy, ...]:
    asks = (
        Ask(f"party {route.party}", "give your own party the roles fateflow and default in your table of routes")
        for route, _ in wrong
    )
    edits = (Edit(f"correct `proxy` of party {route.party}, then deploy", instead=True) for route, _ in wrong)
    return (*asks, *edits)
