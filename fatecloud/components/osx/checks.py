"""What can be wrong with an OSX."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fatecloud.components.clustermanager.unreached import manager_unreached
from fatecloud.components.judging import answer_of, finding, logs, reached_again, verb
from fatecloud.components.osx.star import KIND
from fatecloud.components.osx.want import MANAGER, PEERS, STATE
from fatecloud.components.party_routes import BLOCKED, blocked, flows_behind, routes_to_parties
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, Ask, Edit, Run, logs_of_service

UNUSABLE = Code("OSX_UNUSABLE", "critical", "What answers on OSX's port does not work as its party's OSX.", ("node",))
MANAGER_DOWN = Code(
    "OSX_MANAGER_DOWN",
    "critical",
    "OSX cannot reach the clustermanager: data that arrive cannot go to workers.",
    ("manager", "node"),
)
UPSTREAM_DOWN = Code(
    "OSX_UPSTREAM_DOWN", "critical", "OSX does not pass commands to its own party's flow.", ("upstream",)
)
PEER_UNREACHABLE = Code(
    "OSX_PEER_UNREACHABLE",
    "critical",
    "Another party's OSX cannot be reached from here, or is not that party's.",
    ("proxy", "node"),
    outward=True,
)
EXCHANGE_UNREACHABLE = Code(
    "OSX_EXCHANGE_UNREACHABLE",
    "critical",
    "The exchange, through which OSX reaches the other parties, cannot be reached from here or does not answer.",
    (KIND, "node"),
)
PEER_FLOW_DOWN = Code(
    "OSX_PEER_FLOW_DOWN",
    "critical",
    "Another party's OSX answers, but the flow behind it does not.",
    ("proxy", "peer_flow"),
    outward=True,
)
COMMANDS_LOST = Code(
    "OSX_COMMANDS_LOST",
    "critical",
    "OSX answers, and does not pass commands on that get their answer without it.",
    ("node",),
    explains=("OSX_UPSTREAM_DOWN", "OSX_PEER_FLOW_DOWN"),
)
PEER_MTU = Code(
    "OSX_PEER_MTU",
    "critical",
    "Large packets are lost on the route to another party's OSX.",
    ("proxy",),
    outward=True,
)
PROTOBUF_WRONG = Code(
    "OSX_PROTOBUF_WRONG",
    "critical",
    "OSX runs with the protobuf classes of another generation of EggRoll: it answers, and every job hangs.",
    ("FILE_DRIFTED", "RESTART_PENDING"),
    settles=False,
    underlies=True,
)
_SET = re.compile(r"/pb_lib/(v\d+)/")
_OTHER = ("party", "status", "foreign")


@service_check(UNUSABLE, component="osx", after=("SERVICE_HUNG",))
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
            expected=f"OSX of party {view.service.id.owner}",
            got=str(answer["kind"]),
        )


@service_check(PROTOBUF_WRONG, component="osx")
def speaks_as_eggroll(view: ServiceView) -> Iterator[Finding]:
    """Its process has the set of protobuf classes for the release's EggRoll. No question to it shows a wrong one."""
    wanted = str(view.service.facts["protobuf"])
    found = _SET.findall((view.state.get("main") or {}).get("command", ""))
    if found and set(found) != {wanted}:
        yield Finding(
            PROTOBUF_WRONG.name,
            PROTOBUF_WRONG.severity,
            view.subject,
            f"it runs with the set {' and '.join(sorted(set(found)))}, and EggRoll needs {wanted}",
            cause="its start script was changed by hand, or it was started by another one",
            remedy=(*PUT_BACK, verb(view, "restart")),
            expected=wanted,
            got=", ".join(found),
            source="fact services",
        )


