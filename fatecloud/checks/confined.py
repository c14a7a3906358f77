"""Checks of what a service is really denied: its unit asks for it, and systemd or the kernel may not do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fatecloud.checks.node import node_finding
from fatecloud.checks.service import manage
from fatecloud.model.check import Code, FactAbsent, NodeView, ServiceView, node_check, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.protections import NO_CAPABILITIES, PROTECTIONS
from fatecloud.model.remedy import Edit, administrator, look

MISSING = Code(
    "UNIT_PROTECTION_MISSING", "warning", "A service runs without a protection that its unit asks for.", settles=False
)
OLD = Code("EXPOSURE_SYSTEMD_OLD", "exposure", "The node's systemd is too old for some protections of the units.")

_SINCE = {entry.directive: entry.since for entry in PROTECTIONS}
_NUMBERED = ("SystemCallFilter", "SystemCallErrorNumber")
"""systemd shows them as lists of names, or as a number, of its own."""
_LOW_PORT_BIT = 1 << 10
_FILTERED = (
    "SystemCallFilter",
    "RestrictAddressFamilies",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "LockPersonality",
)
Process = Mapping[str, Any]

_SHOWN: Mapping[str, Callable[[Process], bool]] = {
    "NoNewPrivileges": lambda process: process["NoNewPrivs"] == 1,
    "ProtectSystem": lambda process: "/" in process["read_only"],
    "ProtectHome": lambda process: "/root" in process["hidden"],
    "PrivateTmp": lambda process: "/tmp" in process["own"],  # noqa: S108 - a name, not a use
    "PrivateDevices": lambda process: "/dev" in process["own"],
    "PrivateMounts": lambda process: "/" in process["own"],
    "ProtectProc": lambda process: "/proc" in process["own"],
    "ProtectKernelTunables": lambda process: "/sys" in process["read_only"],
    "ProtectControlGroups": lambda process: "/sys/fs/cgroup" in process["read_only"],
    **dict.fromkeys(_FILTERED, lambda process: process["Seccomp"] == 2),  # noqa: PLR2004 - a filter, see proc(5)
}
"""Directive -> whether a process shows that it is in force; the others show nothing."""


@service_check(
    MISSING,
    after=(
        "MANIFEST_ABSENT",
        "SERVICE_ABSENT",
        "SERVICE_STOPPED",
        "SERVICE_FAILED",
        "SERVICE_RESTARTING",
        "SERVICE_CRASHED",
        "RESTART_PENDING",
        "FILE_DRIFTED",
    ),
)
def confined(view: ServiceView) -> Iterator[Finding]:
    """What the unit denies the service is denied to its running process."""
    view.require_deployed("protections")
    wanted, state = view.service.protections, view.state
    if not wanted or not state["pid"]:
        return
    process, known = state["confinement"], state["directives"]
    # Empty: the process has ended. None: we may not look.
    if process == {}:
        return  # it ended while it was read, which other checks report
    if process is None:
        raise FactAbsent(f"services: what process {state['pid']} of {view.service.id.key} is denied")
    changed = {name: known[name] for name in wanted if name in known and not _same(name, wanted[name], known[name])}
    lost = [
        name for name in wanted if name in known and name not in changed and not _in_force(name, wanted[name], process)
    ]
    if changed or lost:
        unit = view.service.id.unit
        overridden = ", ".join(f"{name}={value}" for name, value in changed.items())
        yield Finding(
            MISSING.name,
            MISSING.severity,
            view.subject,
            f"it runs without {', '.join([*changed, *lost])}",
            cause=f"its unit is overridden: {overridden}"
            if changed
            else "it was started before its unit asked for it, or the node's kernel or container cannot do it",
            remedy=(
                look(f"systemctl cat {unit}", view.facts.node),
                *(
                    (
                        administrator(
                            view.facts.node, "remove the drop-in that overrides it, then run systemctl daemon-reload"
                        ),
                    )
                    if changed
                    else ()
                ),
                replace(manage(view, "restart"), when="when it is removed" if changed else ""),
            ),
            expected=", ".join(f"{name}={wanted[name]}" for name in [*changed, *lost]),
            got=", ".join([*([overridden] if changed else []), *(f"{name} not in force" for name in lost)]),
            source="fact services",
        )


@node_check(OLD, after=("MANIFEST_ABSENT",))
def systemd_knows(view: NodeView) -> Iterator[Finding]:
    """The node's systemd knows every directive of the units."""
    states = view.fact("services")
    missing: set[str] = set()
    for service in view.desired.on_node(view.facts.node):
        known = states.get(service.id.key, {}).get("directives")
        if known:
            missing |= {name for name in service.protections if name not in known}
    if missing:
        newest = max(_SINCE[name] for name in missing)
        yield node_finding(
            view,
            OLD,
            f"services run without {', '.join(sorted(missing))}",
            cause="the node's systemd does not know these directives and ignores them",
            remedy=(Edit("place these services on a node with a newer distribution"),),
            expected=f"systemd {newest} or later",
            got=f"older than {min(_SINCE[name] for name in missing)}",
            source="fact services",
        )


def _same(name: str, wanted: str, known: str) -> bool:
    """Whether systemd took a directive's value as the unit means it."""
    if name in _NUMBERED:
        return bool(known)
    if name in NO_CAPABILITIES:
        return known == wanted.lower()
    # systemd prints a list in an order of its own.
    return set(known.split()) == set(wanted.split())


def _in_force(name: str, wanted: str, process: Process) -> bool:
    if name == "CapabilityBoundingSet":
        return bool(process["CapBnd"] == (_LOW_PORT_BIT if wanted else 0))
    return name not in _SHOWN or _SHOWN[name](process)
