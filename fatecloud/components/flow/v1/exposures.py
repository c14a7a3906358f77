"""What flow leaves open to those who reach it. Nothing of its own closes it: its clients cannot sign."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from fatecloud.components.flow.exposed import AUTH, Part, exposed, others_of
from fatecloud.components.judging import neighbour
from fatecloud.model.check import ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, administrator

_ALL = "start jobs, read tables, logs and flow's configuration with its passwords, and write files as flow's user"


@service_check(AUTH, component="flow", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can start jobs and read data."""
    parts = [_own_api(view), *_through_rollsite(view)]
    yield exposed(view, parts, "FATE 1.11 takes requests without a signature, whatever their path")


def _own_api(view: ServiceView) -> Part:
    own, ports = view.service.id.owner, {port.name: port for port in view.service.ports}
    # What comes in by gRPC, flow sends on to its own HTTP port, whatever the path.
    bind, http, grpc = ports["http"].bind, ports["http"].number, ports["grpc"].number
    closed = bool(view.service.process.networks)
    task = f"keep other software off the nodes of party {own}"
    if ip_address(bind).is_loopback:
        who = "users of the node"
    elif closed:
        who = f"users of the nodes of party {own}"
    else:
        who, task = f"those who reach {bind}, port {http} or {grpc},", f"let only them reach ports {http} and {grpc}"
    return "exposure", f"{who} can {_ALL}", (administrator(view.facts.node, task),)


def _through_rollsite(view: ServiceView) -> Iterator[Part]:
    """Rollsite passes every request to flow, whatever its path."""
    proxy = neighbour(view, "proxy")
    if proxy is None or not others_of(view):
        return
    closed = bool(proxy.process.networks)
    who = "partners, at their addresses," if closed else "anyone who reaches rollsite"
    keep = Ask(f"the users of party {view.service.id.owner}", "keep nothing on this flow that others must not see")
    lines = (keep,) if closed else (Edit("set `addresses` of each party and peer"),)
    yield "exposure" if closed else "warning", f"{who} can {_ALL}, through rollsite", lines
