"""The files that make a node's supervision run a service: start script and unit, the same for every component."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any

from fatecloud.model.accounts import account_of
from fatecloud.model.component import Component
from fatecloud.model.identity import ServiceId
from fatecloud.model.layout import (
    data_of,
    mark_copy_of,
    mark_of,
    migrating_of,
    networks_path_of,
    private_of,
    supervisor_conf_of,
    sweep_timer_of,
    unit_path_of,
)
from fatecloud.model.node import Node
from fatecloud.model.owner import Owner
from fatecloud.model.places import SUPERVISOR
from fatecloud.model.protections import PRIVILEGED_PORTS, protections
from fatecloud.model.service import FileSpec
from fatecloud.model.wanted import Wanted
from fatecloud.resolve.residues import sweep_specs


def supervision_specs(
    node: Node,
    service: ServiceId,
    owner: Owner,
    component: Component,
    wanted: Wanted,
    home: str,
    writable: tuple[str, ...],
    after: tuple[str, ...],
    markers: Iterable[str] = (),
) -> tuple[FileSpec, ...]:
    """Start script and unit (or supervisor program) of a service.

    Args:
        writable: directories that the service may write to.
        after: units on the same node that start earlier.
        markers: files that say from what the service's environment and its views of trees were made.
    """
    systemd = node.supervision == "systemd"
    start, unit = f"{home}/bin/start", unit_path_of(node, service)
    # A start script notes what it was started with. As the service's user it cannot read what is below root's own
    # directory, so a copy of the program lies in its home.
    copied = not systemd and node.become == "root"
    shown = f"{home}/conf/supervisor.conf" if copied else unit
    inputs = [spec.path for spec in wanted.files if spec.restarts] + [start, shown, *markers]
    process, account = wanted.process, account_of(node, service)
    values: dict[str, Any] = {
        "stamp": service.stamp,
        "description": f"{component.summary} of {owner.title}",
        "slug": service.slug,
        "unit": service.unit,
        "home": home,
        "argv": list(process.argv),
        "environment": process.environment_in(home),
        "directory": process.directory,
        "user": account.user,
        "group": account.group,
        "nofile": wanted.needs.descriptors,
        "nproc": process.nproc,
        "stop_signal": process.stop_signal,
        "stop_timeout": process.stop_timeout,
        "pre": [list(argv) for argv in process.pre],
        "inputs": sorted(inputs),
        "console": process.console,
        "after": list(after),
        "sweep": sweep_timer_of(service.unit) if wanted.residues or wanted.chores else "",
        "writable": list(writable),
        "protections": denied(node, component, wanted, writable),
        "exceptions": [(entry.directive, entry.value, entry.reason) for entry in component.unit_exceptions],
        "systemd": systemd,
        "root": node.become == "root",
        "marked": bool(component.signs),
        "migrating": migrating_of(data_of(node, service)) if wanted.migrations else "",
        "mark": mark_of(data_of(node, service)),
        "copy": mark_copy_of(node, service),
        "guard": _guard(
            data_of(node, service),
            component.signs,
            wanted.objects.within(data_of(node, service)) if wanted.objects else "",
            root=node.become == "root",
        ),
    }
    template = "service/unit.service.j2" if systemd else "service/supervisor.conf.j2"
    return (
        FileSpec(start, "service/start.sh.j2", values, mode=0o750),
        FileSpec(unit, template, values, mode=0o644, restarts=not copied),
        *((FileSpec(shown, template, values),) if copied else ()),
        *_networks_specs(service, wanted, unit, systemd=systemd),
        *sweep_specs(node, service, component, wanted, home, values),
    )


def _networks_specs(service: ServiceId, wanted: Wanted, unit: str, *, systemd: bool) -> tuple[FileSpec, ...]:
    """The list of networks, which systemd reads again while the service runs: partners come, go and move."""
    if not systemd or not wanted.process.networks:
        return ()
    values = {"stamp": service.stamp, "networks": list(wanted.process.networks)}
    # An earlier table of routes leads nowhere while the networks that it leads to are closed.
    kept = any(spec.kept for spec in wanted.files)
    return (FileSpec(networks_path_of(unit), "service/networks.conf.j2", values, 0o644, restarts=False, kept=kept),)


def denied(node: Node, component: Component, wanted: Wanted, writable: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Directive and value of each common line in a service's unit that denies something; none under supervisor."""
    if node.supervision != "systemd":
        return ()
    return protections(
        component.unit_exceptions,
        low_port=any(port.number < PRIVILEGED_PORTS for port in wanted.ports),
        paths=(node.paths.base, *writable),
    )


def supervisord_spec(node: Node, cluster: str) -> FileSpec:
    """Configuration of the supervisord that serves a whole node."""
    return FileSpec(
        supervisor_conf_of(node),
        "service/supervisord.conf.j2",
        {"directory": f"{private_of(node)}/{SUPERVISOR}", "cluster": cluster, "root": node.become == "root"},
        mode=0o600,
        owner="root",
        restarts=False,
    )


def _guard(data: str, signs: tuple[str, ...], filled: str, *, root: bool) -> str:
    """Shell that succeeds if the mark `$1` is there, is fatecloud's, and equals its copy `$2`. One line.

    Args:
        signs: one of them must exist too, once the service has made its data; they may be on a disk of their own.
        filled: a file that exists from then on; empty where there is none.
    """
    mine = '[ "$(stat -c %u "$1")" = 0 ]'
    if not root:
        mine = f'{{ [ -O "$1" ] || {mine}; }}'
    # The service may have put anything there since: a pipe would never end.
    mark, copy = (f'"$(timeout 10 head -c 65536 "${number}")"' for number in (1, 2))
    holds = f'[ -f "$1" ] && [ ! -L "$1" ] && {mine} && [ {mark} = {copy} ]'
    if filled:
        places = " ".join(f"{shlex.quote(data)}/{sign}" for sign in signs)
        one = f'for f in {places}; do [ "${{f##*/}}" != lost+found ] && [ -e "$f" ] && exit 0; done; exit 1'
        holds += f" && {{ [ ! -e {shlex.quote(filled)} ] || ( {one} ); }}"
    message = f"start refused: the data of this service are not in {data} (DATA_NOT_THERE); see: fatecloud check"
    return f"{holds} || {{ echo {shlex.quote(message)} >&2; exit 1; }}"
