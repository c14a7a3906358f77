"""What EggRoll's managers leave open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, administrator

OPEN = Code(
    "EXPOSURE_EGGROLL_OPEN",
    "exposure",
    "EggRoll's managers ask no one for a password: who reaches one starts programs as its user.",
)


@service_check(OPEN, component="clustermanager", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can start programs through a clustermanager."""
    yield exposed(view)


def exposed(view: ServiceView) -> Finding:
    """About a manager: its unit drops the packets of strangers, or anyone who reaches its port is let in."""
    port, closed = view.service.ports[0], bool(view.service.process.networks)
    nodes = "the nodes of its party" if closed else "anyone who reaches it"
    return Finding(
        OPEN.name,
        # Programs of strangers: not a warning only where they cannot come near.
        "exposure" if closed else "warning",
        view.subject,
        f"port {port.number} takes commands from {nodes}, without a password",
        cause="EggRoll listens on all addresses and has no authentication",
        remedy=(administrator(view.facts.node, f"keep other software off the nodes that reach port {port.number}"),)
        if closed
        else (
            administrator(
                view.facts.node, f"let only the nodes of the party reach port {port.number} and those of eggs"
            ),
            Edit("let systemd supervise it, and give each node of the party an address that is a number", instead=True),
        ),
        source="inventory",
    )
