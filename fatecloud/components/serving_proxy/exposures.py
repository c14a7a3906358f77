"""What Serving's proxy leaves open, however well everything works."""

from __future__ import annotations

from collections.abc import Iterator

from fatecloud.components.judging import open_ports
from fatecloud.components.serving_proxy.partners import KIND
from fatecloud.components.serving_proxy.service import CERTIFICATE
from fatecloud.components.serving_server.exposures import OPEN, PLAINTEXT, exposed
from fatecloud.model.check import ServiceView, service_check
from fatecloud.model.finding import Finding
from fatecloud.model.remedy import Edit, administrator


@service_check(OPEN, PLAINTEXT, component="serving-proxy", while_down=True)
def exposures(view: ServiceView) -> Iterator[Finding]:
    """Who can change its routes, and what can be read on the way to other parties."""
    encrypted = any(probe.name == CERTIFICATE for probe in view.service.probes)
    partners = any(edge.kind == KIND for edge in view.service.edges)
    yield exposed(view, "intra", "changes its table of routes and sends requests to other parties", partners=partners)
    for port in open_ports(view, "inter"):
        if partners and not encrypted:
            yield Finding(
                PLAINTEXT.name,
                PLAINTEXT.severity,
                view.subject,
                f"its port {port.number} at {port.bind} speaks without TLS, and so does it with other parties",
                cause="no certificate is set in the inventory; Serving 1.3 has no TLS that can be relied on",
                remedy=(
                    Edit("set `tls` of serving-proxy, on both sides, then deploy"),
                    administrator(view.facts.node, "use a VPN between the sites", instead=True),
                ),
                source="inventory",
            )