@service_check(UPSTREAM_DOWN, component="osx", after=("SERVICE_HUNG", UNUSABLE.name))
def upstream(view: ServiceView) -> Iterator[Finding]:
    """A command for this party reaches its flow."""
    behind = answer_of(view, STATE).get("behind", {"ok": True})
    for edge in (edge for edge in view.service.edges if edge.kind == "upstream" and not behind["ok"]):
        yield finding(
            view,
            UPSTREAM_DOWN,
            f"a command for party {view.service.id.owner} gets {behind['error']}",
            STATE,
            cause="flow or OSX is down or frozen, or OSX sends to another address than flow listens on",
            remedy=(*PUT_BACK, Run(f"fatecloud restart {edge.target} {view.service.id.key}")),
            expected=f"flow at {edge.endpoint}",
            got=str(behind["kind"]),
            about=edge.target,
        )


@service_check(MANAGER_DOWN, component="osx")
def manager(view: ServiceView) -> Iterator[Finding]:
    """The clustermanager answers from here."""
    yield from manager_unreached(view, MANAGER_DOWN, MANAGER)


@service_check(EXCHANGE_UNREACHABLE, component="osx")
def exchange(view: ServiceView) -> Iterator[Finding]:
    """Each exchange answers as that of its group."""
    silent = [route for route in routes_to_parties(view, PEERS, "proxy") if route.answer.get("exchange")]
    for edge in (edge for edge in view.service.edges if edge.kind == KIND):
        lost = [route for route in silent if route.edge.endpoint == edge.endpoint]
        if not lost:
            continue
        answer, parties = lost[0].answer, ", ".join(route.party for route in lost)
        yield finding(
            view,
            EXCHANGE_UNREACHABLE,
            f"{edge.source} -> {edge.target} at {edge.endpoint}: {answer['error']}; party {parties} is behind it",
            PEERS,
            cause="the exchange is down or frozen, another program has its port, or a firewall drops the packets",
            remedy=(*reached_again(view, KIND), logs_of_service(edge.target)),
            expected=f"an answer of {edge.target}",
            got=str(answer["kind"]),
            about=edge.target,
        )


@service_check(PEER_UNREACHABLE, component="osx")
def peers(view: ServiceView) -> Iterator[Finding]:
    """Every other party's OSX answers, as that party's."""
    wrong = [
        (route, str(route.answer["error"]))
        for route in routes_to_parties(view, PEERS, "proxy")
        if not route.answer["ok"] and not route.answer.get("exchange")
    ]
    yield from blocked(
        view,
        PEER_UNREACHABLE,
        wrong,
        PEERS,
        cause=BLOCKED,
        remedy=(
            *(
                Ask(f"party {route.party}", f"is your OSX at {route.edge.endpoint}, and open to us?")
                for route, _ in wrong
            ),
            *(Edit(f"correct `proxy` of party {route.party}, then deploy", instead=True) for route, _ in wrong),
        ),
        expected="an answer of the right party's OSX",
    )


@service_check(COMMANDS_LOST, component="osx", after=("SERVICE_HUNG", UNUSABLE.name))
def passes_on(view: ServiceView) -> Iterator[Finding]:
    """What reaches another party's flow without this OSX reaches it through this OSX, too."""
    lost = [route for route in routes_to_parties(view, PEERS, "proxy") if route.answer.get("own")]
    if lost:
        got = lost[0].answer["behind"]
        yield finding(
            view,
            COMMANDS_LOST,
            "; ".join(
                f"a command for party {route.party} gets {route.answer['behind']['error']}, and an answer of its flow "
                "when it is sent past this OSX"
                for route in lost
            ),
            PEERS,
            cause="its threads for commands are used up or hang, or its table of routes was changed by hand",
            remedy=(verb(view, "restart"), logs(view)),
            expected="flow's answer to a command about an unknown task",
            got=str(got["kind"]),
        )


@service_check(PEER_FLOW_DOWN, PEER_MTU, component="osx", after=(UNUSABLE.name,))
def peer_flows(view: ServiceView) -> Iterator[Finding]:
    """Every other party's flow answers a command through both parties' OSX."""
    yield from flows_behind(
        view,
        PEER_FLOW_DOWN,
        PEER_MTU,
        PEERS,
        cause="that OSX answers us; the flow behind it is down, or our OSX or theirs has another route",
        remedy=(logs(view),),
        expected="flow's answer to a command about an unknown task",
    )
