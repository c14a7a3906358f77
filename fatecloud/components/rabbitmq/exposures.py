"""What FATE leaves open at the broker, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, administrator
from fatecloud.model.service import Edge

PLAINTEXT = Code(
    "EXPOSURE_BROKER_PLAINTEXT",
    "exposure",
    "The messages of tasks, and the password of each task, cross the network without encryption.",
)
TASK_PASSWORD = Code(
    "EXPOSURE_BROKER_TASK_PASSWORD",
    "exposure",
    "The broker's account of a running task has its own name as its password.",
)


_LIMIT = Edit("name `addresses` of each peer, with its broker by address, then deploy", instead=True)
_WITH_EACH = Ask("the users of these parties", "show ids of running jobs to no one who is not in them")


@service_check(PLAINTEXT, TASK_PASSWORD, component="rabbitmq", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """What FATE's way to use the broker allows to those who reach its port, or a network in between."""
    others = [edge for edge in view.service.edges if edge.kind == "broker"]
    if not others:
        return
    away = [edge for edge in others if not _stays_here(view, edge)]
    if away:
        yield Finding(
            PLAINTEXT.name,
            PLAINTEXT.severity,
            view.subject,
            f"AMQP without TLS to {', '.join(f'{edge.target} at {edge.endpoint}' for edge in away)}",
            cause="FATE makes its links between brokers with amqp:// addresses, and has no setting for TLS",
            remedy=(Ask("both parties", "carry the traffic between them in a VPN (WireGuard, IPsec)"),),
            source="inventory",
        )
    named = bool(view.service.process.networks)
    if named and len(others) == 1:
        return  # the only other party is a party of every task
    port = next(port for port in view.service.ports if port.name == "amqp")
    who = "another party that" if named else "anyone who"
    yield Finding(
        TASK_PASSWORD.name,
        TASK_PASSWORD.severity,
        view.subject,
        f"{who} reaches port {port.number} and can guess the id of a running task reads and writes its messages",
        cause="FATE makes one account per task, and both parties must know its password without having agreed on one",
        remedy=(_WITH_EACH,)
        if named
        else (
            administrator(view.facts.node, f"let only the brokers of the other parties reach port {port.number}"),
            _LIMIT,
        ),
        source="inventory",
    )


def _stays_here(view: ServiceView, edge: Edge) -> bool:
    """Whether the traffic of an edge never leaves the node."""
    target = view.desired.services.get(edge.target)
    if target is not None and target.id.node == view.facts.node:
        return True
    try:
        return ip_address(edge.endpoint.host).is_loopback
    except ValueError:
        return False
