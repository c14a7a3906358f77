"""Preflight of ports: held by other processes, other teams' software, and what a firewall has to let through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fatecloud.checks.preflight_need import (
    NeededPort,
    node_of,
    open_ports,
    overlaps,
    ports_of,
    problem,
    service_subject,
)
from fatecloud.components.networks import are_named, of_others
from fatecloud.model.accounts import account_of
from fatecloud.model.check import Code, NodeView, node_check, preflight_check
from fatecloud.model.desired import DesiredService
from fatecloud.model.finding import Finding
from fatecloud.model.identity import ServiceId
from fatecloud.model.protections import PRIVILEGED_PORTS
from fatecloud.model.remedy import Edit, Remedy, Run, administrator, look
from fatecloud.model.states import WITH_PROCESS, is_left

PORT = Code("PREFLIGHT_PORT_TAKEN", "critical", "Another process holds a port that a service needs.")
PRIVILEGED = Code(
    "PREFLIGHT_PORT_PRIVILEGED", "critical", "A service that systemd does not start may not take a port this low."
)
FOREIGN = Code("PREFLIGHT_FOREIGN_INSTANCE", "warning", "Another instance of software that fatecloud uses runs here.")
FIREWALL = Code("PREFLIGHT_FIREWALL", "warning", "A firewall is active: these ports must be open.")
UNPRIVILEGED_PORTS = "net.ipv4.ip_unprivileged_port_start"


@node_check(PORT)
def ports_free(view: NodeView) -> Iterator[Finding]:
    """Each port is free, or held by the service that it is for."""
    listeners = view.fact("listeners") if ports_of(view) else []
    taken: dict[str, list[tuple[NeededPort, Mapping[str, Any]]]] = {}
    for needed in ports_of(view):
        for listener in listeners:
            if (
                listener["port"] == needed.port.number
                and overlaps(needed.port.bind, listener["address"])
                and not _is_ours(view, needed.service, listener)
            ):
                taken.setdefault(needed.service.id.key, []).append((needed, listener))
                # One listener is enough to name; a server often has one for IPv4 and one for IPv6.
                break
    for pairs in taken.values():
        service = pairs[0][0].service
        yield problem(
            view,
            PORT.name,
            "critical",
            "; ".join(f"port {n.port.number} ({n.port.name}) is held by {_who(owner)}" for n, owner in pairs),
            subject=service_subject(service),
            expected="free: " + ", ".join(str(n.port.number) for n, _ in pairs),
            got="; ".join(_who(owner) for _, owner in pairs),
            evidence=tuple(f"pid {o['pid']}: {o.get('cmdline') or o['process']}" for _, o in pairs if o["pid"]),
            remedy=(
                *(
                    Edit(
                        f"set `{service.id.component}: {{ports: {{{n.port.name}: FREE_PORT}}}}` under `config` of "
                        f"{view.desired.cluster.owners[service.id.owner].title}"
                    )
                    for n, _ in pairs
                ),
                *(replace(_look(view, o), instead=True) for _, o in pairs),
                administrator(view.facts.node, "have its owner stop it"),
            ),
            source="fact listeners",
        )


def _is_ours(view: NodeView, service: DesiredService, listener: Mapping[str, Any]) -> bool:
    """Whether the listener belongs to the service that the port is for, or to one that the deploy removes first."""
    # The manifest is not asked: a deployment that was killed may have started a service before it was written.
    known: Mapping[str, Mapping[str, Any]] = view.fact("services")
    states = {k: state for k, state in known.items() if k == service.id.key or k not in view.desired.services}
    # Without root only the socket's user is visible. With root the pid can be missing too: the socket of a process that
    # is stopping outlives its main thread.
    if listener["pid"] is None:
        running = [key for key, state in states.items() if state["state"] in WITH_PROCESS or is_left(state)]
        # A process keeps its user, also when its service is to have another one, or the user is gone.
        return listener["user"] in {states[key].get("user") or _user(view, key) for key in running}
    return any(listener["pid"] in state.get("pids", ()) for state in states.values())


def _user(view: NodeView, key: str) -> str:
    try:
        return account_of(node_of(view), ServiceId.parse(view.desired.cluster.label, key)).user
    except ValueError:
        return ""


def _who(listener: Mapping[str, Any]) -> str:
    if not listener["pid"]:
        return f"a process of user {listener['user']} that the login user cannot inspect"
    return f"{listener['process']} (pid {listener['pid']}, user {listener['user']})"


def _look(view: NodeView, listener: Mapping[str, Any]) -> Run:
    """The command that shows which process holds a port."""
    if listener["pid"]:
        return look(f"ps -fp {listener['pid']}", view.facts.node)
    return look(f"ss -ltnp 'sport = :{listener['port']}'", view.facts.node, root=True)


@preflight_check(PRIVILEGED, sysctl=(UNPRIVILEGED_PORTS,))
def ports_allowed(view: NodeView) -> Iterator[Finding]:
    """Under supervisor, whose services have no capability, each port is one that every user may take."""
    if node_of(view).supervision == "systemd":
        return  # the unit gives the capability
    first = int(view.fact("sysctl").get(UNPRIVILEGED_PORTS) or PRIVILEGED_PORTS)
    for needed in ports_of(view):
        if needed.port.number < first:
            owner = view.desired.cluster.owners[needed.service.id.owner]
            yield problem(
                view,
                PRIVILEGED.name,
                "critical",
                f"port {needed.port.number} ({needed.port.name}) is below {first}, which users may not take here",
                subject=service_subject(needed.service),
                cause="supervisor gives its services no rights of root, as a systemd unit does for such a port",
                expected=f"a port from {first} on, or supervision: systemd",
                got=str(needed.port.number),
                remedy=(
                    Edit(f"set another `ports.{needed.port.name}` under `config` of {owner.title}"),
                    Edit(f"set `supervision: systemd` for node {view.facts.node}", instead=True),
                ),
                source="fact sysctl",
            )


@node_check(FOREIGN)
def foreign_instances(view: NodeView) -> Iterator[Finding]:
    """Other teams' instances are reported and left alone."""
    found = view.fact("foreign")
    if found:
        yield problem(
            view,
            FOREIGN.name,
            "warning",
            f"not managed by fatecloud, and left alone: {', '.join(sorted({str(item['name']) for item in found}))}",
            cause="fatecloud's services have their own units, configuration, data directories and ports",
            expected="only fatecloud's services, or software whose owner knows about them",
            got=f"{len(found)} found",
            evidence=tuple(f"{i['kind']} {i['name']} pid {i['pid'] or '-'}: {i['detail']}" for i in found[:10]),
            remedy=(
                look("systemctl status " + " ".join(_pids(found)), view.facts.node),
                administrator(view.facts.node, "say whether it is meant to be there"),
            ),
            source="fact foreign",
        )


