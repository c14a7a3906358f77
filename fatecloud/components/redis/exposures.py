"""What Redis leaves open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import open_ports
from fatecloud.model.check import Code, ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, administrator

PLAINTEXT = Code(
    "EXPOSURE_REDIS_PLAINTEXT",
    "exposure",
    "What Redis keeps, and its password, cross the network without encryption.",
)


@service_check(PLAINTEXT, component="redis", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """What its protocol allows to those who reach its port, or a network in between."""
    for port in open_ports(view, "redis"):
        yield Finding(
            PLAINTEXT.name,
            PLAINTEXT.severity,
            view.subject,
            f"its port {port.number} at {port.bind} speaks without TLS, and its one password allows every command",
            cause="serving has no setting for TLS to Redis, nor for an account of its own",
            remedy=(
                administrator(view.facts.node, "use a VPN between the nodes")
                if view.service.filtered(port)
                else administrator(view.facts.node, f"let only serving's nodes reach port {port.number}"),
                Edit("put both on one node", instead=True),
            ),
            source="inventory",
        )
