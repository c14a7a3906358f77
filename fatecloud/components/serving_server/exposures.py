"""What Serving leaves open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import open_ports
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, administrator

OPEN = Code(
    "EXPOSURE_SERVING_OPEN",
    "exposure",
    "Who reaches the management of Serving's server or proxy changes its models and routes, and reads its passwords.",
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


def exposed(view: ServiceView, port: str, what: str) -> Finding:
    """About a port that asks no one for a password: the unit drops the packets of strangers, or everyone is let in."""
    (used,) = open_ports(view, port)
    closed = bool(view.service.process.networks)
    who = "the nodes that its unit lets in" if closed else "anyone who reaches it"
    return Finding(
        OPEN.name,
        # A model is code of a kind: a stranger's makes decisions. No warning only where strangers cannot come near.
        "exposure" if closed else "warning",
        view.subject,
        f"port {used.number} {what}, for {who}, without a password",
        cause="Serving's gRPC listens on all addresses and has no authentication",
        remedy=(administrator(view.facts.node, f"keep other software off the nodes that reach port {used.number}"),)
        if closed
        else (
            administrator(view.facts.node, f"let only the nodes of its group reach port {used.number}"),
            Edit("let systemd supervise it, and give each node and partner an address that is a number", instead=True),
        ),
        source="inventory",
    )