def _pids(found: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({str(item["pid"] or item["name"]) for item in found})[:5]


@node_check(FIREWALL)
def firewall(view: NodeView) -> Iterator[Finding]:
    """If a firewall is active, the finding names the ports to open. fatecloud never switches a firewall off."""
    wall = view.fact("firewall")
    ports = sorted({needed.port.number for needed in open_ports(view)})
    if not (wall and wall["active"]) or not ports:
        return
    yield problem(
        view,
        FIREWALL.name,
        "warning",
        f"{wall['name']} is active; it must let in {', '.join(map(str, ports))}",
        cause="only a connection shows whether it does already; fatecloud leaves it on",
        expected="TCP open to neighbours and peers: " + ", ".join(map(str, ports)),
        got=f"{wall['name']} active",
        evidence=tuple(
            f"{n.port.number} {n.service.id.key} {n.port.name}, for {_callers(view, n)}" for n in open_ports(view)
        ),
        remedy=_OPEN.get(str(wall["name"]), _open_nft)(view.facts.node, ports),
        source="fact firewall",
    )


def _callers(view: NodeView, needed: NeededPort) -> str:
    """Who connects to a port, with their addresses where the inventory names them."""
    if not needed.port.peers:
        return "neighbours"
    cluster = view.desired.cluster
    networks = of_others(cluster, needed.service.id.owner) if are_named(cluster) else ()
    return f"peers at {', '.join(networks)}" if networks else "peers"


_CLOSED = "if a connection to them fails"
"""Which a person has to try: the finding stays while the firewall is active, whatever it lets in."""


def _open_firewalld(node: str, ports: Sequence[int]) -> tuple[Remedy, ...]:
    options = " ".join(f"--add-port={port}/tcp" for port in ports)
    permanent = Run(f"firewall-cmd --permanent {options}", node, root=True, when=_CLOSED)
    return (permanent, Run("firewall-cmd --reload", node, root=True, when="then"))


def _open_ufw(node: str, ports: Sequence[int]) -> tuple[Remedy, ...]:
    return tuple(Run(f"ufw allow {p}/tcp", node, root=True, when=_CLOSED) for p in ports)


def _open_iptables(node: str, ports: Sequence[int]) -> tuple[Remedy, ...]:
    accept = "iptables -I INPUT -p tcp --dport {} -j ACCEPT"
    return tuple(Run(accept.format(p), node, root=True, when=_CLOSED) for p in ports)


def _open_nft(node: str, ports: Sequence[int]) -> tuple[Remedy, ...]:
    return (
        look("nft list ruleset", node, root=True),
        Run(
            f"nft insert rule inet filter input tcp dport '{{ {', '.join(map(str, ports))} }}' accept",
            node,
            root=True,
            when="if the table is `inet filter` and its chain `input`",
        ),
    )


_OPEN: Mapping[str, Callable[[str, Sequence[int]], tuple[Remedy, ...]]] = {
    "firewalld": _open_firewalld,
    "ufw": _open_ufw,
    "iptables": _open_iptables,
}
