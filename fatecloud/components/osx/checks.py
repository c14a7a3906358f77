"""What can be wrong with an OSX."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fatecloud.components.judging import finding, reached_again, verb
from fatecloud.components.osx.star import KIND
from fatecloud.components.osx.want import PEERS
from fatecloud.components.party_routes import routes_to_parties
from fatecloud.components.router_checks import Router, router_checks
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import PUT_BACK, logs_of_service

usable, upstream, manager, peers, passes_on, peer_flows, versions = router_checks(
    Router(
        "osx",
        "OSX",
        answers="flow's answer to a command about an unknown task",
        holds="its threads for commands are used up or hang, or its table of routes was changed by hand",
        other_api="1",
    )
)

EXCHANGE_UNREACHABLE = Code(
    "OSX_EXCHANGE_UNREACHABLE",
    "critical",
    "The exchange, through which OSX reaches the other parties, cannot be reached from here or does not answer.",
    (KIND, "node"),
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
            remedy=(*reached_again(view, KIND, edge.target), logs_of_service(edge.target)),
            expected=f"an answer of {edge.target}",
            got=str(answer["kind"]),
            about=edge.target,
        )
