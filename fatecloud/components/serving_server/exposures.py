"""What Serving leaves open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import open_ports
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, Remedy, administrator
from fatecloud.model.service import PortUse

OPEN = Code(
    "EXPOSURE_SERVING_OPEN",
    "exposure",
    "Anyone who reaches the management of Serving's server or proxy can change its models and routes, and read its "
    "passwords.",
)
PLAINTEXT = Code(
    "EXPOSURE_SERVING_PLAINTEXT",
    "exposure",
    "Requests, features and scores cross the network between the parties without encryption.",
)


@service_check(OPEN, component="serving-server", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can load, bind and remove models."""
    yield exposed(view, "grpc", "loads, binds and removes models, and shows its settings with Redis' password")


def exposed(view: ServiceView, port: str, what: str, *, partners: bool = False) -> Finding:
    """About a port that asks no one for a password: others than its callers are kept out, or everyone is let in.

    Args:
        view: the service.
        port: by its name.
        what: someone who reaches it can do.
        partners: whether the unit lets in other parties, for another of its ports: systemd knows addresses alone.
    """
    (used,) = open_ports(view, port)
    filtered = view.service.filtered(used)
    closed, partners = filtered or bool(view.service.process.networks), partners and not filtered
    who = "the nodes of its group" if closed else "anyone who reaches it"
    return Finding(
        OPEN.name,
        # A stranger's model would make decisions. No warning only where strangers cannot come near.
        "exposure" if closed else "warning",
        view.subject,
        f"port {used.number} {what}, for {f'{who} and the other parties' if closed and partners else who}, "
        "without a password",
        cause="Serving's gRPC listens on all addresses and has no authentication",
        remedy=_remedy(view, used, closed=closed, partners=partners),
        source="inventory",
    )


def _remedy(view: ServiceView, used: PortUse, *, closed: bool, partners: bool) -> tuple[Remedy, ...]:
    node = view.facts.node
    keep = administrator(node, f"keep other software off the nodes that reach port {used.number}")
    alone = administrator(node, f"let only the nodes of its group reach port {used.number}")
    off = view.desired.node(node).packet_filter == "none"
    known = "let systemd supervise it, with root, and give each node of its group an address that is a number"
    way = Edit("set `packet_filter: nftables` of its node" if off else known, instead=True)
    if closed:
        return (alone, way, keep) if partners else (keep,)
    return (alone, way)
