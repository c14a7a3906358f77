"""Checks of a service's ports: the service holds them, and no other process does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.checks.evidence import last_errors
from fatecloud.checks.listeners import in_the_way, silent_ports, too_open
from fatecloud.checks.service import manage, show_logs
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.endpoint import Endpoint
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, administrator, look

STOLEN = Code("PORT_STOLEN", "critical", "Another process holds a port of the service.", settles=False)
NOT_LISTENING = Code(
    "PORT_NOT_LISTENING", "critical", "The service runs, but does not listen on its port.", ("*", "node"), away=True
)
TOO_OPEN = Code(
    "PORT_TOO_OPEN", "warning", "The service listens on an address that it should not be reached at.", settles=False
)
_DOWN = ("SERVICE_STOPPED", "SERVICE_FAILED", "SERVICE_RESTARTING", "SERVICE_CRASHED")
_NOT_RUNNING = ("MANIFEST_ABSENT", "SERVICE_ABSENT", *_DOWN)


@service_check(STOLEN, after=("MANIFEST_ABSENT",))
def own_ports(view: ServiceView) -> Iterator[Finding]:
    """No other process holds a port of the service."""
    strangers = [
        (port, held) for port in view.service.ports for held in in_the_way(view, port) if not _ours(view, held)
    ]
    if strangers:
        port, held = strangers[0]
        pid = f"pid {held['pid']}, " if held["pid"] else ""
        who = f"{held['process'] or 'a process'} ({pid}user {held['user']})"
        other = _other_service(view, held)
        yield Finding(
            STOLEN.name,
            STOLEN.severity,
            view.subject,
            f"port {port.number} is held by {other or who}",
            cause="the service cannot listen there while another process does",
            remedy=(
                look(f"ss -ltnp 'sport = :{port.number}'", view.facts.node, root=True),
                administrator(view.facts.node, "stop that process"),
                Edit(f"set another `ports.{port.name}` of {view.service.id.component}, then deploy", instead=True),
                replace(manage(view, "restart"), when="when the port is free"),
            ),
            expected=f"port {port.number} held by {view.service.id.key}",
            got=who,
            evidence=tuple(
                f"{h['address']}:{p.number} pid {h['pid']} user {h['user']}: {h['cmdline'] or h['process'] or '?'}"
                for p, h in strangers
            ),
            source="fact listeners",
        )


@service_check(NOT_LISTENING, after=(*_NOT_RUNNING, "SERVICE_HUNG", "PORT_STOLEN"))
def listening(view: ServiceView) -> Iterator[Finding]:
    """The service listens on each of its ports."""
    missing = silent_ports(view)
    if missing:
        elsewhere = sorted({h["address"] for h in view.fact("listeners") if h["port"] == missing[0].number})
        yield Finding(
            NOT_LISTENING.name,
            NOT_LISTENING.severity,
            view.subject,
            f"it runs, but does not listen on port {', '.join(str(port.number) for port in missing)}",
            cause="it is still starting, or it failed to open the port",
            remedy=(show_logs(view), manage(view, "restart")),
            expected=f"{missing[0].bind}:{missing[0].number}",
            got=", ".join(elsewhere) or "no listener",
            evidence=last_errors(view),
            source="fact listeners",
        )


@service_check(TOO_OPEN, after=(*_NOT_RUNNING, "PORT_STOLEN", "RESTART_PENDING", "DEPLOY_PENDING"))
def not_too_open(view: ServiceView) -> Iterator[Finding]:
    """The service listens where the inventory says, and nowhere else."""
    rows = [row for row in too_open(view) if _ours(view, row)]
    if rows:
        binds = {port.number: port.bind for port in view.service.ports}
        yield Finding(
            TOO_OPEN.name,
            TOO_OPEN.severity,
            view.subject,
            f"it listens on {', '.join(_at(row['address'], row['port']) for row in rows)}",
            cause="it runs with other settings than those in its files, or reads more than them",
            remedy=(manage(view, "restart"), show_logs(view)),
            expected=", ".join(dict.fromkeys(_at(binds[row["port"]], row["port"]) for row in rows)),
            got=", ".join(_at(row["address"], row["port"]) for row in rows),
            source="fact listeners",
        )


def _at(address: str, port: int) -> str:
    return str(Endpoint(address, port))


def _ours(view: ServiceView, held: Mapping[str, Any]) -> bool:
    state = view.state
    if held["pid"] is not None:
        return held["pid"] in state["pids"]
    # Without root the holder of another user's socket is hidden; its user is not.
    return bool(state["pids"]) and held["user"] == (state["user"] or held["user"])


def _other_service(view: ServiceView, held: Mapping[str, Any]) -> str:
    states: Mapping[str, Any] = view.fact("services")
    return next((key for key, state in sorted(states.items()) if held["pid"] and held["pid"] in state["pids"]), "")
