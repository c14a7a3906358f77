"""What can be wrong with a rollsite."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.clustermanager.unreached import manager_unreached
from fatecloud.components.judging import answer_of, finding, logs, verb
from fatecloud.components.party_routes import BLOCKED, blocked, flows_behind, routes_to_parties
from fatecloud.components.rollsite.want import MANAGER, PEERS, STATE
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Ask, Edit, Run

UNUSABLE = Code(
    "ROLLSITE_UNUSABLE", "critical", "What answers on rollsite's port does not work as its party's rollsite.", ("node",)
)
MANAGER_DOWN = Code(
    "ROLLSITE_MANAGER_DOWN",
    "critical",
    "Rollsite cannot reach the clustermanager: data that arrive cannot go to workers.",
    ("manager", "node"),
)
UPSTREAM_DOWN = Code(
    "ROLLSITE_UPSTREAM_DOWN", "critical", "Rollsite does not pass commands to its own party's flow.", ("upstream",)
)
PEER_UNREACHABLE = Code(
    "ROLLSITE_PEER_UNREACHABLE",
    "critical",
    "Another party's rollsite cannot be reached from here, or is not that party's.",
    ("proxy", "node"),
    outward=True,
)
PEER_FLOW_DOWN = Code(
    "ROLLSITE_PEER_FLOW_DOWN",
    "critical",
    "Another party's rollsite answers, but the flow behind it does not.",
    ("proxy", "peer_flow"),
    outward=True,
)
COMMANDS_LOST = Code(
    "ROLLSITE_COMMANDS_LOST",
    "critical",
    "Rollsite answers, and does not pass commands on that get their answer without it.",
    ("node",),
    explains=("ROLLSITE_UPSTREAM_DOWN", "ROLLSITE_PEER_FLOW_DOWN"),
)
PEER_MTU = Code(
    "ROLLSITE_PEER_MTU",
    "critical",
    "Large packets are lost on the route to another party's rollsite.",
    ("proxy",),
    outward=True,
)
_OTHER = ("party", "status", "foreign")


@service_check(UNUSABLE, component="rollsite", after=("SERVICE_HUNG",))
def usable(view: ServiceView) -> Iterator[Finding]:
    """It says that it is this party's."""
    answer = answer_of(view, STATE)
    if not answer["ok"] and answer["kind"] in _OTHER:
        yield finding(
            view,
            UNUSABLE,
            str(answer["error"]),
            STATE,
            cause="its table of routes was changed by hand or cannot be read, or another program has its port",
            remedy=(*PUT_BACK, verb(view, "restart")),
            expected=f"rollsite of party {view.service.id.owner}",
            got=str(answer["kind"]),
        )


@service_check(UPSTREAM_DOWN, component="rollsite", after=("SERVICE_HUNG", UNUSABLE.name))
def upstream(view: ServiceView) -> Iterator[Finding]:
    """A command for this party reaches its flow."""
    behind = answer_of(view, STATE).get("behind", {"ok": True})
    for edge in (edge for edge in view.service.edges if edge.kind == "upstream" and not behind["ok"]):
        yield finding(
            view,
            UPSTREAM_DOWN,
            f"a command for party {view.service.id.owner} gets {behind['error']}",
            STATE,
            cause="flow or rollsite is down or frozen, or rollsite sends to another address than flow listens on",
            remedy=(*PUT_BACK, Run(f"fatecloud restart {edge.target} {view.service.id.key}")),
            expected=f"flow at {edge.endpoint}",
            got=str(behind["kind"]),
            about=edge.target,
        )


@service_check(MANAGER_DOWN, component="rollsite")
def manager(view: ServiceView) -> Iterator[Finding]:
    """The clustermanager answers from here."""
    yield from manager_unreached(view, MANAGER_DOWN, MANAGER)


@service_check(PEER_UNREACHABLE, component="rollsite")
def peers(view: ServiceView) -> Iterator[Finding]:
    """Every other party's rollsite answers, as that party's."""
    wrong = [
        (route, str(route.answer["error"]))
        for route in routes_to_parties(view, PEERS, "proxy")
        if not route.answer["ok"]
    ]
    yield from blocked(
        view,
        PEER_UNREACHABLE,
        wrong,
        PEERS,
        cause=BLOCKED,
        remedy=(
            *(
                Ask(f"party {route.party}", f"is your rollsite at {route.edge.endpoint}, and open to us?")
                for route, _ in wrong
            ),
            *(Edit(f"correct `proxy` of party {route.party}, then deploy", instead=True) for route, _ in wrong),
        ),
        expected="an answer of the right party's rollsite",
    )


@service_check(COMMANDS_LOST, component="rollsite", after=("SERVICE_HUNG", UNUSABLE.name))
def passes_on(view: ServiceView) -> Iterator[Finding]:
    """What reaches another party's flow without this rollsite reaches it through this rollsite, too."""
    lost = [route for route in routes_to_parties(view, PEERS, "proxy") if route.answer.get("own")]
    if lost:
        got = lost[0].answer["behind"]
        yield finding(
            view,
            COMMANDS_LOST,
            "; ".join(
                f"a command for party {route.party} gets {route.answer['behind']['error']}, and an answer of its flow "
                "when it is sent past this rollsite"
                for route in lost
            ),
            PEERS,
            cause="its threads hang, it keeps a connection that was lost, or its table of routes was changed by hand",
            remedy=(verb(view, "restart"), logs(view)),
            expected="flow's answer to a question for its version",
            got=str(got["kind"]),
        )


@service_check(PEER_FLOW_DOWN, PEER_MTU, component="rollsite", after=(UNUSABLE.name,))
def peer_flows(view: ServiceView) -> Iterator[Finding]:
    """Every other party's flow answers a command through both parties' rollsite."""
    yield from flows_behind(
        view,
        PEER_FLOW_DOWN,
        PEER_MTU,
        PEERS,
        cause="that rollsite answers us; the flow behind it is down, or our rollsite or theirs has another route",
        remedy=(logs(view),),
        expected="flow's answer to a question for its version",
    )
