"""What FATEBoard leaves open, however well everything works."""

from __future__ import annotations

from fatecloud.components.judging import open_ports
from fatecloud.model.check import Code, ServiceView
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, Remedy, administrator

OPEN = Code(
    "EXPOSURE_BOARD_OPEN",
    "exposure",
    "FATEBoard speaks without TLS, or shows jobs or their logs without a login.",
)


def away(view: ServiceView) -> bool:
    """Whether others than the users of its node reach it."""
    return bool(open_ports(view, view.service.ports[0].name))


def opened(view: ServiceView, what: str, cause: str) -> Finding:
    """The finding.

    Args:
        what: is open to those who reach it: `{who} can read ...`.
        cause: why.
    """
    (port,) = view.service.ports
    who = f"anyone who reaches {port.bind}, port {port.number}," if away(view) else "users of the node"
    near: tuple[Remedy, ...] = (
        (
            Edit("leave out `bind` of the board; people then come through `fatecloud open`"),
            administrator(view.facts.node, f"let only a proxy with TLS reach port {port.number}", instead=True),
        )
        if away(view)
        else (administrator(view.facts.node, "keep other users off this node"),)
    )
    return Finding(
        OPEN.name, OPEN.severity, view.subject, what.format(who=who), cause=cause, remedy=near, source="inventory"
    )
