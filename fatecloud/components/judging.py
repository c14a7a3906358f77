"""What the checks of several components need: a probe's document, and a finding with the usual parts."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from fatecloud.model.check import Code, FactAbsent, ServiceView
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding, probe_source
from fatecloud.model.remedy import Ask, Remedy, Run, administrator, logs_of_service, look
from fatecloud.model.service import PortUse

ASK_OPERATOR = Ask("its operator", "run the SQL that `fatecloud objects show --sql` prints")
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


def finding(view: ServiceView, code: Code, symptom: str, probe: str, *, source: str = "", **more: Any) -> Finding:
    """A finding about the view's service that rests on a probe.

    Args:
        view: the service.
        code: of the finding.
        symptom: what is seen.
        probe: its name.
        source: what the probe read, where that is a log, a file or a program of the node and not the answer of a
            service: such a symptom stays in the house, see `checks/one_side.py`.
        more: of the finding.
    """
    return Finding(code.name, code.severity, view.subject, symptom, source=source or probe_source(probe), **more)


def verb(view: ServiceView, name: str, component: str = "") -> Run:
    """The command that applies a verb to the service, or to a neighbour of the same party."""
    ident = view.service.id
    return Run(f"fatecloud {name} {f'{ident.owner}/{component}' if component else ident.key}")


def logs(view: ServiceView, pattern: str = "") -> Run:
    """The command that shows the service's logs, or the lines in them that match."""
    return logs_of_service(view.service.id.key, pattern)


def as_service(service: DesiredService, command: str) -> Run:
    """A command for a service's user, on the service's node."""
    return Run(f"sudo -u {service.user} {command}", service.id.node)


def fills_again(service: DesiredService) -> tuple[Remedy, ...]:
    """What gives an empty database its tables: a start of the service that uses it, and then what it has in them."""
    objects = (as_service(service, service.objects.script),) if service.objects else ()
    return (Run(f"fatecloud restart {service.id.key}"), *objects)


def neighbour(view: ServiceView, kind: str) -> DesiredService | None:
    """The managed service at the end of the service's edge of a kind; None if it is external."""
    targets = [edge.target for edge in view.service.edges if edge.kind == kind]
    return next((view.desired.services[target] for target in targets if target in view.desired.services), None)


def answer_of_other(view: ServiceView, service: DesiredService | None, probe: str) -> dict[str, Any]:
    """The document that a probe of another service printed; empty where that service has not answered well.

    What is wrong there is for that service's own checks.
    """
    seen = view.observed.reached(service.id.node) if service else None
    answer = seen.probes.get(f"{service.id.key}:{probe}") if service and seen else None
    return answer.data if answer and isinstance(answer.data, dict) and answer.data.get("ok") else {}


def reached_again(view: ServiceView, kind: str, target: str = "") -> tuple[Remedy, ...]:
    """What helps where the service's own connection to a neighbour is not taken.

    Args:
        view: the service.
        kind: of the edge.
        target: of the edge, where the service has several of a kind; empty for its only one.

    Returns:
        A start of the neighbour, or where it runs already, what may be between the two.
    """
    edge = next(edge for edge in view.service.edges if edge.kind == kind and target in ("", edge.target))
    service = view.desired.services.get(edge.target)
    if service is None:
        return (Ask(f"the operator of {edge.endpoint}", f"does it take connections from {view.facts.node}?"),)
    command = service.id.key if target else f"{service.id.owner}/{service.id.component}"
    seen = view.observed.reached(service.id.node)
    states = (seen.fact("services").value or {}) if seen else {}
    if (states.get(service.id.key) or {}).get("state") != "running":
        return (Run(f"fatecloud start {command}"),)
    nodes = dict.fromkeys((view.facts.node, service.id.node))
    return (
        *(look("nft list ruleset || iptables-save", node, root=True) for node in nodes),
        *(administrator(node, f"let {edge.source} connect to {edge.target} at {edge.endpoint}") for node in nodes),
        Run(f"fatecloud restart {command}", instead=True),
    )


def open_ports(view: ServiceView, *names: str) -> list[PortUse]:
    """Those of the service's ports with these names that other nodes can reach."""
    return [port for port in view.service.ports if port.name in names and not _loopback(port.bind)]


def _loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def apply_objects(view: ServiceView, kind: str = "") -> Remedy:
    """The command that applies accounts and rights again.

    Args:
        view: the service.
        kind: of the edge to the neighbour that has the objects; empty for the service itself.

    Returns:
        A command, or whom to ask where others run the neighbour.
    """
    service = neighbour(view, kind) if kind else view.service
    if service is None or service.objects is None:
        return ASK_OPERATOR
    return as_service(service, service.objects.script)
