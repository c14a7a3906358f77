"""What flow leaves open to those who reach it, and the keys of the inventory that close it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from fatecloud.components.flow.exposed import AUTH, Part, exposed, others_of
from fatecloud.components.flow.v2.sites import signs
from fatecloud.components.judging import neighbour
from fatecloud.components.networks import are_named
from fatecloud.model.check import ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Ask, Edit, administrator


@service_check(AUTH, component="flow", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can start jobs and read data without a signature, and what remains open with one."""
    parts = [_own_api(view), *_through_osx(view), *_partners(view)]
    yield exposed(
        view,
        parts,
        "FATE takes requests without a signature unless it is configured otherwise, and never signs those of "
        "tasks (/v2/worker), the path or the body of a request",
    )


def _own_api(view: ServiceView) -> Part:
    own, ports = view.service.id.owner, {port.name: port for port in view.service.ports}
    # What comes in by gRPC, flow sends on to its own HTTP port, whatever the path.
    bind, http, grpc = ports["http"].bind, ports["http"].number, ports["grpc"].number
    closed = bool(view.service.process.networks)
    if ip_address(bind).is_loopback:
        who = "users of the node"
    elif closed:
        who = f"users of the nodes of party {own}"
    else:
        who = f"those who reach {bind}, port {http} or {grpc},"
    task = f"keep other software off the nodes of party {own}"
    if not closed:
        task = f"let only the nodes of party {own} reach ports {http} and {grpc}"
    limit = administrator(view.facts.node, task)
    if not view.desired.cluster.parties[own].config["flow"]["authentication.client"]:
        what = "can start jobs, read tables, logs and flow's configuration, and write files as flow's user"
        key = Edit("set `authentication: {client: true}` of flow, unless a board or FATE's `pipeline` is used")
        return "exposure", f"{who} {what}", (key, limit)
    jobs = "" if signs(view.desired.cluster, own) else "start jobs as another party does (/v2/partner), and "
    return "exposure", f"{who} can {jobs}write files as flow's user, as tasks do (/v2/worker)", (limit,)


def _through_osx(view: ServiceView) -> Iterator[Part]:
    """OSX passes every command to flow, whatever its page; only an nginx of ours has a list of those that jobs need."""
    cluster, own = view.desired.cluster, view.service.id.owner
    proxy = neighbour(view, "proxy")
    if proxy is None or proxy.id.component != "osx" or not others_of(view):
        return
    # What an exchange lets in comes from an address that OSX lets in.
    hubs = [view.desired.services[edge.target] for edge in proxy.edges if edge.kind == "exchange"]
    closed = all(one.process.networks for one in (proxy, *hubs))
    who = "partners, at their addresses," if closed else "anyone who reaches OSX"
    pages = "start jobs, read tables, logs and flow's configuration with its passwords, and write files as flow's user"
    signed = cluster.parties[own].config["flow"]["authentication.client"]
    what = "write files as flow's user, as tasks do (/v2/worker)" if signed else pages
    client = Edit("set `authentication: {client: true}` of flow, unless a board or FATE's `pipeline` is used")
    lines = (*(() if signed else (client,)), *(() if closed else (Edit("set `addresses` of each party and peer"),)))
    keep = Ask(f"the users of party {own}", "keep nothing on this flow that the other parties must not see")
    yield "exposure" if closed else "warning", f"{who} can {what}, through OSX", lines or (keep,)


def _partners(view: ServiceView) -> Iterator[Part]:
    cluster, own = view.desired.cluster, view.service.id.owner
    others = others_of(view)
    if cluster.parties[own].architecture == "standalone" or not others:
        return
    named = f"part{'y' if len(others) == 1 else 'ies'} {', '.join(others)}"
    if not signs(cluster, own):
        known = are_named(cluster)
        who = f"those at the addresses of {named}" if known else "anyone who reaches the proxy"
        apps = Edit("set `apps` of each peer, and `authentication: {site: true}` of flow")
        lines = (apps, *(() if known else (Edit("set `addresses` of each peer"),)))
        yield "exposure" if known else "warning", f"{who} can start jobs here", lines
    keep = Ask(f"the users of party {own}", "keep only tables on this flow that the other parties may use")
    yield "exposure", f"the components and tables of a job are up to {named}", (keep,)
