"""What FATEBoard leaves open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import open_ports
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, Remedy, administrator

OPEN = Code(
    "EXPOSURE_BOARD_OPEN",
    "exposure",
    "FATEBoard speaks without TLS, and shows the logs and the progress of jobs without a login.",
)


@service_check(OPEN, component="board", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can read what through its port."""
    (port,) = view.service.ports
    away = bool(open_ports(view, port.name))
    who = f"anyone who reaches {port.bind}, port {port.number}," if away else "users of the node"
    also = "; logins and pages cross the network without TLS" if away else ""
    near: tuple[Remedy, ...] = (
        (
            Edit("leave out `bind` of the board; people then come through `fatecloud open`"),
            administrator(view.facts.node, f"let only a proxy with TLS reach port {port.number}", instead=True),
        )
        if away
        else (administrator(view.facts.node, "keep other users off this node"),)
    )
    yield Finding(
        OPEN.name,
        OPEN.severity,
        view.subject,
        f"{who} can read the log and the progress of a job whose id they know, without a login{also}",
        cause="FATEBoard looks for its filter of web sockets under a package name that it no longer has",
        remedy=near,
        source="inventory",
    )
