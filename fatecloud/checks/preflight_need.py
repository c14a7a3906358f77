"""What the desired services of a node need from it. Everything here derives from the desired state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from fatecloud.model.check import NodeView
from fatecloud.model.desired import DesiredService
from fatecloud.model.distributions import distribution_of
from fatecloud.model.finding import Finding, Severity, Subject
from fatecloud.model.node import Node
from fatecloud.model.remedy import Remedy, Run
from fatecloud.model.service import PortUse

GIB = 1024**3
MIB = 1024**2
SETTINGS = "/etc/sysctl.d/90-fatecloud.conf"
WILDCARDS = frozenset({"0.0.0.0", "::", "*", ""})  # noqa: S104 - compared with, never bound


@dataclass(frozen=True, slots=True)
class NeededPort:
    """A port of a service that must be free, or already ours."""

    service: DesiredService
    port: PortUse


def node_of(view: NodeView) -> Node:
    """The node as the operator described it."""
    return view.desired.node(view.facts.node)


def services_of(view: NodeView) -> tuple[DesiredService, ...]:
    """The services that are wanted on the node."""
    return view.desired.on_node(view.facts.node)


def service_subject(service: DesiredService) -> Subject:
    """A service as a finding's subject."""
    return Subject(owner=service.id.owner, node=service.id.node, service=service.id.key)


def ports_of(view: NodeView) -> tuple[NeededPort, ...]:
    """Every port that a service of the node listens on."""
    return tuple(NeededPort(s, p) for s in services_of(view) for p in s.ports)


def packages_of(view: NodeView, family: str) -> tuple[str, ...]:
    """Distribution packages that the node's services need, sorted."""
    return tuple(sorted({name for s in services_of(view) for name in s.packages.get(family, ())}))


def missing_packages(view: NodeView) -> tuple[str, ...]:
    """Those of them that are not installed. Raises FactAbsent."""
    wanted = packages_of(view, view.fact("os")["family"])
    installed = view.fact("packages") if wanted else {}
    return tuple(name for name in wanted if not installed.get(name))


def manifest_services(view: NodeView) -> Mapping[str, Any]:
    """Services that this cluster's manifest on the node already holds, by key. Raises FactAbsent."""
    return dict(own_manifest(view).get("services", {}))


def own_manifest(view: NodeView) -> Mapping[str, Any]:
    """The node's manifest if it is this cluster's, else an empty one. Raises FactAbsent."""
    manifest = view.fact("manifest") or {}
    return manifest if manifest.get("id", view.desired.cluster.id) == view.desired.cluster.id else {}


def family_of(view: NodeView) -> str:
    """The family of the node's distribution, empty where it is not known: a remedy says what it can."""
    return str((view.facts.fact("os").value or {}).get("family", ""))


def install_unstarted(view: NodeView, missing: Collection[str]) -> tuple[Remedy, ...]:
    """How an administrator installs packages for services, as a deploy does: their own daemons do not start.

    Debian starts them at once, and they take the ports that our services are to have.
    """
    system, node = view.fact("os"), view.facts.node
    family = str(system["family"])
    lacking = [s for s in services_of(view) if not set(missing).isdisjoint(s.packages.get(family, ()))]
    units = sorted({unit for service in lacking for unit in service.masks.get(family, ())})
    mask = (Run(f"systemctl mask {' '.join(units)}", node, root=True),) if units and system["init"] == "systemd" else ()
    return (*mask, distribution_of(family).install_on(node, tuple(missing)))


def set_for_good(view: NodeView, name: str, value: int) -> tuple[Run, ...]:
    """How a setting of the kernel is changed now, and stays so over a reboot."""
    node = view.facts.node
    return (
        Run(f"sysctl -w {name}={value}", node, root=True),
        Run(f"echo '{name} = {value}' >> {SETTINGS}", node, root=True),
    )


def is_loopback(address: str) -> bool:
    """Whether the address can be reached only from the node itself."""
    literal = address_of(address)
    return literal.is_loopback if literal else address == "localhost"


def address_of(text: str) -> Any:
    """The address as `ipaddress` knows it, mapped IPv4 made plain; None for a name."""
    try:
        literal = ip_address(text)
    except ValueError:
        return None
    return getattr(literal, "ipv4_mapped", None) or literal


def overlaps(one: str, other: str) -> bool:
    """Whether two sockets on one port number exclude each other."""
    if one in WILDCARDS or other in WILDCARDS:
        return True
    return (address_of(one) or one) == (address_of(other) or other)


def open_ports(view: NodeView) -> tuple[NeededPort, ...]:
    """Ports that others connect to from outside the node: neighbours over edges, and peers."""
    here = view.facts.node
    used = {
        (edge.target, edge.endpoint.port)
        for service in view.desired.services.values()
        if service.id.node != here
        for edge in service.edges
    }
    return tuple(
        needed
        for needed in ports_of(view)
        if not is_loopback(needed.port.bind)
        and (needed.port.peers or (needed.service.id.key, needed.port.number) in used)
    )


def problem(
    view: NodeView,
    code: str,
    severity: Severity,
    symptom: str,
    **rest: Any,
) -> Finding:
    """A finding about the node (or about `subject`)."""
    return Finding(code, severity, rest.pop("subject", view.subject), symptom, **rest)
