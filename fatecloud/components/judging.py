"""What the checks of several components need: a probe's document, and a finding with the usual parts."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from fatecloud.model.check import Code, FactAbsent, ServiceView
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.service import PortUse

ASK_OPERATOR = "give its operator the SQL that this prints: fatecloud objects show --sql"
"""The remedy for objects in a service that others run."""


def answer_of(view: ServiceView, probe: str) -> dict[str, Any]:
    """The document that a probe of the service printed.

    Raises:
        FactAbsent: the probe was not asked, or printed none.
    """
    answer = view.probe(probe)
    if not isinstance(answer.data, dict):
        raise FactAbsent(f"probe {probe} of {view.service.id.key}: {answer.error}")
    return answer.data


def finding(view: ServiceView, code: Code, symptom: str, probe: str, **more: Any) -> Finding:
    """A finding about the view's service that rests on a probe."""
    return Finding(code.name, code.severity, view.subject, symptom, source=f"probe {probe}", **more)


def verb(view: ServiceView, name: str, component: str = "") -> str:
    """The command that applies a verb to the service, or to a neighbour of the same party."""
    ident = view.service.id
    return f"fatecloud {name} {f'{ident.owner}/{component}' if component else ident.key}"


def as_service(service: DesiredService, command: str) -> str:
    """A command line for a service's user, on the service's node."""
    return f"sudo -u {service.user} {command}  # on {service.id.node}"


def neighbour(view: ServiceView, kind: str) -> DesiredService | None:
    """The managed service at the end of the service's edge of a kind; None if it is external."""
    targets = [edge.target for edge in view.service.edges if edge.kind == kind]
    return next((view.desired.services[target] for target in targets if target in view.desired.services), None)


def open_ports(view: ServiceView, *names: str) -> list[PortUse]:
    """Those of the service's ports with these names that other nodes can reach."""
    return [port for port in view.service.ports if port.name in names and not _loopback(port.bind)]


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def apply_objects(view: ServiceView, kind: str = "") -> str:
    """The command that applies accounts and rights again.

    Args:
        view: the service.
        kind: of the edge to the neighbour that has the objects; empty for the service itself.

    Returns:
        A command line, or whom to ask where others run the neighbour.
    """
    service = neighbour(view, kind) if kind else view.service
    if service is None or service.objects is None:
        return ASK_OPERATOR
    return as_service(service, service.objects.script)
