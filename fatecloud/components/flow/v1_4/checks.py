"""What can be wrong with a flow of 1.4. What its generations share is beside it."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.flow.check_database import database
from fatecloud.components.flow.check_service import COMPUTING_DOWN, api, jobs, proxy, scheduler
from fatecloud.components.flow.fate_1 import COMPUTING
from fatecloud.components.flow.v1.exposures import exposures
from fatecloud.components.flow.v1_4.check_forgotten import drives_on
from fatecloud.components.flow.v1_4.want import OWN_ADDRESS
from fatecloud.components.judging import answer_of, finding, reached_again
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import administrator, logs_of_service

__all__ = ["address", "api", "database", "drives_on", "exposures", "jobs", "managers", "proxy", "scheduler"]

ADDRESS = Code(
    "FLOW_OWN_ADDRESS",
    "critical",
    "The name of flow's node leads to an address where flow 1.4 does not reach itself, and it cannot run jobs.",
    ("node",),
    settles=False,
)


@service_check(ADDRESS, component="flow", while_down=True, early=True)
def address(view: ServiceView) -> Iterator[Finding]:
    """Flow listens at the address at which it asks itself: its tasks and its commands take that way."""
    answer = answer_of(view, OWN_ADDRESS)
    if not answer["ok"]:
        yield finding(
            view,
            ADDRESS,
            str(answer["error"]),
            OWN_ADDRESS,
            source="name of the node",
            cause="its hosts file or its DNS has no entry for its own full name, or one of another machine or network",
            remedy=(administrator(view.facts.node, f"let {answer['name']} lead to the node's address"),),
            expected="an address of the node, from which flow gets packets",
            got=str(answer.get("address", "none")),
        )


@service_check(COMPUTING_DOWN, component="flow")
def managers(view: ServiceView) -> Iterator[Finding]:
    """Flow's node can reach the clustermanager and the nodemanagers."""
    answers = answer_of(view, "flow.computing")["peers"]
    for edge in view.service.edges:
        if edge.kind == COMPUTING and not (answer := answers[edge.target])["ok"]:
            yield finding(
                view,
                COMPUTING_DOWN,
                f"{edge.source} -> {edge.target} at {edge.endpoint}: {answer['error']}",
                "flow.computing",
                cause="it is down, or a firewall blocks the connection from flow's node",
                remedy=(*reached_again(view, COMPUTING, edge.target), logs_of_service(edge.target)),
                expected="an answer to a command of EggRoll's that needs no database",
                got=str(answer["kind"]),
                about=edge.target,
            )
